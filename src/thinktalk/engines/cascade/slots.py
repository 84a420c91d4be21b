"""Which of the model's slots answers a prompt, and how much of the shared window is taken.

A slot remembers the tokens it saw last, so that a prompt that goes on from them skips them. What a
prompt has in common with any other slot is not read again either, so only conversations that go on
care which slot they get. All slots share one window. Knows nothing of the model; everything runs on
the event loop.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_ENDING = 8  # tokens by which the template's end may differ from what a conversation goes on from


@dataclass(slots=True, eq=False)
class Slot:
    """`tokens` are what its cache holds, `last_used` counts leases (0: never)."""

    number: int
    tokens: Sequence[int] = field(default_factory=tuple)
    last_used: int = 0
    leased: bool = False
    reserved: int = 0


class SlotTable:
    """Hands out slots, first come first served, while at most `window_tokens` are reserved.

    The slots are numbered from `first` on.
    """

    def __init__(self, num_slots: int, window_tokens: int, *, first: int = 0) -> None:
        self.window_tokens = window_tokens
        self._slots = [Slot(first + number) for number in range(num_slots)]
        self._clock = itertools.count(1)
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def lease(self, prompt: Sequence[int], num_tokens: int) -> AsyncGenerator[Slot, None]:
        """Hold the free slot that serves `prompt` best, with room for `num_tokens`."""
        if self._waiting or not self._has_room(num_tokens):
            await self._wait_turn(num_tokens)
        free = (slot for slot in self._slots if not slot.leased)
        slot = max(free, key=lambda slot: _worth(slot, prompt))
        slot.leased, slot.reserved, slot.last_used = True, num_tokens, next(self._clock)
        self._admit()
        try:
            yield slot
        finally:
            slot.leased, slot.reserved = False, 0
            self._admit()

    async def _wait_turn(self, num_tokens: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        place = (num_tokens, turn)
        self._waiting.append(place)
        try:
            await turn
        except asyncio.CancelledError:
            self._waiting.remove(place)
            self._admit()
            raise
        self._waiting.remove(place)

    def _admit(self) -> None:
        """Wake the first in line; it takes its slot and then wakes the next."""
        for num_tokens, turn in self._waiting:
            if turn.cancelled():
                continue
            if not turn.done() and self._has_room(num_tokens):
                turn.set_result(None)
            return

    def _has_room(self, num_tokens: int) -> bool:
        taken = sum(slot.reserved for slot in self._slots)
        has_slot = any(not slot.leased for slot in self._slots)
        return has_slot and taken + num_tokens <= self.window_tokens


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """How many leading elements are equal."""
    length = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        length += 1
    return length


def _worth(slot: Slot, prompt: Sequence[int]) -> tuple[bool, int]:
    """The slot whose conversation goes on here; else the one that was used longest ago."""
    goes_on = bool(slot.tokens) and common_prefix(slot.tokens, prompt) >= len(slot.tokens) - _ENDING
    return goes_on, -slot.last_used
