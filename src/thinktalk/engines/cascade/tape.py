"""A recording while it is listened to: only a stretch of it is in memory, at the level of speech.

Knows nothing of what is listened for.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import cast

import numpy as np

from thinktalk.media.activity import SAMPLE_RATE
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio, Recording, Samples

_FULL_SCALE = 0.5
_MAX_GAIN = 30.0
_FAINT = 0.12
_QUIET = 1e-4
_OFFSET = 1e-3


class Tape:
    """Samples at 16 kHz by their time in the recording. Close it when done.

    What is in memory goes from what was last forgotten to `end_s`.
    """

    def __init__(self, audio: Audio | Recording) -> None:
        self._more: AsyncGenerator[Samples, None] | None = None
        self._waiting: list[Samples] = []
        self._first = 0  # number of the first sample that is held
        self._loudest = 0.0
        if isinstance(audio, Recording):
            self._more = audio.pieces()
            self._samples = np.zeros(0, np.float32)
        else:
            self._samples = self._levelled(resample(audio, SAMPLE_RATE).samples)
        self._end = len(self._samples)

    @property
    def end_s(self) -> float:
        """Up to where it was read; the end of the recording once `fill` gives no more."""
        return self._end / SAMPLE_RATE

    async def fill(self, until_s: float) -> None:
        """Read on to behind `until_s`, or to the end if that comes first."""
        while self._more is not None and self.end_s <= until_s:
            piece = await anext(self._more, None)
            if piece is None:
                await self.close()
                return
            self._waiting.append(self._levelled(piece))
            self._end += len(piece)

    def clip(self, start_s: float, end_s: float) -> Samples:
        """The samples between two times that are both in memory."""
        if self._waiting:
            self._samples = np.concatenate([self._samples, *self._waiting])
            self._waiting = []
        first, last = round(start_s * SAMPLE_RATE), round(end_s * SAMPLE_RATE)
        return self._samples[max(0, first - self._first) : max(0, last - self._first)]

    def forget(self, before_s: float) -> None:
        """Let go of what lies before a time. What is a view of it lasts as long as it is held."""
        passed = round(before_s * SAMPLE_RATE) - self._first
        if self._more is not None and passed > 0:
            self._samples = self.clip(before_s, self.end_s).copy()
            self._first += passed

    async def close(self) -> None:
        """Stop decoding."""
        more, self._more = self._more, None
        if more is not None:
            await more.aclose()

    def _levelled(self, samples: Samples) -> Samples:
        """Without offset; as loud as speech usually is while nothing loud has come yet."""
        if not len(samples):
            return samples
        offset = np.float32(samples.mean(dtype=np.float64))
        # A click must not pass for the level of speech; a sample in 16 is enough to tell it.
        peak = float(np.quantile(np.abs(samples[::16] - offset), 0.995))
        self._loudest = max(self._loudest, peak)
        is_faint = _QUIET < self._loudest < _FAINT
        gain = np.float32(min(_MAX_GAIN, _FULL_SCALE / self._loudest) if is_faint else 1.0)
        if gain == 1.0 and abs(offset) < _OFFSET:
            return samples  # is not copied for nothing
        return cast(Samples, np.clip((samples - offset) * gain, -1.0, 1.0))
