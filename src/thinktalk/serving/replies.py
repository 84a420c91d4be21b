"""Spoken replies by audio id, so that a later request can refer to one instead of repeating it.

In memory, bounded in number and time: the client is told the time (`expires_at`).
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

LIFETIME_S = 3600


class SpokenReplies:
    """Transcripts of what was spoken. Holds the `capacity` most recent, each for an hour."""

    def __init__(
        self, capacity: int = 4096, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._capacity = capacity
        self._clock = clock
        self._replies: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def remember(self, audio_id: str, transcript: str) -> None:
        self._replies[audio_id] = (self._clock() + LIFETIME_S, transcript)
        while len(self._replies) > self._capacity:
            self._replies.popitem(last=False)

    def transcript(self, audio_id: str) -> str | None:
        """The text, or None when it was never spoken here or is too long ago."""
        expires, transcript = self._replies.get(audio_id, (0.0, ""))
        if expires <= self._clock():
            self._replies.pop(audio_id, None)
            return None
        return transcript
