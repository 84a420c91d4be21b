"""Readiness: starts engines, eagerly or on first use, and says which tiers can answer now."""

from __future__ import annotations

import asyncio
import logging
from typing import Literal

from thinktalk.engines.base import Engine
from thinktalk.errors import EngineFailed, NotReady, ThinktalkError
from thinktalk.serving.services import Services
from thinktalk.settings import Tier

State = Literal["ready", "loading", "idle", "failed"]

_log = logging.getLogger(__name__)


class Readiness:
    """One start per engine, whoever asks first; a start that failed is tried again on demand.

    Args:
        max_waiting: so many requests may wait for engines that load on demand.
    """

    def __init__(self, services: Services, *, max_waiting: int = 32) -> None:
        self._services = services
        self._max_waiting = max_waiting
        self._num_waiting = 0
        self._starts: dict[int, asyncio.Task[None]] = {}
        self._begun: tuple[asyncio.Task[None], ...] = ()

    def begin(self) -> None:
        """Start every engine that is not lazy, without waiting for it."""
        begun = []
        for tier, engine in self._services.engines.items():
            if tier not in self._services.lazy and id(engine) not in self._starts:
                begun.append(self._start(engine))
        self._begun = tuple(begun)

    async def started(self) -> None:
        """Wait for the engines that `begin` has started.

        Raises:
            ThinktalkError: the first that cannot be started, with the reason.
        """
        try:
            await asyncio.gather(*(asyncio.shield(start) for start in self._begun))
        except (ThinktalkError, asyncio.CancelledError):
            raise
        except Exception as error:
            raise EngineFailed(f"the engine cannot be started: {error}") from error

    async def engine(self, tier: Tier) -> Engine:
        """The engine of that tier, started; waits for a lazy one.

        Raises:
            NotReady: its weights are still being loaded, and it is not lazy or too many wait.
            ThinktalkError: it cannot be started, with the reason.
        """
        engine = self._services.engines[tier]
        start = self._starts.get(id(engine))
        if start is None or (start.done() and start.exception() is not None):
            start = self._start(engine)
        is_full = self._num_waiting >= self._max_waiting
        if not start.done() and (is_full or tier not in self._services.lazy):
            raise NotReady(f"the model of tier {tier!r} is still loading")
        self._num_waiting += 1
        try:
            await asyncio.shield(start)  # a caller who leaves must not stop the load for others
        finally:
            self._num_waiting -= 1
        return engine

    def check(self) -> None:
        """For what needs no tier, but what every tier has loaded: ears, voices, fitters.

        Raises:
            NotReady: a tier that should be up is not.
        """
        for tier, state in self.states().items():
            if tier not in self._services.lazy and state != "ready":
                is_failed = state == "failed"
                how = "could not be loaded" if is_failed else "is still loading"
                raise NotReady(f"the model of tier {tier!r} {how}")

    def states(self) -> dict[Tier, State]:
        return {tier: self._state(engine) for tier, engine in self._services.engines.items()}

    @property
    def is_ready(self) -> bool:
        """Whether every tier that should be up is up."""
        return all(
            state == "ready"
            for tier, state in self.states().items()
            if tier not in self._services.lazy
        )

    async def stop(self) -> None:
        """Stop loading and release every engine."""
        starts = list(self._starts.values())
        for start in starts:
            start.cancel()
        await asyncio.gather(*starts, return_exceptions=True)
        engines = {id(engine): engine for engine in self._services.engines.values()}
        for engine in engines.values():
            await engine.stop()

    def _start(self, engine: Engine) -> asyncio.Task[None]:
        start = asyncio.create_task(engine.start(), name=f"start {engine.capabilities.name}")
        start.add_done_callback(_log_failure)
        self._starts[id(engine)] = start
        return start

    def _state(self, engine: Engine) -> State:
        start = self._starts.get(id(engine))
        if start is None:
            return "idle"
        if not start.done():
            return "loading"
        return "failed" if start.cancelled() or start.exception() else "ready"


def _log_failure(start: asyncio.Task[None]) -> None:
    if start.cancelled() or (error := start.exception()) is None:
        return
    trace = None if isinstance(error, ThinktalkError) else error
    _log.error("%s failed: %s", start.get_name(), error, exc_info=trace)
