"""Who has the processor: pausing, deadlines, cancellation."""

from __future__ import annotations

import asyncio

import pytest

from thinktalk.engines.cascade.arbiter import Arbiter, run_to_end


async def think_until_paused(arbiter: Arbiter, log: list[str], name: str) -> None:
    async with arbiter.thinking():
        log.append(f"{name} thinks")
        while not arbiter.pause_requested.is_set():  # noqa: ASYNC110 - a thread's event
            await asyncio.sleep(0.001)
        log.append(f"{name} pauses")


async def test_a_due_synthesis_pauses_the_thinker_and_then_lets_it_resume() -> None:
    arbiter, log = Arbiter(alternate=True), []
    thinker = asyncio.create_task(think_until_paused(arbiter, log, "a"))
    await asyncio.sleep(0.01)
    async with arbiter.exclusive():
        log.append("talk")
    await thinker
    async with arbiter.thinking():
        log.append("a thinks")
    assert log == ["a thinks", "a pauses", "talk", "a thinks"]


async def test_a_synthesis_that_is_not_due_waits_while_others_think() -> None:
    arbiter, log = Arbiter(alternate=True), []
    loop = asyncio.get_running_loop()

    async def talk_later() -> None:
        async with arbiter.exclusive(loop.time() + 10):
            log.append("talk")

    async with arbiter.thinking():
        talker = asyncio.create_task(talk_later())
        await asyncio.sleep(0.02)
        assert not arbiter.pause_requested.is_set()
        assert log == []
    await asyncio.wait_for(talker, 1)
    assert log == ["talk"]


async def test_a_latest_start_that_comes_up_pauses_the_thinker() -> None:
    arbiter, log = Arbiter(alternate=True), []
    thinker = asyncio.create_task(think_until_paused(arbiter, log, "a"))
    await asyncio.sleep(0)
    started = asyncio.get_running_loop().time()
    async with arbiter.exclusive(started + 0.05):
        waited_s = asyncio.get_running_loop().time() - started
    await thinker
    assert 0.04 <= waited_s < 1.0


async def test_exclusive_work_goes_by_earliest_start() -> None:
    arbiter, log = Arbiter(alternate=True), []
    now = asyncio.get_running_loop().time()

    async def work(name: str, latest_start: float) -> None:
        async with arbiter.exclusive(latest_start):
            log.append(name)
            await asyncio.sleep(0)

    async with arbiter.exclusive():
        jobs = [
            asyncio.create_task(work(name, now + due_s))
            for name, due_s in (("late", 3.0), ("soon", 1.0), ("middle", 2.0))
        ]
        await asyncio.sleep(0.01)
    await asyncio.gather(*jobs)
    assert log == ["soon", "middle", "late"]


@pytest.mark.parametrize("alternate", [True, False])
async def test_cancelled_waiters_leave_the_processor_free(alternate: bool) -> None:
    arbiter = Arbiter(alternate=alternate)

    async def work() -> None:
        async with arbiter.exclusive():
            await asyncio.sleep(10)

    first, second = asyncio.create_task(work()), asyncio.create_task(work())
    await asyncio.sleep(0.01)
    for job in (second, first):
        job.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    async with asyncio.timeout(1), arbiter.exclusive():
        pass
    async with asyncio.timeout(1), arbiter.thinking():
        pass


async def test_work_cancelled_just_as_it_is_granted_frees_the_processor() -> None:
    arbiter = Arbiter(alternate=True)
    release = asyncio.Event()

    async def hold() -> None:
        async with arbiter.exclusive():
            await release.wait()

    async def work() -> None:
        async with arbiter.exclusive():
            pytest.fail("cancelled work must not run")

    holder = asyncio.create_task(hold())
    await asyncio.sleep(0.01)
    waiter = asyncio.create_task(work())
    await asyncio.sleep(0.01)
    release.set()
    await holder  # grants the waiter, which has not run yet
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    async with asyncio.timeout(1), arbiter.exclusive():
        pass


async def test_back_to_back_synthesis_without_haste_does_not_starve_a_waiting_thinker() -> None:
    arbiter, log = Arbiter(alternate=True), []
    loop = asyncio.get_running_loop()

    async def talk() -> None:
        async with arbiter.exclusive(loop.time() + 5):
            log.append("talk")

    async def think() -> None:
        async with arbiter.thinking():
            log.append("think")

    async with arbiter.exclusive():
        jobs = [asyncio.create_task(think()), asyncio.create_task(talk())]
        await asyncio.sleep(0.01)
    async with asyncio.timeout(1):
        await asyncio.gather(*jobs)
    assert log == ["think", "talk"]


async def test_with_overlap_nobody_is_paused() -> None:
    arbiter = Arbiter(alternate=False)
    async with arbiter.thinking(), asyncio.timeout(1), arbiter.exclusive():
        assert not arbiter.pause_requested.is_set()


async def test_due_work_does_not_wait_for_a_run_that_cannot_be_paused() -> None:
    arbiter = Arbiter(alternate=True)
    async with arbiter.thinking(pausable=False):
        async with asyncio.timeout(1), arbiter.exclusive():
            assert not arbiter.pause_requested.is_set()
        async with asyncio.timeout(1), arbiter.thinking():
            pass


async def test_work_that_is_not_due_waits_for_a_run_that_cannot_be_paused() -> None:
    arbiter, log = Arbiter(alternate=True), []
    loop = asyncio.get_running_loop()

    async def talk() -> None:
        async with arbiter.exclusive(loop.time() + 5):
            log.append("talk")

    async with arbiter.thinking(pausable=False):
        job = asyncio.create_task(talk())
        await asyncio.sleep(0.01)
        log.append("thought")
    await asyncio.wait_for(job, 1)
    assert log == ["thought", "talk"]


async def test_a_cancelled_native_call_keeps_its_turn_until_it_ends() -> None:
    arbiter, log = Arbiter(alternate=True), []
    gate = asyncio.get_running_loop().create_future()

    async def hear() -> None:
        async with arbiter.exclusive():
            await run_to_end(gate)

    async def say() -> None:
        async with arbiter.exclusive():
            log.append("next")

    heard = asyncio.create_task(hear())
    await asyncio.sleep(0)
    said = asyncio.create_task(say())
    heard.cancel()
    await asyncio.sleep(0.01)
    assert log == []
    gate.set_result(None)
    await asyncio.wait_for(said, 1)
    assert heard.cancelled()
