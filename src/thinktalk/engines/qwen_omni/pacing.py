"""How fast prompts are read while others speak: a piece at a time, out of what listeners have.

Arithmetic on seconds that it is told; knows nothing of models.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

PIECE_TOKENS = 512  # of a prompt, between two rounds of others
WHOLE_TOKENS = 4096  # the same where nobody else is at work
# Rounds between two pieces at most, however little listeners have in hand.
_MOST_ROUNDS = 3
_NUM_TIMED = 8  # pieces; the next may take as long as the longest of them


class Pacing:
    """Asked once a round."""

    def __init__(self) -> None:
        self._rounds = 0
        self._pieces_s: deque[float] = deque(maxlen=_NUM_TIMED)

    def may_read(self, leads_s: Iterable[float], round_s: float) -> bool:
        """Whether a piece may be read now.

        Args:
            leads_s: how much sound each listener has in hand.
            round_s: what a round without a piece takes: there is no new sound before its end.
        """
        self._rounds += 1
        needed_s = max(self._pieces_s, default=0.0) + round_s
        covered = min(leads_s, default=float("inf")) > needed_s
        return covered or self._rounds >= _MOST_ROUNDS

    def has_read(self, num_tokens: int, duration_s: float) -> None:
        """A piece of so many tokens has been read; of those that nobody waited for none is kept."""
        self._rounds = 0
        if num_tokens <= PIECE_TOKENS:
            self._pieces_s.append(duration_s)
