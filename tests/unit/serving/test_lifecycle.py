"""Stopping: what is new is refused, what runs gets its time."""

from __future__ import annotations

import asyncio

import pytest

from thinktalk.errors import NotReady
from thinktalk.serving.lifecycle import Lifecycle


async def request(lifecycle: Lifecycle, lasts_s: float) -> str:
    with lifecycle.request():
        await asyncio.sleep(lasts_s)
        return "answered"


async def test_running_requests_finish_and_new_ones_are_refused() -> None:
    lifecycle = Lifecycle()
    running = asyncio.create_task(request(lifecycle, 0.05))
    await asyncio.sleep(0)
    draining = asyncio.create_task(lifecycle.drain(5.0))
    await asyncio.sleep(0)
    with pytest.raises(NotReady) as refused:
        await request(lifecycle, 0)
    assert refused.value.retry_after_s == 5.0
    assert await draining == 0
    assert await running == "answered"


async def test_after_the_grace_period_the_rest_is_cancelled() -> None:
    lifecycle = Lifecycle()
    running = asyncio.create_task(request(lifecycle, 60))
    await asyncio.sleep(0)
    assert await lifecycle.drain(0.02) == 1
    assert running.cancelled() and lifecycle.num_running == 0


async def test_an_idle_server_drains_at_once() -> None:
    assert await asyncio.wait_for(Lifecycle().drain(60), 0.5) == 0
