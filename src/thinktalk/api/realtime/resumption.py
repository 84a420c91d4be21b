"""Conversations whose connection was lost: kept for a while, so that their client can go on.

In memory only, up to a bound of bytes, beyond which the oldest are forgotten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from thinktalk.api.realtime.dialect import Dialect, State
from thinktalk.errors import InvalidField
from thinktalk.serving.models import ServedModel
from thinktalk.session.errors import NothingToResume
from thinktalk.session.memory import Memory

# An hour of speech, or some four conversations that are as long as one may be.
_MAX_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Conversation:
    """What goes on: with the same caller, model and dialect, and the same settings."""

    memory: Memory
    caller: str
    model: ServedModel
    dialect: Dialect
    settings: State


class Connected(Protocol):
    """A connection that may be lost."""

    @property
    def session_id(self) -> str: ...

    @property
    def caller(self) -> str: ...

    @property
    def model(self) -> ServedModel: ...

    @property
    def conversation(self) -> Conversation | None:
        """What there is to resume, once it is closed."""
        ...

    async def give_way(self) -> None:
        """End, for another connection; returns when it has ended."""
        ...


class LostConversations:
    """Keeps each for `keep_s`. 0 keeps none."""

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._open: set[Connected] = set()
        self._lost: dict[str, tuple[Conversation, Callable[[], None]]] = {}

    def connected(self, connection: Connected) -> None:
        self._open.add(connection)

    def disconnected(self, connection: Connected) -> None:
        """Keep what there is to resume of it."""
        self._open.discard(connection)
        if (conversation := connection.conversation) is not None:
            self.keep(conversation)

    def keep(self, conversation: Conversation) -> None:
        if not self._keep_s:
            return
        name = conversation.memory.session_id
        timer = asyncio.get_running_loop().call_later(self._keep_s, self._forget, name)
        self._lost[name] = conversation, timer.cancel
        while sum(kept.memory.num_bytes for kept, _ in self._lost.values()) > _MAX_BYTES:
            self._forget(next(iter(self._lost)))

    async def claim(self, session_id: str, by: Connected) -> Conversation:
        """Take the conversation, from another connection if that has not noticed its loss yet.

        Raises:
            NothingToResume: it is unknown, somebody else's, or was lost too long ago.
            InvalidField: it is with another model.
        """
        for connection in self._open - {by}:
            if (connection.session_id, connection.caller) == (session_id, by.caller):
                await connection.give_way()
                break
        kept, _ = self._lost.get(session_id, (None, None))
        if kept is None or kept.caller != by.caller:
            raise NothingToResume(session_id, self._keep_s)
        if kept.model != by.model:
            raise InvalidField(
                f"the session is with {kept.model.id}, this connection with {by.model.id}",
                param="session_id",
            )
        self._forget(session_id)
        return kept

    def _forget(self, session_id: str) -> None:
        _, cancel = self._lost.pop(session_id)
        cancel()
