"""One retry policy for everything that calls a server: exponential backoff with full jitter.

    policy = RetryPolicy(max_attempts=3)
    answer = await policy.call(lambda: post(body))
    async with aclosing(policy.stream(lambda: open_stream(body))) as events: ...

Retried: 408, 409, 429 and 5xx, lost connections, time-outs, and our own `Busy` and `NotReady`; a
server's `retry-after-ms`, `retry-after` and `x-should-retry` are obeyed. A stream is never retried
once it has yielded: its reader has acted on what came. Source of the jitter: AWS Architecture Blog,
"Exponential Backoff And Jitter" (2015).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx

from thinktalk.errors import Busy, NotReady

T = TypeVar("T")

_TRANSIENT = (httpx.TransportError, ConnectionError, TimeoutError, Busy, NotReady)
_RETRIED_STATUSES = frozenset({408, 409, 429})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently.

    Args:
        max_attempts: tries in all; 1 never retries.
        base_s: the first backoff is drawn from [0, base_s], each next bound is twice as long.
        cap_s: longest bound of a backoff.
        max_retry_after_s: a server that asks for a longer pause is not waited for.
        first_event_s: a stream that has yielded nothing for so long counts as stalled; None waits.
    """

    max_attempts: int = 4
    base_s: float = 0.5
    cap_s: float = 8.0
    max_retry_after_s: float = 60.0
    first_event_s: float | None = None

    async def call(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Await `attempt()` until it succeeds or the last error is raised."""
        for number in range(1, self.max_attempts):
            try:
                return await attempt()
            except Exception as error:
                pause_s = self._pause_s(error, number)
                if pause_s is None:
                    raise
            await asyncio.sleep(pause_s)
        return await attempt()

    async def stream(
        self, attempt: Callable[[], AsyncGenerator[T, None]]
    ) -> AsyncGenerator[T, None]:
        """Yield from `attempt()`, opening it again while nothing has come of it."""

        async def opened() -> tuple[AsyncGenerator[T, None], T | None, bool]:
            events = attempt()
            try:
                async with asyncio.timeout(self.first_event_s):
                    return events, await anext(events), True
            except StopAsyncIteration:
                return events, None, False
            except BaseException:
                await events.aclose()
                raise

        events, first, has_first = await self.call(opened)
        async with aclosing(events):
            if has_first:
                yield first  # type: ignore[misc]
            async for event in events:
                yield event

    def _pause_s(self, error: Exception, number: int) -> float | None:
        """Seconds before the next attempt; None when there should be none."""
        if not _is_transient(error):
            return None
        asked_s = _retry_after_s(error)
        if asked_s is not None and asked_s > self.max_retry_after_s:
            return None
        bound_s = min(self.cap_s, self.base_s * 2 ** (number - 1))
        jitter_s = random.uniform(0, bound_s)
        # All who were told the same moment would come back in it: spread them behind it.
        return jitter_s if asked_s is None else asked_s + jitter_s * 0.25


def _is_transient(error: Exception) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        wish = str(error.response.headers.get("x-should-retry"))
        if wish in ("true", "false"):
            return wish == "true"
        status = error.response.status_code
        return status in _RETRIED_STATUSES or status >= 500
    return isinstance(
        error, httpx.TransportError | ConnectionError | TimeoutError | Busy | NotReady
    )


def _retry_after_s(error: Exception) -> float | None:
    if isinstance(error, Busy | NotReady):
        return error.retry_after_s
    if not isinstance(error, httpx.HTTPStatusError):
        return None
    headers = error.response.headers
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * scale)
        except (KeyError, ValueError):
            continue
    try:
        date = parsedate_to_datetime(headers["retry-after"])
        sent = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return None
    return max(0.0, (date - sent).total_seconds())
