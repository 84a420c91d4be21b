"""Media that cost more than there is room for: what each policy makes of them, and what is told."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator
from typing import Any

import numpy as np
import openai
import pytest
from openai import OpenAI

from support.media_files import audio_file, image_file, picture, tone, video_file
from support.server import serving
from support.wire import error_of, events_of, post
from thinktalk.conversation import AudioPart, ImagePart, VideoPart
from thinktalk.engines.base import Capabilities, GenerateRequest
from thinktalk.events import Event, Report
from thinktalk.media.types import FrameSampling
from thinktalk.testing import ScriptedEngine

FLASH = "qwen3.5-omni-flash"


def data_url(data: bytes) -> str:
    return "data:;base64," + base64.b64encode(data).decode()


def sound(duration_s: float) -> dict[str, Any]:
    return {"type": "input_audio", "input_audio": {"data": data_url(audio_file(tone(duration_s)))}}


def user(*parts: Any) -> list[Any]:
    return [{"role": "user", "content": list(parts)}]


NOISE = np.random.default_rng(0)


def noise(_: float) -> Any:
    return NOISE.integers(0, 256, (360, 640, 3), np.uint8)


# Ten seconds cost 20 frames of 640x352, 2,202 tokens, and 70 of sound.
FILM = {
    "type": "video_url",
    "video_url": {
        "url": data_url(video_file(10, fps=5, size=(640, 360), sound=tone(10), picture_at=noise))
    },
}
SHOT = {"type": "image_url", "image_url": {"url": data_url(image_file(picture(1280, 720)))}}


def client_of(url: str) -> OpenAI:
    return OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)


def test_what_fits_is_neither_changed_nor_reported() -> None:
    engine = ScriptedEngine()
    with serving(engine) as url:
        answer = post(url, messages=user(FILM, SHOT, sound(2)))
    assert "media_report" not in answer.json()
    assert "x-media-report" not in answer.headers
    details = answer.json()["usage"]["prompt_tokens_details"]
    assert details == {"video_tokens": 2202, "image_tokens": 882, "audio_tokens": 84}
    film = engine.requests[0].messages[0].parts[0]
    assert isinstance(film, VideoPart)
    assert len(film.video.frames) == 20


def test_fit_is_the_default_and_says_what_it_took() -> None:
    engine = ScriptedEngine()
    with serving(engine, limits={"context_tokens": 1000}) as url:
        reply = client_of(url).chat.completions.with_raw_response.create(
            model=FLASH, messages=user({"type": "text", "text": "What happens?"}, FILM)
        )
    body = reply.parse()
    report = (body.model_extra or {})["media_report"]
    (item,) = report["items"]
    film = engine.requests[0].messages[0].parts[1]
    assert isinstance(film, VideoPart)
    assert film.video.audio is not None
    assert film.video.audio.duration_s == pytest.approx(10, abs=0.1)

    assert report["policy"] == engine.requests[0].media_policy == "fit"
    assert report["tokens"]["limit"] == 1000
    assert report["tokens"]["sent"] > 2202
    assert (item["part"], item["kind"], item["by"]) == ("messages.0.content.1", "video", ["policy"])
    shown = film.video.frames[0].image
    assert item["used"]["frames"] == item["sent"]["frames"] == len(film.video.frames) == 20
    assert (item["used"]["width"], item["used"]["height"]) == (shown.width, shown.height)
    assert item["changes"] == [f"640x360 to {shown.width}x{shown.height}"]
    assert body.usage is not None and body.usage.prompt_tokens_details is not None
    details = body.usage.prompt_tokens_details
    assert (details.model_extra or {})["video_tokens"] == item["used"]["picture_tokens"] <= 930
    assert body.usage.prompt_tokens <= 1000
    assert reply.headers["x-media-report"] == report["summary"]
    assert report["summary"].startswith("fit: ")
    assert item["changes"][0] in report["summary"]


def test_a_stream_tells_in_its_header_and_its_final_chunk() -> None:
    with serving(limits={"context_tokens": 1000}) as url:
        answer = post(url, messages=user(FILM), stream=True)
    *chunks, done = events_of(answer)
    assert done == "[DONE]"
    assert all("media_report" not in chunk for chunk in chunks[:-1])
    report = chunks[-1]["media_report"]
    assert report["items"][0]["changes"]
    assert answer.headers["x-media-report"] == report["summary"]


def test_trim_cuts_the_end_and_keeps_the_size() -> None:
    engine = ScriptedEngine()
    with serving(engine, limits={"context_tokens": 1000}) as url:
        body = client_of(url).chat.completions.create(
            model=FLASH, messages=user(FILM, sound(2)), extra_body={"media_policy": "trim"}
        )
    film, speech = engine.requests[0].messages[0].parts
    assert isinstance(film, VideoPart) and isinstance(speech, AudioPart)
    report = (body.model_extra or {})["media_report"]
    assert report["items"][0]["changes"] == ["first 4 of 10 s", "20 to 8 frames"]
    assert film.video.frames[0].image.width == 640
    assert film.video.frames[-1].time_s < 4
    assert film.video.audio is not None
    assert film.video.audio.duration_s == pytest.approx(4, abs=0.1)
    assert speech.audio.duration_s == pytest.approx(2)
    assert body.usage is not None and body.usage.prompt_tokens <= 1000


def test_split_takes_nothing_and_leaves_the_rest_to_the_engine() -> None:
    engine = ScriptedEngine()
    with serving(engine, limits={"context_tokens": 1000}) as url:
        answer = post(url, messages=user(FILM), media_policy="split")
    report = answer.json()["media_report"]
    assert report["items"] == []
    assert report["summary"] == "split: 2272 tokens, limit 1000, worked through in parts"
    assert engine.requests[0].media_policy == "split"
    assert answer.json()["usage"]["prompt_tokens_details"]["video_tokens"] == 2202


def test_error_names_the_cost_the_limit_and_what_would_help() -> None:
    with (
        serving(limits={"context_tokens": 1000}) as url,
        pytest.raises(openai.BadRequestError) as refused,
    ):
        client_of(url).chat.completions.create(
            model=FLASH, messages=user(FILM), extra_body={"media_policy": "error"}
        )
    message = refused.value.message
    assert "Range of input length should be [1, 1000]" in message
    assert "2272 tokens; media_policy 'fit', 'trim' or 'split' would let it pass" in message


def test_the_setting_holds_where_the_request_says_nothing() -> None:
    with serving(limits={"context_tokens": 1000}, media={"policy": "error"}) as url:
        assert post(url, messages=user(FILM)).status_code == 400
        assert post(url, messages=user(FILM), media_policy="fit").is_success
        unknown = post(url, messages=user(FILM), media_policy="squeeze")
    assert unknown.status_code == 400
    assert error_of(unknown)["param"] == "media_policy"


def test_pictures_are_made_smaller_evenly() -> None:
    engine = ScriptedEngine()
    with serving(engine, limits={"context_tokens": 2000}) as url:
        answer = post(url, messages=user(*[SHOT] * 4))
    assert answer.json()["usage"]["prompt_tokens_details"]["image_tokens"] <= 2000
    items = answer.json()["media_report"]["items"]
    assert len({item["used"]["pixels"] for item in items}) == 1
    for part, item in zip(engine.requests[0].messages[0].parts, items, strict=True):
        assert isinstance(part, ImagePart)
        assert (part.image.width, part.image.height) == (
            item["used"]["width"],
            item["used"]["height"],
        )
        assert part.image.width < 1280


class Glancing(ScriptedEngine):
    """An engine that looks at less than is billed."""

    @property
    def capabilities(self) -> Capabilities:
        frames = FrameSampling(fps=1, max_frames=600, max_pixels=320 * 180)
        return Capabilities(name="glancing", frames=frames)


def test_what_the_engine_itself_looks_at_less_is_told_too() -> None:
    with serving(Glancing()) as url:
        answer = post(url, messages=user(FILM))
    report = answer.json()["media_report"]
    (item,) = report["items"]
    assert item["by"] == ["engine"]
    assert item["changes"] == ["20 to 10 frames", "640x360 to 320x180"]
    assert item["used"]["tokens"] == item["sent"]["tokens"] == 2272
    assert answer.json()["usage"]["prompt_tokens_details"]["video_tokens"] == 2202


class Condensing(Glancing):
    """An engine that reports what it did with its own window."""

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        window = {"limit": 32_768, "parts": 3, "summary": "read in 3 parts – all of it"}
        yield Report("media_report", {"window": window})
        async for event in super().generate(request):
            yield event


@pytest.mark.parametrize("is_stream", [False, True])
def test_what_the_engine_reports_joins_what_fitting_did(is_stream: bool) -> None:
    with serving(Condensing()) as url:
        answer = post(url, messages=user(FILM), stream=is_stream)
    report = (events_of(answer)[-2] if is_stream else answer.json())["media_report"]
    assert report["items"][0]["changes"]
    assert report["window"]["parts"] == 3
    # Headers are ASCII.
    told = f"{report['summary']}; read in 3 parts ? all of it"
    assert answer.headers["x-media-report"] == told


def test_a_long_report_is_cut_short_in_the_header_only() -> None:
    class Verbose(ScriptedEngine):
        async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
            yield Report("media_report", {"window": {"summary": "word " * 200}})
            async for event in super().generate(request):
                yield event

    with serving(Verbose()) as url:
        answer = post(url, messages=user(SHOT))
    assert len(answer.json()["media_report"]["window"]["summary"]) == 1000
    header = answer.headers["x-media-report"]
    assert len(header) == 500
    assert header.endswith("...")


def test_sound_over_the_size_of_one_request_is_handed_on_whole_to_be_split() -> None:
    engine = ScriptedEngine()
    with serving(engine, media={"max_audio_s": 5}) as url:
        answer = post(url, messages=user(sound(8)))
        cut = post(url, messages=user(sound(8)), media_policy="trim")
        refused = post(url, messages=user(sound(8)), media_policy="error")
    whole, trimmed = (request.messages[0].parts[0] for request in engine.requests)
    assert isinstance(whole, AudioPart) and isinstance(trimmed, AudioPart)
    assert whole.audio.duration_s == 8
    assert engine.requests[0].media_policy == "split"
    assert answer.json()["media_report"]["summary"].endswith("worked through in parts")
    assert trimmed.audio.duration_s == 5
    assert cut.json()["media_report"]["items"][0]["changes"] == ["first 5 of 8 s"]
    assert "lasts 8.0 s; the limit is 5 s; media_policy 'fit'" in error_of(refused)["message"]


def test_an_operator_sets_the_longest_there_may_be() -> None:
    with serving(media={"longest_s": 5}) as url:
        refused = post(url, messages=user(sound(2), sound(8)), media_policy="split")
    assert refused.status_code == 400
    assert error_of(refused)["param"] == "messages.0.content.1"
    assert "the limit is 5 s" in error_of(refused)["message"]


def test_the_files_of_a_request_have_a_size_together() -> None:
    with serving(media={"max_request_bytes": 100_000}) as url:
        assert post(url, messages=user(sound(2))).is_success
        refused = post(url, messages=user(sound(2), sound(2)))
    assert refused.status_code == 400
    assert "the files of this request together have" in error_of(refused)["message"]


def test_a_list_of_pictures_is_cut_at_its_end_too() -> None:
    engine = ScriptedEngine()
    frame = data_url(image_file(picture(320, 240)))
    parts = {"type": "video", "video": [frame] * 20}
    with serving(engine, limits={"context_tokens": 500}) as url:
        answer = post(url, messages=user(parts), media_policy="trim")
    (part,) = engine.requests[0].messages[0].parts
    assert isinstance(part, VideoPart)
    used = answer.json()["media_report"]["items"][0]["used"]
    assert used["frames"] == len(part.video.frames) < 20
    assert answer.json()["usage"]["prompt_tokens"] <= 500


def test_a_video_without_pictures_is_heard() -> None:
    engine = ScriptedEngine()
    data = audio_file(tone(2), container="mp4", codec="aac")
    with serving(engine) as url:
        part = {"type": "video_url", "video_url": {"url": data_url(data)}}
        assert post(url, messages=user(part)).is_success
    (heard,) = engine.requests[0].messages[0].parts
    assert isinstance(heard, AudioPart)


def test_strict_knows_no_policies_and_reports_nothing() -> None:
    engine = Glancing()
    with serving(engine, server={"strict": True}) as url:
        answer = post(url, messages=user(FILM), media_policy="nonsense")
        assert answer.is_success
        assert engine.requests[0].media_policy == "fit"  # its window is none of the service's
        assert "media_report" not in answer.json()
        assert "x-media-report" not in answer.headers
    with serving(server={"strict": True}, limits={"context_tokens": 1000}) as url:
        refused = post(url, messages=user(FILM), media_policy="fit")
    assert error_of(refused)["message"].startswith(
        "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 1000]"
    )
    assert "media_policy" not in error_of(refused)["message"]


def quiet(duration_s: float) -> dict[str, Any]:
    """Hours in a few megabytes: the lowest rate that is taken, and lossless silence."""
    data = audio_file(np.zeros(int(duration_s * 8000), np.float32), 8000, container="flac",
                      codec="flac")  # fmt: skip
    return {"type": "input_audio", "input_audio": {"data": data_url(data)}}


@pytest.mark.parametrize(
    ("model", "limit_s"), [("qwen3.5-omni-flash", 10_800), ("qwen3-omni-flash", 1_200)]
)
def test_strict_keeps_the_hosted_lengths(model: str, limit_s: int) -> None:
    with serving(server={"strict": True}) as url:
        refused = post(url, model=model, stream=True, messages=user(quiet(limit_s + 1)))
        if limit_s < 10_000:
            assert post(url, model=model, stream=True, messages=user(quiet(limit_s))).is_success
    assert refused.status_code == 400
    assert f"the limit is {limit_s} s" in error_of(refused)["message"]


def test_strict_counts_the_files_of_the_older_family() -> None:
    messages = user(sound(1), sound(1))
    with serving(server={"strict": True}) as url:
        refused = post(url, model="qwen3-omni-flash", stream=True, messages=messages)
        assert post(url, messages=messages).is_success
    assert "the number of files should be in [1, 1] (got 2)" in error_of(refused)["message"]


def test_the_sound_of_a_video_is_billed_by_its_own_length() -> None:
    data = video_file(10, fps=2, size=(160, 120), sound=tone(4))
    part = {"type": "video_url", "video_url": {"url": data_url(data)}}
    with serving() as url:
        answer = post(url, messages=user(part))
    assert 28 <= answer.json()["usage"]["prompt_tokens_details"]["audio_tokens"] <= 30


def test_a_video_that_was_cut_off_is_told_and_billed_as_long_as_it_is() -> None:
    whole = video_file(
        12.0,
        fps=10,
        sound=tone(12.0),
        container="matroska",
    )
    cut = base64.b64encode(whole[: len(whole) // 2]).decode()
    part = {"type": "video_url", "video_url": {"url": f"data:;base64,{cut}"}}
    with serving(ScriptedEngine("Cut.")) as url:
        answer = post(url, messages=[{"role": "user", "content": [part]}]).json()

    [item] = answer["media_report"]["items"]
    assert item["sent"]["seconds"] == pytest.approx(12.0, abs=0.2)
    ends_s = item["used"]["seconds"]
    assert 2 < ends_s < 10
    assert item["changes"][0].startswith(f"the file ends after {ends_s:.1f} of 12.")
    assert item["by"] == ["file"]
    usage = answer["usage"]["prompt_tokens_details"]
    assert usage["audio_tokens"] <= 7 * ends_s + 1
    assert usage["video_tokens"] == item["used"]["picture_tokens"]


def test_a_few_pictures_count_towards_the_files_of_a_request_too() -> None:
    data = base64.b64encode(image_file(picture(64, 48))).decode()
    part = {"type": "image_url", "image_url": {"url": f"data:;base64,{data}"}}
    limit = len(base64.b64decode(data)) + 1
    with serving(media={"max_request_bytes": limit}) as url:
        one = post(url, messages=[{"role": "user", "content": [part]}])
        two = post(url, messages=[{"role": "user", "content": [part, part]}])

    assert one.status_code == 200
    assert two.status_code == 400
    assert f"limit of {limit} bytes" in error_of(two)["message"]
