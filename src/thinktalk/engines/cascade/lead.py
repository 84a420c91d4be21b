"""How far speech that was sent runs ahead of a player, and how long it left the player waiting.

A player starts with the first sound it gets and plays on whenever there is something to play.
Pure arithmetic on times that the caller gives; knows nothing of clocks.
"""

from __future__ import annotations

from collections.abc import Iterable


class PlaybackClock:
    """Follows one player. Times are in seconds on any one clock; they never go back."""

    def __init__(self) -> None:
        self._plays_until: float | None = None
        self.starved_s = 0.0

    @property
    def started(self) -> bool:
        return self._plays_until is not None

    def lead_s(self, now: float) -> float:
        """Seconds of sound the player still has; 0 before the first and when it has run dry."""
        return max(0.0, (self._plays_until or now) - now)

    def runs_dry_at(self) -> float | None:
        """When the player will have played all it got; None before the first sound."""
        return self._plays_until

    def sent(self, duration_s: float, now: float) -> float:
        """Count a sound of `duration_s` that reached the player at `now`; when it will be over."""
        if self._plays_until is None:
            self._plays_until = now
        elif now > self._plays_until:
            self.starved_s += now - self._plays_until
            self._plays_until = now
        self._plays_until += duration_s
        return self._plays_until


def starved_ms(arrivals: Iterable[tuple[float, float]]) -> float:
    """Milliseconds of silence a listener would have heard for want of data.

    Args:
        arrivals: (time it arrived, its duration) of each piece of sound, in seconds and in order.
    """
    clock = PlaybackClock()
    for arrived, duration_s in arrivals:
        clock.sent(duration_s, arrived)
    return clock.starved_s * 1000
