from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from thinktalk.engines.cascade.slots import SlotTable, common_prefix

SYSTEM = list(range(64))


async def _use(table: SlotTable, tokens: list[int], num_tokens: int = 10) -> int:
    async with table.lease(tokens, num_tokens) as slot:
        slot.tokens = tokens
        return slot.number


def _say(*numbers: int) -> list[int]:
    return [*SYSTEM, *(1000 + number for number in numbers)]


async def test_a_following_turn_gets_the_slot_of_its_conversation() -> None:
    table = SlotTable(3, 1000)
    first = await _use(table, _say(*range(100)))
    other = await _use(table, _say(*range(500, 600)))
    assert first != other
    assert await _use(table, _say(*range(100), 900)) == first
    assert await _use(table, _say(*range(500, 600), 901)) == other


async def test_a_new_conversation_takes_the_slot_used_longest_ago() -> None:
    table = SlotTable(2, 1000)
    first = await _use(table, _say(*range(100)))
    await _use(table, _say(*range(200, 300)))
    assert await _use(table, _say(700)) == first


async def test_what_two_conversations_share_does_not_cost_either_its_slot() -> None:
    table = SlotTable(3, 1000)
    talking = await _use(table, _say(*range(100)))
    assert await _use(table, _say(700)) != talking
    assert await _use(table, _say(*range(100), 900)) == talking


async def test_running_slots_are_never_shared_and_the_next_waits() -> None:
    table = SlotTable(1, 1000)
    async with table.lease([1], 10):
        waiter = asyncio.create_task(_use(table, [1]))
        await asyncio.sleep(0)
        assert not waiter.done()
    assert await waiter == 0


async def test_reservations_never_exceed_the_window() -> None:
    table = SlotTable(4, 100)
    async with AsyncExitStack() as held:
        await held.enter_async_context(table.lease([1], 60))
        large = asyncio.create_task(_use(table, [2], 50))
        small = asyncio.create_task(_use(table, [3], 10))
        await asyncio.sleep(0.01)
        assert not large.done()
        assert not small.done(), "the second in line overtook the first"
    await asyncio.gather(large, small)


async def test_one_who_gives_up_waiting_does_not_block_those_behind() -> None:
    table = SlotTable(1, 100)
    async with table.lease([1], 60):
        first = asyncio.create_task(_use(table, [2], 90))
        second = asyncio.create_task(_use(table, [3], 10))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    await asyncio.wait_for(second, 1)


async def test_one_cancelled_at_the_moment_of_admission_passes_the_turn_on() -> None:
    table = SlotTable(1, 100)
    async with table.lease([1], 60):
        first = asyncio.create_task(_use(table, [2], 90))
        second = asyncio.create_task(_use(table, [3], 10))
        await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait_for(second, 1)
    assert first.cancelled()


def test_common_prefix_counts_equal_leading_tokens() -> None:
    assert common_prefix([1, 2, 3], [1, 2, 4, 5]) == 2
    assert common_prefix([], [1]) == 0
