"""Conversations whose connection was lost: kept for a while, so that their client can go on.

In memory only, up to a bound of bytes, beyond which the oldest are forgotten.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

import orjson

from thinktalk.api.realtime.dialect import Dialect, State
from thinktalk.errors import InvalidField
from thinktalk.serving.models import ServedModel
from thinktalk.session.errors import NothingToResume
from thinktalk.session.memory import Memory

# An hour of speech, or some four conversations that are as long as one may be.
_MAX_BYTES = 256 * 1024 * 1024
# Of one without items, and of its settings as objects against their JSON.
_EMPTY_BYTES, _SETTINGS_FACTOR = 16 * 1024, 4


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


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    conversation: Conversation
    num_bytes: int
    timer: asyncio.TimerHandle


class LostConversations:
    """Keeps each for `keep_s`. 0 keeps none."""

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._open: set[Connected] = set()
        self._lost: dict[str, _Kept] = {}
        self._num_bytes = 0

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
        num_bytes = conversation.memory.num_bytes + _size(conversation.settings)
        self._lost[name] = _Kept(conversation, num_bytes, timer)
        self._num_bytes += num_bytes
        while self._num_bytes > _MAX_BYTES:
            self._forget(next(iter(self._lost)))

    async def claim(self, session_id: str, by: Connected) -> Conversation:
        """Take the conversation, from another connection if that has not noticed its loss yet.

        Raises:
            NothingToResume: it is unknown, somebody else's, or was lost too long ago.
            InvalidField: it is with another model.
        """
        for connection in self._open - {by}:
            if (connection.session_id, connection.caller) == (session_id, by.caller):
                self._check(connection.model, by.model)
                if self._keep_s:
                    await connection.give_way()
                break
        kept = self._lost.get(session_id)
        if kept is None or kept.conversation.caller != by.caller:
            raise NothingToResume(session_id, self._keep_s)
        self._check(kept.conversation.model, by.model)
        self._forget(session_id)
        return kept.conversation

    def _check(self, held: ServedModel, asked: ServedModel) -> None:
        if held != asked:
            raise InvalidField(
                f"the session is with {held.id}, this connection with {asked.id}",
                param="session_id",
            )

    def _forget(self, session_id: str) -> None:
        kept = self._lost.pop(session_id)
        kept.timer.cancel()
        self._num_bytes -= kept.num_bytes


def _size(settings: State) -> int:
    """About what they take, with all that a conversation takes besides its items."""
    return _EMPTY_BYTES + _SETTINGS_FACTOR * len(orjson.dumps(settings))
