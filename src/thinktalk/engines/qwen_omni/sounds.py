"""Sound as the log-mel features that the thinker's audio encoder reads, and what it costs.

Features are those of Transformers' `WhisperFeatureExtractor`, with the checkpoint's figures. Knows
nothing of prompts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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
        longest = max([extractor.n_fft, *map(len, waves)])
        num_frames = longest // extractor.hop_length
        _check_size(len(waves) * extractor.feature_size * num_frames * 4)
        log_mel = torch.zeros(len(waves), extractor.feature_size, num_frames)
        mask = torch.zeros(len(waves), num_frames, dtype=torch.int32)
        for row, wave in enumerate(waves):
            heard = min(max(1, math.ceil(len(wave) / extractor.hop_length)), num_frames)
            log_mel[row, :, :heard] = self._log_mel(wave, longest)[:, :heard]
            mask[row, :heard] = 1
        tokens = [num_sound_tokens(int(heard)) for heard in mask.sum(-1)]
        return Features(log_mel, mask, tuple(tokens))

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


async def heard(request: GenerateRequest, window_tokens: int) -> GenerateRequest:
    """The request with every recording read into memory.

    Raises:
        PromptTooLong: the sounds of the conversation alone do not fit `window_tokens`. Nothing is
            decoded then.
        MediaError: what is found wrong with a recording on the way.
    """
    sounds = [sound for message in request.messages for sound in map(_sound, message.parts)]
    needed = sum(math.ceil(sound.duration_s * TOKENS_PER_S) for sound in sounds if sound)
    if needed > window_tokens:
        raise PromptTooLong(needed, window_tokens)
    messages = [
        replace(message, parts=tuple([await _heard(p, window_tokens) for p in message.parts]))
        for message in request.messages
    ]
    return replace(request, messages=tuple(messages))


def _sound(part: Part) -> Audio | Recording | None:
    match part:
        case AudioPart():
            return part.audio
        case VideoPart():
            return part.video.audio
    return None


async def _heard(part: Part, window_tokens: int) -> Part:
    match part:
        case AudioPart(audio=Recording() as recording):
            return replace(part, audio=await _whole(recording, window_tokens))
        case VideoPart(video=video) if isinstance(video.audio, Recording):
            sound = await _whole(video.audio, window_tokens)
            return replace(part, video=replace(video, audio=sound))
    return part


async def _whole(recording: Recording, window_tokens: int) -> Audio:
    pieces: list[Samples] = [np.zeros(0, np.float32)]
    num_samples = 0
    async with aclosing(recording.pieces()) as read:
        async for piece in read:
            pieces.append(piece)
            num_samples += len(piece)
            needed = math.ceil(num_samples / recording.sample_rate * TOKENS_PER_S)
            if needed > window_tokens:  # it was said to be shorter
                raise PromptTooLong(needed, window_tokens)
    return Audio(np.concatenate(pieces), recording.sample_rate)


def _check_size(size_bytes: int) -> None:
    if size_bytes > _MAX_BYTES:
        raise BadRequest(
            f"The sounds of this request, each padded to the longest, take {size_bytes} bytes of "
            f"features; the limit is {_MAX_BYTES} bytes. Send fewer, or sounds of like length",
            param="messages",
        )
