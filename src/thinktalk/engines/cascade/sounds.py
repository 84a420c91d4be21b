"""What is heard between the words of a long sound: silence, or a guess at what else.

Knows nothing of pictures.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import numpy as np

from thinktalk.engines.base import Segment
from thinktalk.engines.cascade.heard import LOOKED_AT_S, SILENT_RMS, likeness
from thinktalk.media.types import Audio, Recording, Samples

_WINDOW_S = 0.5
_MOST_LOUD = round(LOOKED_AT_S / _WINDOW_S)
_MIN_S = 4.0
_MOST_STRETCHES = 100  # over the whole of a sound: in an hour, only what lasts over half a minute
_PIECE_S = 60


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start_s` to `end_s` nobody speaks; `likeness` says what is heard instead."""

    start_s: float
    end_s: float
    likeness: str


async def between_words(sound: Audio | Recording, segments: Sequence[Segment]) -> list[Stretch]:
    """The stretches of some seconds without speech, silent or not, in time order.

    A recording is read at most once, from the first of them to the last.
    """
    shortest_s = max(_MIN_S, sound.duration_s / _MOST_STRETCHES)
    gaps = list(_gaps(sound.duration_s, segments, shortest_s))
    if not gaps:
        return []
    found: list[Stretch] = []
    begin_s = gaps[0][0]
    async with aclosing(_pieces(sound, begin_s)) as pieces:
        reel = _Reel(pieces, begin_s, sound.sample_rate)
        for start_s, end_s in gaps:
            async for run in _runs(reel, start_s, end_s, shortest_s):
                until_s = min(end_s, start_s + run.length_s)
                if until_s - start_s >= shortest_s:
                    likeness = await asyncio.to_thread(run.likeness, sound.sample_rate)
                    found.append(Stretch(start_s, until_s, likeness))
                start_s = until_s
    return found


def _gaps(
    duration_s: float, segments: Sequence[Segment], shortest_s: float
) -> Iterator[tuple[float, float]]:
    end_s = 0.0
    for segment in sorted(segments, key=lambda segment: segment.start_s):
        if segment.start_s - end_s >= shortest_s:
            yield end_s, segment.start_s
        end_s = max(end_s, segment.end_s)
    if duration_s - end_s >= shortest_s:
        yield end_s, duration_s


@dataclass(slots=True)
class _Run:
    """Windows that are silent, or that are not, but for short exceptions.

    `loud` are those of the first seconds that are not silent: what is told of them.
    """

    is_silent: bool
    length_s: float = 0.0
    loud: list[Samples] = field(default_factory=list)

    def add(self, window: Samples) -> None:
        self.length_s += _WINDOW_S
        if not self.is_silent and len(self.loud) < _MOST_LOUD:
            self.loud.append(window.copy())  # a view would keep its whole piece in memory

    def take(self, after: _Run) -> None:
        """Join what comes after it: the longer of both says what it is."""
        if after.length_s > self.length_s:
            self.is_silent = after.is_silent
        self.length_s += after.length_s
        self.loud = [*self.loud, *after.loud][:_MOST_LOUD]

    def likeness(self, sample_rate: int) -> str:
        if self.is_silent:
            return "silence"
        return f"no speech: {likeness(Audio(np.concatenate(self.loud), sample_rate))}"


async def _runs(
    reel: _Reel, start_s: float, end_s: float, shortest_s: float
) -> AsyncGenerator[_Run, None]:
    """A gap in stretches of silence and of sound; the short ones belong to what is around."""
    run: _Run | None = None
    async for after in _unmixed(reel, start_s, end_s):
        if run is None:
            run = after
        elif run.is_silent == after.is_silent or min(run.length_s, after.length_s) < shortest_s:
            run.take(after)
        else:
            yield run
            run = after
    if run is not None:
        yield run


async def _unmixed(reel: _Reel, start_s: float, end_s: float) -> AsyncGenerator[_Run, None]:
    """Runs all of whose windows are silent, or none."""
    run: _Run | None = None
    async for windows in _windows(reel, start_s, end_s):
        levels = np.sqrt(np.mean(windows**2, axis=1, dtype=np.float64))
        for window, is_silent in zip(windows, (levels < SILENT_RMS).tolist(), strict=True):
            if run is None or run.is_silent != is_silent:
                if run is not None:
                    yield run
                run = _Run(is_silent)
            run.add(window)
    if run is not None:
        yield run


async def _windows(reel: _Reel, start_s: float, end_s: float) -> AsyncGenerator[Samples, None]:
    """The windows of a gap, some at a time: shape (num_windows, samples of half a second)."""
    size = round(_WINDOW_S * reel.sample_rate)
    rest = np.zeros(0, np.float32)
    async for samples in reel.between(start_s, end_s):
        rest = np.concatenate([rest, samples])
        num_windows = len(rest) // size
        yield rest[: num_windows * size].reshape(num_windows, size)
        rest = rest[num_windows * size :]


class _Reel:
    """Runs through pieces of sound once, onwards only, holding one at a time."""

    def __init__(
        self, pieces: AsyncGenerator[Samples, None], start_s: float, sample_rate: int
    ) -> None:
        self.sample_rate = sample_rate
        self._pieces = pieces
        self._piece: Samples = np.zeros(0, np.float32)
        self._first = round(start_s * sample_rate)  # number of the first sample that is held

    async def between(self, start_s: float, end_s: float) -> AsyncGenerator[Samples, None]:
        """What lies between two times, or up to the end; no earlier than what was last asked."""
        first, last = round(start_s * self.sample_rate), round(end_s * self.sample_rate)
        while True:
            part = self._piece[max(0, first - self._first) : last - self._first]
            if len(part):
                yield part
            if self._first + len(self._piece) >= last:
                return
            piece = await anext(self._pieces, None)
            if piece is None:
                return
            self._first += len(self._piece)
            self._piece = piece


async def _pieces(sound: Audio | Recording, start_s: float) -> AsyncGenerator[Samples, None]:
    """The samples from a time on, in pieces of some seconds."""
    if isinstance(sound, Recording):
        async with aclosing(sound.pieces(start_s)) as pieces:
            async for piece in pieces:
                yield piece
        return
    size = _PIECE_S * sound.sample_rate
    for at in range(round(start_s * sound.sample_rate), len(sound.samples), size):
        yield sound.samples[at : at + size]
