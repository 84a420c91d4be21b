"""Sound as the log-mel features that the thinker's audio encoder reads, and what it costs.

Features are those of Transformers' `WhisperFeatureExtractor`, with the checkpoint's figures. Knows
nothing of prompts.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import WhisperFeatureExtractor

from thinktalk.conversation import AudioPart, Part, VideoPart
from thinktalk.engines.base import GenerateRequest
from thinktalk.errors import BadRequest, PromptTooLong
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio, Recording, Samples

# The encoder takes 100 mel frames a second in windows of 100; three convolutions of stride 2 make
# 13 tokens of a window. Source: `_get_feat_extract_output_lengths` in Transformers'
# modeling_qwen3_omni_moe.py, at the released `n_window` of 50.
TOKENS_PER_S = 13
_WINDOW = 100

_MAX_BYTES = 2 << 30  # of the features of one request


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Of a sounds: `log_mel` (a, num_mels, t) float32, and `mask` (a, t) int32, 1 where one is."""

    log_mel: Tensor
    mask: Tensor
    num_tokens: tuple[int, ...]


class SoundReader:
    """Makes features of sounds as the checkpoint's processor does of a batch of them."""

    def __init__(self, extractor: WhisperFeatureExtractor) -> None:
        self._extractor = extractor

    @classmethod
    def load(cls, directory: Path) -> SoundReader:
        return cls(WhisperFeatureExtractor.from_pretrained(directory, local_files_only=True))

    def read(self, sounds: Sequence[Audio]) -> Features:
        """Features of `sounds`, in order. Of one without samples: a frame of silence.

        Raises:
            BadRequest: padded to the longest, they take too much memory.
        """
        extractor = self._extractor
        waves = [resample(sound, extractor.sampling_rate).samples for sound in sounds]
        # Half a window is mirrored at either end, so that there must be as much and a little more.
        lengths = [len(wave) for wave in waves]
        longest = max([extractor.n_fft, *lengths])
        num_frames = longest // extractor.hop_length
        _check_size(len(waves) * extractor.feature_size * num_frames * 4)
        log_mel = torch.zeros(len(waves), extractor.feature_size, num_frames)
        mask = torch.zeros(len(waves), num_frames, dtype=torch.int32)
        heard = self._num_frames(lengths)
        for row, wave in enumerate(waves):
            log_mel[row, :, : heard[row]] = self._log_mel(wave, longest)[:, : heard[row]]
            mask[row, : heard[row]] = 1
        return Features(log_mel, mask, tuple(map(num_sound_tokens, heard)))

    def num_tokens(self, durations_s: Sequence[float]) -> int:
        """Of sounds that last so long, all together."""
        rate = self._extractor.sampling_rate
        frames = self._num_frames([round(duration_s * rate) for duration_s in durations_s])
        return sum(map(num_sound_tokens, frames))

    def _num_frames(self, lengths: Sequence[int]) -> list[int]:
        """Of a batch of sounds of so many samples: mel frames that each is heard in."""
        extractor = self._extractor
        most = max([extractor.n_fft, *lengths]) // extractor.hop_length
        return [min(max(1, math.ceil(n / extractor.hop_length)), most) for n in lengths]

    def _log_mel(self, wave: Samples, longest: int) -> Tensor:
        """The frames (num_mels, t) of one sound as in a batch that is `longest` samples long.

        A batch is padded with zeros. Those that no frame with sound reaches are left out, so that
        memory follows the sound and not the batch.
        """
        missing = min(longest, len(wave) + 2 * self._extractor.n_fft) - len(wave)
        padded = np.pad(wave, (0, missing)) if missing else wave
        rate = self._extractor.sampling_rate
        made = self._extractor(padded, sampling_rate=rate, padding=True, truncation=False)
        return torch.from_numpy(made["input_features"][0])


def num_sound_tokens(num_frames: int) -> int:
    """How many tokens the encoder makes of mel frames, of which there are 100 a second."""
    return num_frames // _WINDOW * TOKENS_PER_S + math.ceil(num_frames % _WINDOW / 8)


@dataclass(frozen=True, slots=True)
class Heard:
    """A request without recordings; `is_cut`: one went on for longer than it said, and ends."""

    request: GenerateRequest
    is_cut: bool


async def heard(request: GenerateRequest, num_tokens: int, limit: int) -> Heard:
    """The request with every recording read into memory.

    One that goes on for longer than it said ends where there is no more room, if the policy is to
    trim.

    Args:
        num_tokens: that it takes, if all recordings are as long as they say; of `limit` at most.
    Raises:
        PromptTooLong: a recording goes on until there is no room, and the policy is another.
        MediaError: what is found wrong with a recording on the way.
    """
    messages, is_cut = [], False
    room_s, more_s = (limit - num_tokens) / TOKENS_PER_S, 0.0  # than was said, of all recordings
    for message in request.messages:
        parts: list[Part] = []
        for part in message.parts:
            sound = _sound(part)
            if isinstance(sound, Recording):
                most_s = sound.duration_s + max(0.0, room_s - more_s)
                audio = await _read(sound, most_s)
                if audio.duration_s > most_s and request.media_policy == "trim":
                    audio, is_cut = _beginning(audio, most_s), True
                more_s += max(0.0, audio.duration_s - sound.duration_s)
                if audio.duration_s > most_s:
                    raise PromptTooLong(num_tokens + math.ceil(more_s * TOKENS_PER_S), limit)
                part = _with_sound(part, audio)
            parts.append(part)
        messages.append(replace(message, parts=tuple(parts)))
    return Heard(replace(request, messages=tuple(messages)), is_cut)


def cut(sound: Audio | Recording, keep_s: float) -> Audio | Recording:
    """The first `keep_s` seconds of it."""
    if isinstance(sound, Audio):
        return _beginning(sound, keep_s)

    async def read(start_s: float) -> AsyncGenerator[Samples, None]:
        left = round((keep_s - start_s) * sound.sample_rate)
        async with aclosing(sound.pieces(start_s)) as pieces:
            async for piece in pieces:
                yield piece[:left]
                left -= len(piece)
                if left <= 0:
                    return

    duration_s = min(sound.duration_s, keep_s)
    return replace(sound, duration_s=duration_s, digest=f"{sound.digest}:{keep_s:g}", read=read)


async def _read(recording: Recording, most_s: float) -> Audio:
    """All of it, or a little more than `most_s`."""
    pieces: list[Samples] = [np.zeros(0, np.float32)]
    left = most_s * recording.sample_rate
    async with aclosing(recording.pieces()) as read:
        async for piece in read:
            pieces.append(piece)
            left -= len(piece)
            if left < 0:
                break
    return Audio(np.concatenate(pieces), recording.sample_rate)


def _beginning(sound: Audio, keep_s: float) -> Audio:
    return replace(sound, samples=sound.samples[: int(keep_s * sound.sample_rate)])


def _sound(part: Part) -> Audio | Recording | None:
    match part:
        case AudioPart():
            return part.audio
        case VideoPart():
            return part.video.audio
    return None


def _with_sound(part: Part, sound: Audio) -> Part:
    match part:
        case AudioPart():
            return replace(part, audio=sound)
        case VideoPart():
            return replace(part, video=replace(part.video, audio=sound))
    return part


def _check_size(size_bytes: int) -> None:
    if size_bytes > _MAX_BYTES:
        raise BadRequest(
            f"The sounds of this request, each padded to the longest, take {size_bytes} bytes of "
            f"features; the limit is {_MAX_BYTES} bytes. Send fewer, or sounds of like length",
            param="messages",
        )
