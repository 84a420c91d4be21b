from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import WhisperFeatureExtractor

from support.omni_media import audio, say, video
from thinktalk.conversation import AudioPart, Message, VideoPart
from thinktalk.engines.base import GenerateRequest
from thinktalk.engines.qwen_omni import sounds
from thinktalk.engines.qwen_omni.sounds import SoundReader, heard, num_sound_tokens
from thinktalk.errors import BadRequest, PromptTooLong
from thinktalk.media.types import Audio, Recording, Samples
from thinktalk.settings import MediaPolicy


@pytest.fixture(scope="module")
def reader(input_files: Path) -> SoundReader:
    return SoundReader.load(input_files)


@pytest.mark.parametrize("lengths", [(16_079,), (48_100, 48_123, 250, 47_999), (401, 16_000)])
def test_features_equal_the_extractors_of_the_whole_batch(
    input_files: Path, reader: SoundReader, lengths: tuple[int, ...]
) -> None:
    batch = [audio(length) for length in lengths]
    ours = reader.read(batch)
    theirs = WhisperFeatureExtractor.from_pretrained(input_files)(
        [sound.samples for sound in batch],
        sampling_rate=16_000,
        padding=True,
        truncation=False,
        return_attention_mask=True,
        return_tensors="pt",
    )
    assert torch.equal(ours.mask, theirs["attention_mask"])
    masked = theirs["input_features"] * ours.mask[:, None]
    torch.testing.assert_close(ours.log_mel * ours.mask[:, None], masked, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("num_frames", "num_tokens"),
    [(1, 1), (8, 1), (9, 2), (99, 13), (100, 13), (101, 14), (250, 33)],
)
def test_a_second_of_sound_makes_13_tokens(num_frames: int, num_tokens: int) -> None:
    assert num_sound_tokens(num_frames) == num_tokens


@pytest.mark.parametrize("length", [0, 1, 100, 399])
def test_sound_shorter_than_a_window_is_a_token(reader: SoundReader, length: int) -> None:
    features = reader.read([audio(length)])
    assert features.num_tokens == (1,)
    assert features.log_mel.isfinite().all()


def test_sound_of_any_rate_is_resampled(reader: SoundReader) -> None:
    assert reader.read([audio(48_000, sample_rate=48_000)]).num_tokens == (13,)


def test_sounds_that_padding_makes_huge_are_refused(
    reader: SoundReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sounds, "_MAX_BYTES", 1_000_000)
    with pytest.raises(BadRequest, match="take 1024000 bytes of features; the limit is 1000000"):
        reader.read([audio(160_000), audio(160)])


async def test_recordings_are_read_whole() -> None:
    film = replace(video(2), audio=_recording(3.0))
    request = GenerateRequest(messages=(say("user", "hi", film), Message("user", (_part(2.0),))))
    whole = await heard(request, 65, 65)
    (_, watched), (listened,) = (message.parts for message in whole.request.messages)
    assert isinstance(watched, VideoPart) and isinstance(watched.video.audio, Audio)
    assert isinstance(listened, AudioPart) and isinstance(listened.audio, Audio)
    assert watched.video.audio.duration_s == 3.0
    assert np.array_equal(listened.audio.samples, np.repeat(np.float32([0, 1]), 16_000))
    assert not whole.is_cut


@pytest.mark.parametrize("policy", ["fit", "split", "error"])
async def test_a_recording_that_goes_on_beyond_what_was_said_is_refused(
    policy: MediaPolicy,
) -> None:
    with pytest.raises(PromptTooLong, match=r"\[1, 100\] \(this prompt has \d+ tokens\)"):
        await heard(_lying(policy), 60, 100)


async def test_to_trim_is_to_cut_such_a_recording_where_there_is_no_more_room() -> None:
    cut_short = await heard(_lying("trim"), 60, 100)
    assert cut_short.is_cut
    (part,) = cut_short.request.messages[0].parts
    assert isinstance(part, AudioPart)
    assert part.audio.duration_s == pytest.approx(1 + 40 / 13, abs=0.01)


async def test_what_one_recording_goes_on_for_another_has_no_room_for() -> None:
    three = await heard(_lying("trim", 2.0, 60.0, 60.0), 60, 100)
    (part,), (cut_short,), (kept,) = (message.parts for message in three.request.messages)
    assert isinstance(part, AudioPart) and part.audio.duration_s == 2.0
    assert isinstance(cut_short, AudioPart) and isinstance(kept, AudioPart)
    assert cut_short.audio.duration_s == pytest.approx(40 / 13, abs=0.01)
    assert kept.audio.duration_s == pytest.approx(1.0, abs=0.001)
    with pytest.raises(PromptTooLong, match=r"this prompt has 112 tokens"):
        await heard(_lying("fit", 3.0, 3.0), 60, 100)


async def test_the_beginning_of_a_recording_is_all_that_is_decoded_of_it() -> None:
    beginning = sounds.cut(_recording(60.0), 3.5)
    assert isinstance(beginning, Recording) and beginning.duration_s == 3.5
    pieces = [piece async for piece in beginning.pieces()]
    assert [len(piece) for piece in pieces] == [16_000, 16_000, 16_000, 8_000]
    assert sum([len(piece) async for piece in beginning.pieces(3.0)]) == 8_000


def _lying(policy: MediaPolicy, *durations_s: float) -> GenerateRequest:
    """With recordings, or one of 60 s, that say they have one second."""
    recordings = map(_recording, durations_s or (60.0,))
    parts = [AudioPart(replace(recording, duration_s=1.0)) for recording in recordings]
    messages = tuple(Message("user", (part,)) for part in parts)
    return GenerateRequest(messages=messages, media_policy=policy)


def _part(duration_s: float) -> AudioPart:
    return AudioPart(_recording(duration_s))


def _recording(duration_s: float) -> Recording:
    """Decoded a second at a time; the samples of each say which it is."""

    async def read(start_s: float) -> AsyncGenerator[Samples, None]:
        for second in range(int(start_s), int(duration_s)):
            yield np.full(16_000, second, np.float32)

    return Recording(duration_s, f"{duration_s}", read)
