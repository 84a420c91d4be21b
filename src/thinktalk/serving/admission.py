"""Admission: a bounded number of answers at once, and a bounded line, first come first served.

A request is counted before any work is done for it. Past both bounds it is refused with an estimate
of when to come back. Knows nothing of what the work is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from thinktalk.errors import Busy

_FIRST_GUESS_S = 2.0
_SMOOTHING = 0.2


class Admission:
    """Places for `max_running` answers, and a line of `max_waiting` behind them.

    Args:
        max_wait_s: who waits longer is refused as if the line had been full.
    """

    def __init__(self, *, max_running: int, max_waiting: int, max_wait_s: float) -> None:
        self._max_running = max_running
        self._max_waiting = max_waiting
        self._max_wait_s = max_wait_s
        self._line: deque[asyncio.Future[None]] = deque()
        self._running = 0
        self._typical_s = _FIRST_GUESS_S

    @property
    def running(self) -> int:
        return self._running

    @property
    def waiting(self) -> int:
        return len(self._line)

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None, None]:
        """Hold one place.

        Raises:
            Busy: the line is full, or the wait grew too long.
        """
        await self._enter()
        started = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            took_s = asyncio.get_running_loop().time() - started
            self._typical_s += _SMOOTHING * (took_s - self._typical_s)
            self._leave()

    async def _enter(self) -> None:
        if self._running < self._max_running:
            self._running += 1
            return
        if len(self._line) >= self._max_waiting:
            raise self._busy(
                f"Requests rate limit exceeded, try again later. {self._running} answers are being "
                f"worked on and {len(self._line)} wait; the limits are {self._max_running} and "
                f"{self._max_waiting}"
            )
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            async with asyncio.timeout(self._max_wait_s):
                await turn
        except BaseException as stopped:
            if turn.done() and not turn.cancelled():
                self._leave()  # the place was handed over in the moment of giving up
            else:
                with suppress(ValueError):  # `_leave` may have passed over it just now
                    self._line.remove(turn)
            if isinstance(stopped, TimeoutError):
                raise self._busy(
                    "Requests rate limit exceeded, try again later. No place became free within "
                    f"{self._max_wait_s:g} s"
                ) from None
            raise

    def _leave(self) -> None:
        """Hand the place to whoever has waited longest, or free it."""
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._running -= 1

    def _busy(self, message: str) -> Busy:
        ahead = len(self._line) + 1
        wait_s = self._typical_s * ahead / self._max_running
        return Busy(message, retry_after_s=min(max(wait_s, 0.5), 60.0))
