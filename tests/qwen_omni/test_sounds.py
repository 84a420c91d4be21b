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
    (_, watched), (listened,) = (message.parts for message in (await heard(request, 65)).messages)
    assert isinstance(watched, VideoPart) and isinstance(watched.video.audio, Audio)
    assert isinstance(listened, AudioPart) and isinstance(listened.audio, Audio)
    assert watched.video.audio.duration_s == 3.0
    assert np.array_equal(listened.audio.samples, np.repeat(np.float32([0, 1]), 16_000))


async def test_sounds_over_the_window_are_refused_before_they_are_decoded() -> None:
    async def never(start_s: float) -> AsyncGenerator[Samples, None]:
        raise AssertionError("decoded")
        yield

    long = Message("user", (AudioPart(Recording(36_000.0, "long", never)),))
    request = GenerateRequest(messages=(long, say("user", audio(1))))
    with pytest.raises(PromptTooLong, match=r"\[1, 65536\] \(this prompt has 468001 tokens\)"):
        await heard(request, 65_536)


async def test_a_recording_that_goes_on_beyond_what_was_said_is_refused() -> None:
    lying = replace(_recording(60.0), duration_s=1.0)
    with pytest.raises(PromptTooLong):
        await heard(GenerateRequest(messages=(Message("user", (AudioPart(lying),)),)), 100)


def _part(duration_s: float) -> AudioPart:
    return AudioPart(_recording(duration_s))


def _recording(duration_s: float) -> Recording:
    """Decoded a second at a time; the samples of each say which it is."""

    async def read(start_s: float) -> AsyncGenerator[Samples, None]:
        for second in range(int(start_s), int(duration_s)):
            yield np.full(16_000, second, np.float32)

    return Recording(duration_s, f"{duration_s}", read)
