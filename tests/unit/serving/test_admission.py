"""Places and the line before them."""

from __future__ import annotations

import asyncio

import pytest

from thinktalk.errors import Busy
from thinktalk.serving.admission import Admission


def admission(*, max_running: int = 1, max_waiting: int = 2, max_wait_s: float = 5.0) -> Admission:
    return Admission(max_running=max_running, max_waiting=max_waiting, max_wait_s=max_wait_s)


class Worker:
    """Holds a place until told to leave."""

    def __init__(self, admission: Admission) -> None:
        self.has_place = False
        self.leave = asyncio.Event()
        self.task = asyncio.create_task(self._work(admission))

    async def _work(self, admission: Admission) -> None:
        async with admission.place():
            self.has_place = True
            await self.leave.wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_places_are_handed_on_in_the_order_of_arrival() -> None:
    places = admission()
    workers = [Worker(places) for _ in range(3)]
    await settle()
    assert [worker.has_place for worker in workers] == [True, False, False]
    assert (places.running, places.waiting) == (1, 2)
    workers[0].leave.set()
    await settle()
    assert [worker.has_place for worker in workers] == [True, True, False]
    for worker in workers:
        worker.leave.set()
        await worker.task
    assert (places.running, places.waiting) == (0, 0)


async def test_past_both_bounds_a_request_is_refused_at_once() -> None:
    places = admission(max_waiting=1)
    workers = [Worker(places) for _ in range(2)]
    await settle()
    with pytest.raises(Busy, match="the limits are 1 and 1") as refused:
        async with places.place():
            pass
    assert 0.5 <= refused.value.retry_after_s <= 60
    for worker in workers:
        worker.leave.set()
        await worker.task


async def test_who_gives_up_leaves_the_line() -> None:
    places = admission()
    first, second, third = (Worker(places) for _ in range(3))
    await settle()
    second.task.cancel()
    await settle()
    assert places.waiting == 1
    first.leave.set()
    await settle()
    assert third.has_place
    third.leave.set()
    await third.task
    assert (places.running, places.waiting) == (0, 0)


async def test_a_place_handed_over_in_the_moment_of_giving_up_is_not_lost() -> None:
    places = admission()
    first, second = Worker(places), Worker(places)
    await settle()
    first.leave.set()
    await first.task  # the place now belongs to the second, which has not run since
    second.task.cancel()
    await asyncio.gather(second.task, return_exceptions=True)
    assert places.running == 0


async def test_a_long_wait_is_ended() -> None:
    places = admission(max_wait_s=0.02)
    worker = Worker(places)
    await settle()
    with pytest.raises(Busy, match=r"within 0\.02 s"):
        async with places.place():
            pass
    assert places.waiting == 0
    worker.leave.set()
    await worker.task


async def test_the_estimate_grows_with_the_line() -> None:
    places = admission(max_waiting=0)
    longer = admission(max_waiting=3)
    workers = [Worker(places), *(Worker(longer) for _ in range(4))]
    await settle()
    estimates = []
    for full in (places, longer):
        with pytest.raises(Busy) as refused:
            async with full.place():
                pass
        estimates.append(refused.value.retry_after_s)
    assert estimates[1] > estimates[0]
    for worker in workers:
        worker.task.cancel()
