"""What waits to be sent to a client: in order, bounded, and revocable where it is sound."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator

from thinktalk.session.events import ReplyAudio, SessionEvent

# Speech waits for room; whatever else piles up beyond the second bound is not being read.
_ROOM, _OVERFLOW = 32, 4096


class Outbox:
    """One producer, the session, and one consumer, which writes to the socket."""

    def __init__(self) -> None:
        self._waiting: deque[SessionEvent] = deque()
        self._changed = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_closed = False

    @property
    def is_overflowing(self) -> bool:
        """Whether the client has stopped reading while it goes on asking."""
        return len(self._waiting) > _OVERFLOW

    def put(self, event: SessionEvent) -> None:
        """Append; nothing after `close`."""
        if self._is_closed:
            return
        self._waiting.append(event)
        self._note()

    async def room(self) -> None:
        """Wait until few events wait."""
        await self._has_room.wait()

    def drop_audio(self, response_id: str) -> float:
        """Take back the sound of a response that was not sent yet; returns its seconds."""
        kept: deque[SessionEvent] = deque()
        dropped_s = 0.0
        for event in self._waiting:
            if isinstance(event, ReplyAudio) and event.place.response_id == response_id:
                dropped_s += event.audio.duration_s
            else:
                kept.append(event)
        self._waiting = kept
        self._note()
        return dropped_s

    def close(self) -> None:
        """End `events` once what waits has been taken."""
        self._is_closed = True
        self._changed.set()

    async def events(self) -> AsyncGenerator[SessionEvent, None]:
        while True:
            while self._waiting:
                event = self._waiting.popleft()
                self._note()
                yield event
            if self._is_closed:
                return
            self._changed.clear()
            await self._changed.wait()

    def _note(self) -> None:
        self._changed.set()
        if len(self._waiting) < _ROOM:
            self._has_room.set()
        else:
            self._has_room.clear()
