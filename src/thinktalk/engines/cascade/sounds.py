"""What is heard between the words of a long sound: silence, or a guess at what else.

Knows nothing of pictures.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from thinktalk.engines.base import Segment
from thinktalk.engines.cascade.heard import LOOKED_AT_S, SILENT_RMS, likeness
from thinktalk.media.types import Audio, Recording, Samples

_WINDOW_S = 0.5
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
    """The stretches of some seconds without speech, silent or not, in time order."""
    shortest_s = max(_MIN_S, sound.duration_s / _MOST_STRETCHES)
    found: list[Stretch] = []
    for start_s, end_s in _gaps(sound.duration_s, segments, shortest_s):
        found += [stretch async for stretch in _stretches(sound, start_s, end_s, shortest_s)]
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


async def _stretches(
    sound: Audio | Recording, start_s: float, end_s: float, shortest_s: float
) -> AsyncGenerator[Stretch, None]:
    """A gap in stretches of silence and of sound; the short ones belong to what is around."""
    runs: list[tuple[bool, float]] = []  # whether it is silent, and its length in seconds
    is_silent = [silent async for silent in _silences(sound, start_s, end_s)]
    for silent, windows in groupby(is_silent):
        length_s = _WINDOW_S * sum(1 for _ in windows)
        if runs and (runs[-1][0] == silent or min(length_s, runs[-1][1]) < shortest_s):
            before, before_s = runs[-1]
            runs[-1] = (silent if length_s > before_s else before, before_s + length_s)
        else:
            runs.append((silent, length_s))
    for silent, length_s in runs:
        until_s = min(end_s, start_s + length_s)
        if until_s - start_s >= shortest_s:
            yield Stretch(start_s, until_s, await _named(sound, silent, start_s, until_s))
        start_s = until_s


async def _named(sound: Audio | Recording, is_silent: bool, start_s: float, end_s: float) -> str:
    if is_silent:
        return "silence"
    end_s = min(end_s, start_s + LOOKED_AT_S)
    pieces = [piece async for piece in _pieces(sound, start_s, end_s)]
    part = Audio(np.concatenate(pieces) if pieces else np.zeros(0, np.float32), sound.sample_rate)
    return f"no speech: {await asyncio.to_thread(likeness, part)}"


async def _silences(
    sound: Audio | Recording, start_s: float, end_s: float
) -> AsyncGenerator[bool, None]:
    """Whether each window of half a second is silent."""
    size = round(_WINDOW_S * sound.sample_rate)
    rest = np.zeros(0, np.float32)
    async for piece in _pieces(sound, start_s, end_s):
        rest = np.concatenate([rest, piece])
        num_windows = len(rest) // size
        for window in rest[: num_windows * size].reshape(num_windows, size):
            yield bool(np.sqrt(np.mean(window**2, dtype=np.float64)) < SILENT_RMS)
        rest = rest[num_windows * size :]


async def _pieces(
    sound: Audio | Recording, start_s: float, end_s: float
) -> AsyncGenerator[Samples, None]:
    """The samples between two times, in pieces of some seconds."""
    wanted = round((end_s - start_s) * sound.sample_rate)
    if isinstance(sound, Audio):
        first = round(start_s * sound.sample_rate)
        for at in range(first, first + wanted, _PIECE_S * sound.sample_rate):
            yield sound.samples[at : min(at + _PIECE_S * sound.sample_rate, first + wanted)]
        return
    async with aclosing(sound.pieces(start_s)) as pieces:
        async for piece in pieces:
            yield piece[:wanted]
            wanted -= len(piece)
            if wanted <= 0:
                return
