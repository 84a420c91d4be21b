"""Who has the processor: pausing, deadlines, cancellation."""

from __future__ import annotations

import asyncio

import pytest

from thinktalk.engines.cascade import claims
from thinktalk.engines.cascade.arbiter import Arbiter, run_to_end
from thinktalk.engines.cascade.claims import Claim


async def think_until_paused(arbiter: Arbiter, log: list[str], name: str) -> None:
    async with arbiter.thinking(_nothing) as hold:
        log.append(f"{name} thinks")
        while not hold.must_leave():  # noqa: ASYNC110 - asked, as a thread would
            await asyncio.sleep(0.001)
        log.append(f"{name} pauses")


def _nothing() -> None:
    """An interruption that nobody needs."""


async def test_a_due_synthesis_pauses_the_thinker_and_then_lets_it_resume() -> None:
    arbiter, log = Arbiter(alternate=True), []
    thinker = asyncio.create_task(think_until_paused(arbiter, log, "a"))
    await asyncio.sleep(0.01)
    async with arbiter.exclusive():
        log.append("talk")
    await thinker
    async with arbiter.thinking(_nothing):
        log.append("a thinks")
    assert log == ["a thinks", "a pauses", "talk", "a thinks"]


async def test_a_synthesis_that_is_not_due_waits_while_others_think() -> None:
    arbiter, log = Arbiter(alternate=True), []
    loop = asyncio.get_running_loop()

    async def talk_later() -> None:
        async with arbiter.exclusive(loop.time() + 10):
            log.append("talk")

    async with arbiter.thinking(_nothing) as hold:
        talker = asyncio.create_task(talk_later())
        await asyncio.sleep(0.02)
        assert not hold.must_leave()
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
    async with asyncio.timeout(1), arbiter.thinking(_nothing):
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
        async with arbiter.thinking(_nothing):
            log.append("think")

    async with arbiter.exclusive():
        jobs = [asyncio.create_task(think()), asyncio.create_task(talk())]
        await asyncio.sleep(0.01)
    async with asyncio.timeout(1):
        await asyncio.gather(*jobs)
    assert log == ["think", "talk"]


async def test_with_overlap_nobody_is_paused() -> None:
    arbiter = Arbiter(alternate=False)
    async with arbiter.thinking(_nothing) as hold, asyncio.timeout(1), arbiter.exclusive():
        assert not hold.must_leave()


async def test_a_thinker_is_interrupted_once_when_work_is_due() -> None:
    arbiter, interruptions = Arbiter(alternate=True), []

    async def talk() -> None:
        async with arbiter.exclusive():
            pass

    async with arbiter.thinking(lambda: interruptions.append(hold.must_leave())) as hold:
        jobs = [asyncio.create_task(talk()) for _ in range(2)]
        await asyncio.sleep(0.01)
        assert interruptions == [True]
    await asyncio.gather(*jobs)


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


def listener(lead_s: float) -> Claim:
    """A claim whose player has sound for `lead_s`."""
    return Claim(asyncio.get_running_loop().time() + lead_s)


def thinks(arbiter: Arbiter, claim: Claim, until: asyncio.Event) -> asyncio.Task[None]:
    async def think() -> None:
        claims.enter(claim)
        async with arbiter.thinking(_nothing):
            await until.wait()

    return asyncio.create_task(think())


