"""A reply as it arrived, and what a player would have made of it. Knows nothing of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from torch import Tensor


class Chunk(NamedTuple):
    """A piece of sound: when it came, by `time.perf_counter`, and how long it plays."""

    at_s: float
    duration_s: float


@dataclass(slots=True, eq=False)
class Heard:
    """Times are `time.perf_counter`, or seconds since the request where they are properties.

    `codes` holds per frame (num_codes,).
    """

    tokens: list[int] = field(default_factory=list)
    codes: list[Tensor] = field(default_factory=list)
    token_at_s: list[float] = field(default_factory=list)
    frame_at_s: list[float] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    begun_at_s: float = 0.0
    ended_at_s: float = 0.0

    @property
    def first_sound_s(self) -> float:
        return self.chunks[0].at_s - self.begun_at_s

    @property
    def total_s(self) -> float:
        return self.ended_at_s - self.begun_at_s

    @property
    def sound_s(self) -> float:
        return sum(chunk.duration_s for chunk in self.chunks)

    @property
    def real_time_factor(self) -> float:
        """Seconds of waiting per second of sound, until its end."""
        return self.total_s / self.sound_s

    @property
    def starved_s(self) -> float:
        """Silence that a player which began with the first chunk would have heard."""
        return sum(max(0.0, -lead) for lead in leads_s(self.chunks))


def leads_s(chunks: Sequence[Chunk]) -> list[float]:
    """Of each chunk but the first, how long before it was due it came; below zero it was late."""
    due_s, leads = chunks[0].at_s + chunks[0].duration_s, []
    for chunk in chunks[1:]:
        leads.append(due_s - chunk.at_s)
        due_s = max(due_s, chunk.at_s) + chunk.duration_s
    return leads


def longest_gap(chunks: Sequence[Chunk]) -> tuple[float, float]:
    """The longest time between two chunks, and how much a player had in hand at its beginning."""
    gaps = [after.at_s - before.at_s for before, after in pairwise(chunks)]
    gap, lead = max(zip(gaps, leads_s(chunks), strict=True))
    return gap, lead + gap
