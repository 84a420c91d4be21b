"""Notices a reply that goes round in circles, as small models sometimes do without end."""

from __future__ import annotations

from collections import deque

_LONGEST_PERIOD = 100  # tokens
_ENOUGH = 500  # tokens that repeat: what a person asks for on purpose is shorter
_EVERY = 50  # tokens between two looks


class LoopWatch:
    """Fed with each token of one reply; `looping` once the last 500 repeat what came before."""

    def __init__(self) -> None:
        self.looping = False
        self._tail: deque[int] = deque(maxlen=_ENOUGH + _LONGEST_PERIOD)
        self._until_look = _ENOUGH

    def feed(self, token: int) -> None:
        self._tail.append(token)
        self._until_look -= 1
        if self._until_look <= 0:
            self._until_look = _EVERY
            self.looping = self.looping or _repeats(list(self._tail))


def _repeats(tail: list[int]) -> bool:
    last = tail[-_ENOUGH:]
    longest = min(_LONGEST_PERIOD, len(tail) - _ENOUGH)
    return any(
        tail[-_ENOUGH - period : -period] == last
        for period in range(1, longest + 1)
        if tail[-1 - period] == last[-1]
    )
