"""ThinkerTalker: one thinker plus one talker is an engine.

The talker is fed each thought as it comes and speaks while the thinker goes on. Text and sound keep
the order in which they happened: a clause's text precedes its sound. Knows nothing of models.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace

from thinktalk.engines import delivery
from thinktalk.engines.base import (
    Capabilities,
    GenerateRequest,
    SpeechOptions,
    Talker,
    Thinker,
    Thought,
)
from thinktalk.events import Event, Finished, ToolCallDelta

_END = None  # closes a queue


@dataclass(frozen=True, slots=True)
class _Failed:
    error: BaseException


class ThinkerTalker:
    """An `Engine` made of two halves. `max_lead` bounds how many events wait for a slow reader."""

    def __init__(
        self, thinker: Thinker, talker: Talker, capabilities: Capabilities, *, max_lead: int = 256
    ) -> None:
        self._thinker = thinker
        self._talker = talker
        self._capabilities = capabilities
        self._max_lead = max_lead

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def start(self) -> None:
        """The halves are started by whoever built them."""

    async def stop(self) -> None:
        """The halves are stopped by whoever built them."""

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        if request.speech is None:
            async with aclosing(self._thinker.think(request)) as thoughts:
                async for thought in thoughts:
                    yield thought
            return
        speech = request.speech
        if speech.instructions is None:
            # Only here: an engine that fuses text and speech reads its prompt itself.
            instructions = await asyncio.to_thread(delivery.requested, request.messages)
            speech = replace(speech, instructions=instructions)
        async with aclosing(self._speak(request, speech)) as events:
            async for event in events:
                yield event

    async def _speak(
        self, request: GenerateRequest, speech: SpeechOptions
    ) -> AsyncGenerator[Event, None]:
        outbox: asyncio.Queue[Event | _Failed | None] = asyncio.Queue(self._max_lead)
        # Unbounded on purpose: the reply's length bounds it, and the talker must see its end.
        to_talker: asyncio.Queue[Thought | None] = asyncio.Queue()
        finished: list[Finished] = []

        async def think() -> None:
            try:
                async with aclosing(self._thinker.think(request)) as thoughts:
                    async for thought in thoughts:
                        if isinstance(thought, Finished):
                            finished.append(thought)
                            continue
                        await outbox.put(thought)
                        if not isinstance(thought, ToolCallDelta):
                            to_talker.put_nowait(thought)
            finally:
                to_talker.put_nowait(_END)

        async def heard() -> AsyncIterator[Thought]:
            while (thought := await to_talker.get()) is not _END:
                yield thought

        async def talk() -> None:
            async with aclosing(self._talker.talk(heard(), speech)) as deltas:
                async for delta in deltas:
                    await outbox.put(delta)

        async def run() -> None:
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(think())
                    group.create_task(talk())
            except* Exception as failures:
                await outbox.put(_Failed(_first(failures)))
            else:
                await outbox.put(_END)

        runner = asyncio.create_task(run())
        try:
            while (event := await outbox.get()) is not _END:
                if isinstance(event, _Failed):
                    raise event.error
                yield event
            yield finished[0]
        finally:
            runner.cancel()
            await asyncio.gather(runner, return_exceptions=True)


def _first(failures: BaseExceptionGroup[Exception]) -> BaseException:
    error: BaseException = failures
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