async def entered(arbiter: Arbiter, claim: Claim) -> bool:
    """Whether `claim` may think within a moment."""
    until = asyncio.Event()
    until.set()
    task = thinks(arbiter, claim, until)
    done, _ = await asyncio.wait([task], timeout=0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return bool(done)


@pytest.mark.parametrize(
    ("lead_s", "may_enter"),
    [
        (0.0, False),  # has not been heard yet
        (2.0, False),
        (6.0, True),
        (-9.0, True),  # so late that it shares
    ],
)
async def test_a_second_reply_is_written_only_while_the_first_can_wait(
    lead_s: float, may_enter: bool
) -> None:
    arbiter, until = Arbiter(alternate=True), asyncio.Event()
    first, second = listener(lead_s), listener(0.0)
    writing = thinks(arbiter, first, until)
    await asyncio.sleep(0)
    assert await entered(arbiter, second) is may_enter
    assert await entered(arbiter, Claim()) is may_enter
    until.set()
    await writing
    assert await entered(arbiter, second)


async def test_a_reply_that_is_heard_goes_before_an_older_one_that_is_not() -> None:
    arbiter, until = Arbiter(alternate=True), asyncio.Event()
    unheard = Claim()
    writing = thinks(arbiter, listener(0.0), until)
    await asyncio.sleep(0)
    assert not await entered(arbiter, unheard)
    until.set()
    await writing


async def test_the_second_leaves_when_the_first_runs_short() -> None:
    arbiter, until = Arbiter(alternate=True), asyncio.Event()
    first = listener(6.0)
    writing = thinks(arbiter, first, until)
    await asyncio.sleep(0)
    claims.enter(listener(0.0))
    async with arbiter.thinking(_nothing) as hold:
        assert not hold.must_leave()
        first.dry_at = asyncio.get_running_loop().time() + 1.0
        assert hold.must_leave()
    until.set()
    await writing


async def test_the_second_speaks_only_while_the_first_can_wait_for_as_long() -> None:
    arbiter = Arbiter(alternate=True)
    now = asyncio.get_running_loop().time()
    first, second = listener(2.5), listener(0.0)
    jobs = []

    async def say(work_s: float) -> None:
        async with arbiter.exclusive(now, work_s, second):
            pass

    claims.enter(first)
    async with arbiter.thinking(_nothing) as hold:
        jobs.append(asyncio.create_task(say(2.0)))
        await asyncio.sleep(0.01)
        assert not hold.must_leave()
        jobs.append(asyncio.create_task(say(0.1)))
        await asyncio.sleep(0.01)
        assert hold.must_leave()
    await asyncio.wait_for(asyncio.gather(*jobs), 1)


async def test_the_first_speaks_early_where_the_second_would_make_it_late() -> None:
    arbiter, log = Arbiter(alternate=True), []
    first, second = listener(3.0), listener(0.0)
    now = asyncio.get_running_loop().time()

    async def say(name: str, due: float, claim: Claim) -> None:
        async with arbiter.exclusive(due, 1.0, claim):
            log.append(name)

    async with arbiter.exclusive():
        jobs = [
            asyncio.create_task(say("second", now, second)),
            asyncio.create_task(say("first", now + 0.5, first)),
        ]
        await asyncio.sleep(0.01)
    await asyncio.wait_for(asyncio.gather(*jobs), 1)
    assert log == ["first", "second"]


async def test_work_that_nobody_listens_to_leaves_thinkers_as_much_time_as_it_took() -> None:
    arbiter, until = Arbiter(alternate=True), asyncio.Event()
    loop, hearing = asyncio.get_running_loop(), Claim()
    async with arbiter.exclusive(claim=hearing):
        await asyncio.sleep(0.1)
    writing = thinks(arbiter, Claim(), until)
    await asyncio.sleep(0)
    ended = loop.time()
    loop.call_later(0.06, until.set)
    async with arbiter.exclusive(claim=hearing):
        assert loop.time() - ended >= 0.05
    await writing


async def test_with_overlap_a_younger_reply_is_not_sent_away_either() -> None:
    arbiter = Arbiter(alternate=False)
    now = asyncio.get_running_loop().time()

    async def decode(number: int) -> bool:
        claims.enter(Claim(now))
        async with arbiter.thinking(_nothing) as hold:
            await asyncio.sleep(0.01)
            return hold.must_leave()

    assert await asyncio.gather(*(decode(number) for number in range(2))) == [False, False]
