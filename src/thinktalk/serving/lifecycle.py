"""Lifecycle: counts the requests at work, so that a stopping server can let them finish."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

from thinktalk.errors import NotReady

_LAST_WORD_S = 1.0


class Lifecycle:
    """Open until `drain`; then new requests are refused and the running ones get their time."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[object]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._retry_after_s = 0.0
        self.draining = asyncio.Event()

    @property
    def is_draining(self) -> bool:
        return self._retry_after_s > 0

    @property
    def num_running(self) -> int:
        return len(self._running)

    @contextmanager
    def request(self) -> Generator[None, None, None]:
        """Count the current task as a running request.

        Raises:
            NotReady: the server is stopping.
        """
        if self.is_draining:
            raise NotReady("the server is stopping", retry_after_s=self._retry_after_s)
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        self._idle.clear()
        try:
            yield
        finally:
            self._running.discard(task)
            if not self._running:
                self._idle.set()

    async def drain(self, grace_s: float) -> int:
        """Refuse what is new, wait up to `grace_s` for what runs, cancel the rest.

        Returns:
            How many requests were cancelled.
        """
        self._retry_after_s = max(1.0, grace_s)
        self.draining.set()
        try:
            async with asyncio.timeout(grace_s):
                await self._idle.wait()
        except TimeoutError:
            cut = list(self._running)
            for task in cut:
                task.cancel()
            # A last word needs a client who takes it.
            await asyncio.wait(cut, timeout=_LAST_WORD_S)
            return len(cut)
        return 0
