"""The retry policy against a server that really misbehaves."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx
import pytest

from support.server import serving
from support.wire import CHAT, chat_body
from thinktalk.errors import Busy, NotReady
from thinktalk.retry import RetryPolicy
from thinktalk.testing import Fault, ScriptedEngine

QUICK = RetryPolicy(max_attempts=3, base_s=0.01, cap_s=0.05)


def lines(url: str) -> AsyncGenerator[str, None]:
    async def once() -> AsyncGenerator[str, None]:
        async with (
            httpx.AsyncClient(timeout=httpx.Timeout(5)) as http,
            http.stream("POST", url + CHAT, json=chat_body(stream=True)) as response,
        ):
            response.raise_for_status()
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    if '"error"' in line:
                        raise NotReady(line)
                    yield line

    return once()


async def read(policy: RetryPolicy, url: str) -> list[str]:
    async with aclosing(policy.stream(lambda: lines(url))) as events:
        return [event async for event in events]


async def test_a_busy_server_is_asked_again_after_the_pause_it_names() -> None:
    engine = ScriptedEngine(faults=[Fault("busy", retry_after_s=0.3)])
    with serving(engine) as url:
        started = time.monotonic()
        assert (await read(QUICK, url))[-1] == "data: [DONE]"
        assert time.monotonic() - started >= 0.3
    assert len(engine.requests) == 2


async def test_a_stall_before_the_first_event_is_given_up_and_tried_again() -> None:
    engine = ScriptedEngine(faults=[Fault("stall")])
    policy = RetryPolicy(max_attempts=2, base_s=0.01, first_event_s=0.3)
    with serving(engine) as url:
        assert (await read(policy, url))[-1] == "data: [DONE]"
    assert len(engine.requests) == 2
    assert engine.cancelled == 1


async def test_nothing_is_retried_once_a_part_has_come() -> None:
    engine = ScriptedEngine(faults=[Fault("cut", after=2)])
    seen = []
    with serving(engine) as url, pytest.raises(NotReady):
        async with aclosing(QUICK.stream(lambda: lines(url))) as events:
            async for event in events:
                seen.append(event)
    assert len(seen) == 3
    assert len(engine.requests) == 1


async def test_the_last_refusal_is_raised() -> None:
    engine = ScriptedEngine(faults=[Fault("busy", retry_after_s=0.01)] * 5)
    with serving(engine) as url, pytest.raises(httpx.HTTPStatusError) as refused:
        await read(QUICK, url)
    assert refused.value.response.status_code == 429
    assert len(engine.requests) == 3


async def test_what_the_caller_must_mend_is_not_retried() -> None:
    attempts = 0

    async def attempt() -> None:
        nonlocal attempts
        attempts += 1
        async with httpx.AsyncClient() as http:
            (await http.post(url + CHAT, json=chat_body(top_p=9))).raise_for_status()

    with serving() as url, pytest.raises(httpx.HTTPStatusError):
        await QUICK.call(attempt)
    assert attempts == 1


async def test_a_refused_connection_is_retried() -> None:
    attempts = 0

    async def attempt() -> str:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            async with httpx.AsyncClient() as http:
                await http.get("http://127.0.0.1:9/")
        return "connected"

    assert await QUICK.call(attempt) == "connected"


async def test_a_pause_longer_than_the_caller_would_wait_is_not_waited_for() -> None:
    attempts = 0

    async def attempt() -> None:
        nonlocal attempts
        attempts += 1
        raise Busy("later", retry_after_s=120)

    with pytest.raises(Busy):
        await QUICK.call(attempt)
    assert attempts == 1
