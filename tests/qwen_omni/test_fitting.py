"""What of a conversation is left, so that there is room for it and for a reply."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from support.omni_media import ask, audio, image, say, video
from thinktalk.conversation import AudioPart, Message, VideoPart
from thinktalk.engines.base import GenerateRequest, Sampling
from thinktalk.engines.qwen_omni.fitting import Fitted, fitted
from thinktalk.engines.qwen_omni.prompt import PromptReader
from thinktalk.engines.qwen_omni.sounds import heard
from thinktalk.errors import PromptTooLong
from thinktalk.media.types import Recording, Samples, Video
from thinktalk.settings import MediaPolicy

SECOND = 16_000  # samples


def _fit(
    reader: PromptReader, request: GenerateRequest, window: int, policy: MediaPolicy = "fit"
) -> Fitted:
    return fitted(replace(request, media_policy=policy), reader, window)


def _parts(fit: Fitted) -> list[Any]:
    return list(fit.request.messages[-1].parts)


def _window(fit: Fitted) -> dict[str, Any]:
    report = fit.report(was_longer=False)
    assert report is not None and report.kind == "media_report"
    window: dict[str, Any] = report.data["window"]
    return window


@pytest.mark.parametrize("policy", ["fit", "split", "trim", "error"])
@pytest.mark.parametrize(
    "request_",
    [
        ask("Hello?"),
        ask(image(96, 64), audio(16_079), "then", video(5, audio(40_001)), audio(7_000)),
        ask(video(5, audio(40_001)), video(3), image(15, 1000), audio(0), audio(250), "so?"),
        ask(video(3, audio(0)), replace(video(0), audio=audio(SECOND), duration_s=1.0), "so?"),
    ],
)
def test_what_there_is_room_for_stays_the_same_and_is_counted_as_it_is_read(
    reader: PromptReader, policy: MediaPolicy, request_: GenerateRequest
) -> None:
    prompt = reader.read(request_)
    assert reader.num_text_tokens(request_) == prompt.num_text_tokens
    fit = _fit(reader, request_, 4096, policy)
    theirs = zip(fit.request.messages[0].parts, request_.messages[0].parts, strict=True)
    assert all(ours is sent for ours, sent in theirs)
    assert fit.report(was_longer=False) is None
    if len(request_.messages[0].parts) > 1:
        assert fit.needed == fit.num_tokens == prompt.input_ids.shape[1]


def test_the_largest_pictures_are_lowered_to_one_level_and_small_ones_stay(
    reader: PromptReader,
) -> None:
    request = ask(image(1280, 960), image(96, 64), image(960, 960), "so?")  # 1200, 6, 900 tokens
    fit = _fit(reader, request, 2048)  # 512 of them are a reply's
    one, small, other = _parts(fit)[:3]
    assert small is request.messages[0].parts[1]
    sizes = [part.image.width * part.image.height / 1024 for part in (one, other)]
    assert sizes == pytest.approx([750, 750], rel=0.1)
    assert fit.num_tokens == reader.read(fit.request).input_ids.shape[1]
    assert 1400 < fit.num_tokens <= 1536
    window = _window(fit)
    assert (window["how"], window["limit"], window["needed"]) == ("fitted", 2048, fit.needed)
    assert (window["parts"], window["spans"]) == (1, [])
    assert "image: 1280x960 to " in window["summary"]
    assert "image: 96x64" not in window["summary"]


def test_no_more_is_taken_than_the_reply_needs(reader: PromptReader) -> None:
    request = replace(ask(image(1280, 960), "so?"), sampling=Sampling(max_tokens=20))
    roomy = _fit(reader, request, 1150)
    assert 1050 < roomy.num_tokens <= 1130
    assert _fit(reader, request, 1250).report(was_longer=False) is None


def test_frames_lose_pixels_first_and_then_there_are_fewer_spread_over_the_video(
    reader: PromptReader,
) -> None:
    request = ask(video(24, audio(12 * SECOND), size=(640, 480)), "so?")  # 12 x 300 tokens, and 156
    coarser, rarer = (_fit(reader, request, window) for window in (3000, 1400))
    for fit in (coarser, rarer):
        assert fit.num_tokens == reader.read(fit.request).input_ids.shape[1]
        assert _parts(fit)[0].video.audio is request.messages[0].parts[0].video.audio
        assert _parts(fit)[0].video.duration_s == 12.0
    assert len(_parts(coarser)[0].video.frames) == 24
    frames = _parts(rarer)[0].video.frames
    assert 2 <= len(frames) < 24 and len(frames) % 2 == 0
    assert (frames[0].time_s, frames[-1].time_s) == (0.0, 11.5)
    steps = np.diff([frame.time_s for frame in frames])
    assert steps.max() - steps.min() <= 0.5
    assert frames[0].image.width * frames[0].image.height >= 128 * 1024
    assert f"video: 24 to {len(frames)} frames, 640x480 to " in _window(rarer)["summary"]


def test_a_long_video_and_a_picture_share_what_there_is(reader: PromptReader) -> None:
    request = ask(video(60), image(1280, 1280), "so?")  # 30 x 140 tokens, and 1600
    shown, still = _parts(_fit(reader, request, 3072))[:2]
    assert still.image.width * still.image.height / 1024 == pytest.approx(1130, rel=0.1)
    assert len(shown.video.frames) / 2 * 140 == pytest.approx(1130, rel=0.15)


def test_sound_is_never_cut_to_fit_but_refused_with_what_would_help(reader: PromptReader) -> None:
    request = ask(audio(200 * SECOND), image(640, 640), "so?")  # 2600 and 400 tokens
    for policy in ("fit", "split"):
        with pytest.raises(PromptTooLong, match=r"\[1, 2047\] .*; media_policy 'trim' would"):
            _fit(reader, request, 2048, policy)
    trimmed = _fit(reader, request, 2048, "trim")
    assert _parts(trimmed)[1] is request.messages[0].parts[1]
    assert trimmed.num_tokens <= 1536 < trimmed.num_tokens + 13
    (span,) = _window(trimmed)["spans"]
    assert _parts(trimmed)[0].audio.duration_s == span["end_s"] == int(span["end_s"])
    assert f"audio: first {span['end_s']:.0f} of 200 s" in _window(trimmed)["summary"]


def test_recordings_and_videos_are_trimmed_at_one_second(reader: PromptReader) -> None:
    request = ask(audio(60 * SECOND), video(80, audio(40 * SECOND)), audio(2 * SECOND), "so?")
    fit = _fit(reader, request, 2048, "trim")
    long, film, short = _parts(fit)[:3]
    (keep_s,) = {span["end_s"] for span in _window(fit)["spans"]}
    assert 2 < keep_s < 40 and len(_window(fit)["spans"]) == 2
    assert long.audio.duration_s == film.video.audio.duration_s == film.video.duration_s == keep_s
    assert [frame.time_s for frame in film.video.frames] == [n / 2 for n in range(2 * int(keep_s))]
    assert short is request.messages[0].parts[2]
    assert fit.num_tokens == reader.read(fit.request).input_ids.shape[1] <= 1536
    # A second more, and there would be too little room.
    assert fit.num_tokens + 140 + 2 * 13 > 1536


def test_what_no_cut_helps_is_refused_with_what_would(reader: PromptReader) -> None:
    request = ask(image(1920, 1920), audio(2 * SECOND), "so?")
    with pytest.raises(PromptTooLong, match=r"\[1, 2047\] .*; media_policy 'fit' would"):
        _fit(reader, request, 2048, "trim")
    endless = ask(*[audio(2 * SECOND)] * 200, "so?")
    with pytest.raises(PromptTooLong, match=r"tokens\)"):
        _fit(reader, endless, 1024, "trim")
    with pytest.raises(PromptTooLong, match="'fit' or 'trim' would"):
        _fit(reader, ask(video(60, audio(30 * SECOND))), 2048, "error")


def test_what_leaves_a_token_is_left_alone_where_nothing_can_be_taken(
    reader: PromptReader,
) -> None:
    request = ask(audio(150 * SECOND), "so?")  # 1950 tokens
    for policy in ("fit", "error"):
        assert _fit(reader, request, 2048, policy).report(was_longer=False) is None
    pictures = ask(image(1280, 1280), "so?")
    assert _fit(reader, pictures, 1700, "trim").report(was_longer=False) is None
    assert _fit(reader, pictures, 1700, "error").report(was_longer=False) is None


def test_recordings_are_measured_before_they_are_read(reader: PromptReader) -> None:
    async def never(start_s: float) -> AsyncGenerator[Samples, None]:
        raise AssertionError("decoded")
        yield

    lecture = Recording(700.0, "lecture", never)
    film: Video = replace(video(4), audio=lecture, duration_s=700.0)
    request = GenerateRequest(
        messages=(say("user", film), Message("user", (AudioPart(Recording(900.0, "l", never)),)))
    )
    whole = _fit(reader, request, 65_536)
    assert whole.needed == reader.num_text_tokens(request) + 2 * 140 + 1600 * 13
    trimmed = _fit(reader, request, 8192, "trim")
    (watched,), (heard,) = (message.parts for message in trimmed.request.messages)
    assert isinstance(watched, VideoPart) and isinstance(heard, AudioPart)
    assert watched.video.audio is not None
    assert watched.video.audio.duration_s == heard.audio.duration_s == trimmed.kept_s[0]
    assert len(watched.video.frames) == 4


@pytest.mark.parametrize("policy", ["fit", "error", "trim"])
async def test_a_recording_longer_than_it_says_is_cut_and_told_of_or_refused(
    reader: PromptReader, policy: MediaPolicy
) -> None:
    async def read(start_s: float) -> AsyncGenerator[Samples, None]:
        for _ in range(300):
            yield np.zeros(SECOND, np.float32)

    lying = Message("user", (AudioPart(Recording(10.0, "lying", read)),))
    fit = _fit(reader, GenerateRequest(messages=(lying,)), 2048, policy)
    assert fit.report(was_longer=False) is None
    if policy != "trim":
        with pytest.raises(PromptTooLong, match=r"\[1, 2047\]"):
            await heard(fit.request, fit.num_tokens, fit.limit)
        return
    cut = await heard(fit.request, fit.num_tokens, fit.limit)
    assert reader.read(cut.request).input_ids.shape[1] == pytest.approx(1536, abs=1)
    report = fit.report(was_longer=cut.is_cut)
    assert report is not None and report.data["window"]["how"] == "trimmed"
    assert "longer than its file says" in report.data["window"]["summary"]


@pytest.mark.parametrize("size", [(4000, 50), (50, 4000), (1000, 15), (777, 333), (64, 64)])
def test_pictures_of_any_shape_are_read_in_the_size_they_were_given(
    reader: PromptReader, size: tuple[int, int]
) -> None:
    still, film = image(*size), video(6, size=size)
    for window in (160, 400, 700, 900):
        request = ask(still, film, "so?")
        try:
            fit = _fit(reader, request, window)
        except PromptTooLong:
            assert window == 160
            continue
        assert fit.num_tokens == reader.read(fit.request).input_ids.shape[1]


def test_pictures_that_are_few_are_told_of_one_by_one(reader: PromptReader) -> None:
    summary = _window(_fit(reader, ask(*[image(640, 640)] * 7), 1024))["summary"]
    assert summary.count("image: 640x640 to ") == 3
    assert summary.endswith("; and 4 more")
    assert summary.isascii()
