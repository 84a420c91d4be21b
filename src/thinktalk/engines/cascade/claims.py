"""Who comes first where the processor is too slow for all: replies that are being heard, by age.

A claim is one request's place in line. It travels in a context variable, since the thinker, talker,
ears and eyes of one request never meet. Knows nothing of who runs.
"""

from __future__ import annotations

import itertools
import math
from contextvars import ContextVar

# What a reply needs to write its next few words and say them, once it has the processor.
_NEXT_PIECE_S = 0.9
# A player that has waited for so long is late whatever happens: its reply shares with the others.
_GRACE_S = 5.0

_numbers = itertools.count()


class Claim:
    """One request's place in line. Times are the event loop's, in seconds.

    Attributes:
        dry_at: when its listener has heard all there is, at first when it was asked; None where
            nobody listens. Plain numbers: read from any thread.
        free_at: until when it leaves the processor to others, having had it.
    """

    def __init__(self, dry_at: float | None = None) -> None:
        self.dry_at = dry_at
        self.free_at = 0.0
        self._number = next(_numbers)

    def precedes(self, other: Claim) -> bool:
        """Whether this is served first: what is listened to before what is not, then by age."""
        return (self.dry_at is None, self._number) < (other.dry_at is None, other._number)

    def spare_s(self, now: float, due: float | None) -> float:
        """How long it can do without the processor; infinite where nobody would notice.

        Args:
            due: when its next exclusive work must start; None while it writes.
        """
        if self.dry_at is None or now > self.dry_at + _GRACE_S:
            return math.inf
        return (self.dry_at - _NEXT_PIECE_S if due is None else due) - now


_current: ContextVar[Claim | None] = ContextVar("claim", default=None)


def enter(claim: Claim) -> None:
    """Make `claim` the one of whatever this context does from here on."""
    _current.set(claim)


def current() -> Claim:
    """The claim of this context; a new one, with no listener, where there is none."""
    return _current.get() or Claim()
