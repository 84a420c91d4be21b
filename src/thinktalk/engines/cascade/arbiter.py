"""Who has the processor. On few cores thinkers and everything else take turns, across requests.

Two kinds of work. *Thinking* (llama.cpp decoding) may be paused: it holds `thinking()` while a
native call runs, watches `pause_requested` from its callback, leaves, and enters again to resume.
*Exclusive* work (a synthesis, a recognition) is not interrupted and says by when it must start; it
waits while others think, until that moment, and then the thinkers are paused. Earliest start first.
A run that cannot be paused says so: due work then runs beside it, so that it holds up nobody.

With `alternate=False` nobody is paused, and exclusive work only queues behind its own kind.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")


class Arbiter:
    """One per process. Methods run on the event loop; `pause_requested` is read from any thread."""

    def __init__(self, *, alternate: bool) -> None:
        self.alternate = alternate
        self.pause_requested = threading.Event()
        self._jobs: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._exclusive_running = False
        self._thinking = self._unpausable = 0
        self._thinkers_waiting: list[asyncio.Future[None]] = []
        self._alarm: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def exclusive(self, latest_start: float | None = None) -> AsyncGenerator[None, None]:
        """Hold the processor. `latest_start` is on the loop's clock; None means now."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        due = loop.time() if latest_start is None else latest_start
        heapq.heappush(self._jobs, (due, next(self._order), turn))
        self._dispatch()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._exclusive_running = False
            self._dispatch()
            raise
        try:
            yield
        finally:
            self._exclusive_running = False
            self._dispatch()

    @asynccontextmanager
    async def thinking(self, *, pausable: bool = True) -> AsyncGenerator[None, None]:
        """Hold while a native call decodes; entering waits out exclusive work."""
        while self.alternate and (self._exclusive_running or self.pause_requested.is_set()):
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._thinkers_waiting.append(turn)
            try:
                await turn
            finally:
                if turn in self._thinkers_waiting:
                    self._thinkers_waiting.remove(turn)
        self._thinking += pausable
        self._unpausable += not pausable
        try:
            yield
        finally:
            self._thinking -= pausable
            self._unpausable -= not pausable
            self._dispatch()

    def _dispatch(self) -> None:
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        if self._exclusive_running:
            return
        while self._jobs and self._jobs[0][2].done():
            heapq.heappop(self._jobs)
        if not self._jobs:
            self._let_think()
            return
        due, _, turn = self._jobs[0]
        loop = asyncio.get_running_loop()
        is_due = due <= loop.time()
        is_quiet = not self._unpausable and not self._thinkers_waiting
        if not self.alternate or (not self._thinking and (is_due or is_quiet)):
            heapq.heappop(self._jobs)
            self._exclusive_running = True
            self.pause_requested.clear()
            turn.set_result(None)
        elif is_due:
            self.pause_requested.set()
        else:
            self._alarm = loop.call_at(due, self._dispatch)
            self._let_think()

    def _let_think(self) -> None:
        self.pause_requested.clear()
        waiting, self._thinkers_waiting = self._thinkers_waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)


async def run_to_end(job: asyncio.Future[T]) -> T:
    """Await a native call; when cancelled, return only once it has left the processor."""
    try:
        return await asyncio.shield(job)
    except asyncio.CancelledError:
        await asyncio.gather(job, return_exceptions=True)
        raise
