"""What is kept of lost connections: within bounds, and never lost by asking for it."""

from __future__ import annotations

import asyncio
import tracemalloc
from dataclasses import dataclass, field
from typing import Any

import pytest

from thinktalk.api.realtime.openai_ga import NestedDialect
from thinktalk.api.realtime.resumption import Conversation, LostConversations
from thinktalk.errors import InvalidField
from thinktalk.serving.models import ServedModel, find
from thinktalk.session.errors import NothingToResume
from thinktalk.session.items import Item, Text
from thinktalk.session.memory import Memory

FLASH, LIGHT = find("qwen3.5-omni-flash"), find("qwen3.5-omni-light")


def conversation(session_id: str, **settings: Any) -> Conversation:
    item = Item(id="item", role="user", content=(Text("Hi."),))
    memory = Memory(session_id, 0.0, (item,), (), None)
    return Conversation(memory, "somebody", FLASH, NestedDialect(), settings)


@dataclass(eq=False)
class Socket:
    """A connection that notes whether it had to give way."""

    lost: LostConversations
    session_id: str
    model: ServedModel = FLASH
    caller: str = "somebody"
    conversation: Conversation | None = field(default=None, init=False)
    gave_way: bool = field(default=False, init=False)

    async def give_way(self) -> None:
        self.gave_way = True
        self.conversation = conversation(self.session_id)
        self.lost.disconnected(self)


async def test_a_living_connection_gives_way_only_to_whoever_may_have_it() -> None:
    lost = LostConversations(60.0)
    living = Socket(lost, "sess_a")
    lost.connected(living)
    with pytest.raises(InvalidField, match="light"):
        await lost.claim("sess_a", Socket(lost, "sess_b", LIGHT))
    with pytest.raises(NothingToResume):
        await lost.claim("sess_a", Socket(lost, "sess_b", caller="somebody else"))
    assert not living.gave_way
    kept = await lost.claim("sess_a", Socket(lost, "sess_b"))
    assert living.gave_way and kept.memory.session_id == "sess_a"


async def test_where_nothing_is_kept_nobody_gives_way() -> None:
    lost = LostConversations(0.0)
    living = Socket(lost, "sess_a")
    lost.connected(living)
    with pytest.raises(NothingToResume):
        await lost.claim("sess_a", Socket(lost, "sess_b"))
    assert not living.gave_way


async def test_the_oldest_are_forgotten_before_they_fill_the_memory() -> None:
    lost = LostConversations(60.0)
    tracemalloc.start()
    try:
        for number in range(400):
            lost.keep(conversation(f"sess_{number}", instructions="x" * 1_000_000 + str(number)))
        assert tracemalloc.get_traced_memory()[0] < 300 * 2**20
    finally:
        tracemalloc.stop()
    assert await lost.claim("sess_399", Socket(lost, "sess_b"))
    with pytest.raises(NothingToResume):
        await lost.claim("sess_0", Socket(lost, "sess_b"))
    await asyncio.sleep(0)
