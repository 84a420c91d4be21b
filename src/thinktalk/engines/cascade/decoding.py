"""One model run as an async stream: a slot, room in the window, and giving way to other work.

Native calls run on this component's own threads. A run that may be paused is stopped when the
arbiter asks and goes on later from exactly the tokens so far, which its slot still knows. Knows
nothing of chats or tools.
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
from thinktalk.engines.cascade.arbiter import Arbiter, Hold
from thinktalk.engines.cascade.llama import Chunk, Ended, Llama
from thinktalk.engines.cascade.slots import Slot, SlotTable
from thinktalk.engines.cascade.vocabulary import Vocabulary

_RESERVE_STEP = 1024  # tokens of reply that room is kept for at a time


@dataclass(slots=True, eq=False)
class Run:
    """What to decode, and afterwards what came of it. `max_tokens` fits the window already."""

    prompt: list[int]
    sampling: Sampling
    max_tokens: int
    grammar: str = ""
    pausable: bool = True
    written: list[int] = field(default_factory=list)
    reason: str = ""
    cached_tokens: int | None = None
    abandoned: threading.Event = field(default_factory=threading.Event)


_Outbox = asyncio.Queue[tuple[str, list[int]] | None]


class Decoder:
    """Runs on `llama`, at most one per slot, taking turns with other work by `arbiter`."""

    def __init__(
        self, llama: Llama, vocabulary: Vocabulary, arbiter: Arbiter, executor: Executor
    ) -> None:
        self._llama, self._vocabulary = llama, vocabulary
        self._arbiter, self._executor = arbiter, executor
        self._drivers: set[asyncio.Task[None]] = set()

    async def decode(
        self, run: Run, slots: SlotTable
    ) -> AsyncGenerator[tuple[str, list[int]], None]:
        """Yield (text, its tokens) as written; `run` then says why it ended. Closing stops it."""
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
        while not run.reason:
            tokens = run.prompt + run.written
            room = run.max_tokens - len(run.written)
            if not run.grammar:  # a grammar would begin anew at every step
                room = min(room, _RESERVE_STEP)
            async with slots.lease(tokens, len(tokens) + room) as slot:
                await self._fill(run, slot, room, outbox)

    async def _fill(self, run: Run, slot: Slot, room: int, outbox: _Outbox) -> None:
        """Decode until the run ends or its `room` is used up, paused as often as asked."""
        full = len(run.written) + room
        while not run.reason and len(run.written) < full:
            async with self._arbiter.thinking(pausable=run.pausable) as hold:
                ended = await self._run_native(run, slot, full - len(run.written), outbox, hold)
            if ended.reason == "stop":
                run.reason = "stop"
            elif len(run.written) >= run.max_tokens:
                run.reason = "length"
            elif ended.reason == "length":
                # A character cut in the middle is not passed on: `written` may never get full.
                run.reason = "length" if full >= run.max_tokens else ""
                return

    async def _run_native(
        self, run: Run, slot: Slot, room: int, outbox: _Outbox, hold: Hold
    ) -> Ended:
        loop = asyncio.get_running_loop()
        prompt = run.prompt + run.written
        written: list[int] = []

        def on_chunk(chunk: Chunk) -> None:
            tokens = self._tokens_of(chunk, len(written))
            written.extend(tokens)
            loop.call_soon_threadsafe(outbox.put_nowait, (chunk.text, tokens))

        call = functools.partial(
            self._llama.run,
            prompt,
            run.sampling,
            num_written=len(run.written),
            slot=slot.number,
            max_tokens=room,
            grammar=run.grammar,
            on_chunk=on_chunk,
            should_stop=lambda: run.abandoned.is_set() or hold.must_leave(),
        )
        native = loop.run_in_executor(self._executor, call)
        try:
            ended = await asyncio.shield(native)
        except asyncio.CancelledError:
            run.abandoned.set()
            with suppress(Exception):
                await native
            raise
        finally:
            run.written += written
            slot.tokens = prompt + written
        if run.cached_tokens is None:
            run.cached_tokens = ended.cached_tokens
        return ended

    def _tokens_of(self, chunk: Chunk, num_before: int) -> list[int]:
        """The library names the last token only; a character made of several is encoded again."""
        if chunk.num_tokens - num_before == 1:
            return [chunk.last_token]
        return self._vocabulary.encode(chunk.text)
