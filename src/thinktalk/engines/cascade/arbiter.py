"""Who has the processor. On few cores thinkers and everything else take turns, across requests.

Two kinds of work. *Thinking* (llama.cpp decoding) may be paused: it holds `thinking()` while a
native call runs, is interrupted and asks `must_leave` between its steps, leaves, and enters again
to resume. *Exclusive* work (a synthesis, a recognition) is not interrupted and says by when it must
start; it waits while others think, until that moment, and then the thinkers are paused. Earliest
start first.

Where that is not enough for all, `claims` say who goes first: a request runs only while those
before it can do without the processor for as long.

With `alternate=False` nobody is paused, and exclusive work only queues behind its own kind.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from thinktalk.engines.cascade.claims import Claim, current

T = TypeVar("T")

# How long those before must be able to wait for a thinker to enter, and to stay: apart, since each
# entry costs a step of the model.
_ENTER_S, _STAY_S = 2.0, 0.5
_USUAL_WORK_S = 0.5
_LOOK_AGAIN_S = 0.5


@dataclass(slots=True, eq=False)
class _Job:
    """Exclusive work that waits for its turn."""

    claim: Claim
    due: float
    work_s: float
    turn: asyncio.Future[None]


class Hold:
    """A thinker's leave to decode."""

    def __init__(self, arbiter: Arbiter, claim: Claim, interrupt: Callable[[], None]) -> None:
        self.claim = claim
        self.paused = False
        self._arbiter, self._interrupt = arbiter, interrupt

    def pause(self) -> None:
        """Make the thinker leave, in the middle of a step if need be."""
        if not self.paused:
            self.paused = True
            self._interrupt()

    def must_leave(self) -> bool:
        """Whether others need the processor more; may be asked from any thread."""
        if self.paused or not self._arbiter.alternate:
            return self.paused
        return self._arbiter.spare_s(self.claim, time.monotonic()) < _STAY_S


class Arbiter:
    """One per process. Methods run on the event loop, `Hold.must_leave` on any thread."""

    def __init__(self, *, alternate: bool) -> None:
        self.alternate = alternate
        self._jobs: list[_Job] = []
        self._working = False
        self._thinking: list[Hold] = []
        self._entering: list[tuple[Hold, asyncio.Future[None]]] = []
        # Each claim that wants the processor, and when its exclusive work is due, if it has some.
        # Replaced as a whole: thinkers' threads read it.
        self._wants: tuple[tuple[Claim, float | None], ...] = ()
        self._alarm: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def exclusive(
        self,
        latest_start: float | None = None,
        work_s: float = _USUAL_WORK_S,
        claim: Claim | None = None,
    ) -> AsyncGenerator[None, None]:
        """Hold the processor.

        Args:
            latest_start: on the loop's clock; None means now, or where nobody listens, when others
                had as much time as this claim's last work took.
            work_s: how long it will take, as far as is known.
            claim: the context's own if None.
        """
        loop = asyncio.get_running_loop()
        claim = claim or current()
        due = max(loop.time(), claim.free_at) if latest_start is None else latest_start
        job = _Job(claim, due, work_s, loop.create_future())
        self._jobs.append(job)
        self._dispatch()
        try:
            await job.turn
        except asyncio.CancelledError:
            if job.turn.done() and not job.turn.cancelled():
                self._working = False
            self._dispatch()
            raise
        started = loop.time()
        try:
            yield
        finally:
            if claim.dry_at is None:
                claim.free_at = 2 * loop.time() - started
            self._working = False
            self._dispatch()

    @asynccontextmanager
    async def thinking(self, interrupt: Callable[[], None]) -> AsyncGenerator[Hold, None]:
        """Hold while a native call decodes; entering waits out what goes first.

        `interrupt` makes the call ask `must_leave` at once.
        """
        hold = Hold(self, current(), interrupt)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._entering.append((hold, turn))
        self._dispatch()
        try:
            await turn
            yield hold
        finally:
            self._entering = [entry for entry in self._entering if entry[0] is not hold]
            self._thinking = [other for other in self._thinking if other is not hold]
            self._dispatch()

    def spare_s(self, claim: Claim, now: float) -> float:
        """How long those before `claim` can do without the processor."""
        spares = (c.spare_s(now, due) for c, due in self._wants if c.precedes(claim))
        return min(spares, default=math.inf)

    def _dispatch(self) -> None:
        """Give the processor to whoever comes next. Called whenever something changed."""
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        self._jobs = [job for job in self._jobs if not job.turn.done()]
        self._note_wants()
        if self._working and self.alternate:
            return
        now = asyncio.get_running_loop().time()
        if not self.alternate:
            self._let_in(now)
            if self._jobs and not self._working:
                self._begin(min(self._jobs, key=lambda job: job.due))
            return
        job = self._next([job for job in self._jobs if job.due <= now], now)
        if job is not None:
            for hold in self._thinking:
                hold.pause()
        else:
            self._let_in(now)
            if not self._thinking:
                job = self._next(self._jobs, now)
        if job is None:
            self._look_again(now)
        elif not self._thinking:
            self._begin(job)

    def _next(self, jobs: list[_Job], now: float) -> _Job | None:
        """The first to begin of `jobs`, unless one before it would then be late."""
        for job in sorted(jobs, key=lambda job: job.due):
            late = [
                other
                for other in self._jobs
                if other.claim.precedes(job.claim)
                and other.claim.spare_s(now, other.due) < job.work_s
            ]
            if late:
                return min(late, key=lambda other: other.due)
            if self.spare_s(job.claim, now) >= job.work_s:
                return job
        return None

    def _begin(self, job: _Job) -> None:
        self._jobs.remove(job)
        self._working = True
        job.turn.set_result(None)

    def _let_in(self, now: float) -> None:
        for hold, turn in self._entering:
            if not turn.done() and (
                not self.alternate or self.spare_s(hold.claim, now) >= _ENTER_S
            ):
                self._thinking.append(hold)
                turn.set_result(None)
        self._entering = [entry for entry in self._entering if not entry[1].done()]

    def _look_again(self, now: float) -> None:
        """Come back when work is due, and soon where somebody waits for another's time to pass."""
        loop = asyncio.get_running_loop()
        dues = [job.due for job in self._jobs if job.due > now]
        if self._entering or len(dues) < len(self._jobs):
            dues.append(now + _LOOK_AGAIN_S)
        if dues:
            self._alarm = loop.call_at(min(dues), self._dispatch)

    def _note_wants(self) -> None:
        wants: dict[Claim, float | None] = {hold.claim: None for hold in self._thinking}
        wants |= {hold.claim: None for hold, _ in self._entering}
        for job in sorted(self._jobs, key=lambda job: -job.due):
            wants[job.claim] = job.due
        self._wants = tuple(wants.items())


async def run_to_end(job: asyncio.Future[T]) -> T:
    """Await a native call; when cancelled, however often, return only once it has ended."""
    try:
        return await asyncio.shield(job)
    except asyncio.CancelledError:
        while not job.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({job})
        raise
