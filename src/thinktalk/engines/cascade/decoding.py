"""One model run as an async stream: a slot, room in the window, and giving way to other work.

Native calls run on this component's own threads. A run is left when the arbiter asks and gone on
with later from exactly where it was. Knows nothing of chats or tools.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import AsyncGenerator
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field

from thinktalk.engines.base import Sampling
from thinktalk.engines.cascade.arbiter import Arbiter, Hold, run_to_end
from thinktalk.engines.cascade.llama import Ended, Llama, Text
from thinktalk.engines.cascade.slots import Slot, SlotTable

_RESERVE_STEP = 1024  # tokens of reply that room is kept for at a time


@dataclass(slots=True, eq=False)
class Run:
    """What to decode, and afterwards what came of it. `max_tokens` fits the window already."""

    prompt: list[int]
    sampling: Sampling
    max_tokens: int
    grammar: str = ""
    num_written: int = 0
    reason: str = ""
    cached_tokens: int | None = None
    abandoned: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Reading:
    """The prompt is being read: the share that is through, in [0, 1]."""

    share: float


Piece = tuple[str, int] | Reading
_Outbox = asyncio.Queue[Piece | None]


class Decoder:
    """Runs on `llama`, at most one per slot, taking turns with other work by `arbiter`."""

    def __init__(self, llama: Llama, arbiter: Arbiter, executor: Executor) -> None:
        self._llama = llama
        self._arbiter, self._executor = arbiter, executor
        self._drivers: set[asyncio.Task[None]] = set()

    async def decode(self, run: Run, slots: SlotTable) -> AsyncGenerator[Piece, None]:
        """Yield (text, token) as written; `run` then says why it ended. Closing stops it.

        The text is that of whole characters: a token in the middle of one has none. Before the
        first, `Reading` after each step of a long prompt.
        """
        # Unbounded, but never longer than the reply: the native thread must not wait for readers.
        outbox: _Outbox = asyncio.Queue()
        driver = asyncio.create_task(self._drive(run, slots, outbox))
        self._drivers.add(driver)
        driver.add_done_callback(self._drivers.discard)
        driver.add_done_callback(lambda _: outbox.put_nowait(None))
        try:
            while (piece := await outbox.get()) is not None:
                yield piece
            await driver
        finally:
            driver.cancel()
            await asyncio.gather(driver, return_exceptions=True)

    async def stop(self) -> None:
        """Cancel every run and wait until the model is idle."""
        for driver in tuple(self._drivers):
            driver.cancel()
        await asyncio.gather(*self._drivers, return_exceptions=True)

    async def _drive(self, run: Run, slots: SlotTable, outbox: _Outbox) -> None:
        begin = functools.partial(self._llama.begin, run.prompt, run.sampling, run.grammar)
        text = await asyncio.get_running_loop().run_in_executor(self._executor, begin)
        try:
            while not run.reason:
                room = min(run.max_tokens - text.num_written, _RESERVE_STEP)
                async with slots.lease(text.tokens, len(text.tokens) + room) as slot:
                    await self._fill(run, text, slot, room, outbox)
        finally:
            text.close()

    async def _fill(self, run: Run, text: Text, slot: Slot, room: int, outbox: _Outbox) -> None:
        """Decode until the run ends or its `room` is used up, left as often as asked."""
        full = text.num_written + room
        while not run.reason and text.num_written < full:
            async with self._arbiter.thinking(self._llama.pause) as hold:
                ended = await self._run_native(run, text, slot, full, outbox, hold)
            if ended.reason == "stop":
                run.reason = "stop"
            elif text.num_written >= run.max_tokens:
                run.reason = "length"

    async def _run_native(
        self, run: Run, text: Text, slot: Slot, full: int, outbox: _Outbox, hold: Hold
    ) -> Ended:
        loop = asyncio.get_running_loop()

        def on_token(characters: str, token: int) -> None:
            loop.call_soon_threadsafe(outbox.put_nowait, (characters, token))

        def should_stop() -> bool:
            # Asked before every step, on the model's thread.
            if 0 < text.num_read < text.num_prompt:
                reading = Reading(text.num_read / text.num_prompt)
                loop.call_soon_threadsafe(outbox.put_nowait, reading)
            return run.abandoned.is_set() or hold.must_leave()

        call = functools.partial(
            self._llama.run,
            text,
            slot=slot.number,
            max_tokens=full - text.num_written,
            on_token=on_token,
            should_stop=should_stop,
        )
        native = loop.run_in_executor(self._executor, call)
        try:
            await asyncio.wait({native})
            ended = native.result()
        except asyncio.CancelledError:
            run.abandoned.set()
            self._llama.abandon(text)
            with suppress(Exception):
                await run_to_end(native)
            raise
        finally:
            run.num_written = text.num_written
            slot.tokens = tuple(text.tokens)
        if run.cached_tokens is None:
            run.cached_tokens = ended.cached_tokens
        return ended
