"""The user's sound as it comes in: at 16 kHz, on one time line, as far back as it is needed."""

from __future__ import annotations

from collections import deque

import numpy as np

from thinktalk.media.activity import SAMPLE_RATE
from thinktalk.media.resample import StreamResampler
from thinktalk.media.types import Audio, Samples


class InputBuffer:
    """Positions are samples at 16 kHz since the start of the session."""

    def __init__(self) -> None:
        self._pieces: deque[Samples] = deque()
        self._resampler: StreamResampler | None = None
        self._source_rate = 0
        self.start = 0
        self.end = 0

    def push(self, audio: Audio) -> Samples:
        """Append; returns what of it is new at 16 kHz. All must have the rate of the first."""
        if self._resampler is None:
            self._source_rate = audio.sample_rate
            self._resampler = StreamResampler(audio.sample_rate, SAMPLE_RATE)
        samples = self._resampler.push(audio.samples)
        if len(samples):
            self._pieces.append(samples)
            self.end += len(samples)
        return samples

    @property
    def has_begun(self) -> bool:
        """Whether there was any sound in the session."""
        return self._resampler is not None

    @property
    def duration_s(self) -> float:
        """Of what is held."""
        return (self.end - self.start) / SAMPLE_RATE

    def clip(self, start: int, end: int) -> Samples:
        """The samples between two positions, as far as they are held."""
        parts, at = [np.zeros(0, np.float32)], self.start
        for piece in self._pieces:
            first, last = max(0, start - at), min(len(piece), end - at)
            if first < last:
                parts.append(piece[first:last])
            at += len(piece)
        return np.concatenate(parts)

    def forget(self, before: int) -> None:
        """Let go of what was before that position."""
        while self._pieces and self.start < before:
            piece = self._pieces.popleft()
            rest = piece[before - self.start :]
            self.start += len(piece) - len(rest)
            if len(rest):
                self._pieces.appendleft(rest)
