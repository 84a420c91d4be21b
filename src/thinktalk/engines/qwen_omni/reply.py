"""One request on its way through the model, and the way back to who asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from thinktalk.engines.qwen_omni.sampling import TextSampler
from thinktalk.engines.qwen_omni.speech import Speech
from thinktalk.engines.qwen_omni.written import Written
from thinktalk.errors import EngineFailed
from thinktalk.events import FinishReason
from thinktalk.media.types import Samples

if TYPE_CHECKING:
    from thinktalk.engines.qwen_omni.prompt import Prompt
    from thinktalk.engines.qwen_omni.thinker import Reading


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """The last that a reply yields."""

    reason: FinishReason


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """Samples of 24 kHz, gapless with those before."""

    samples: Samples
    is_last: bool


Yielded = str | Sound | Ended


@dataclass(slots=True, eq=False)
class Reply:
    """What the scheduler knows of one request. `outbox`, `cancel` and `stop_writing` aside
    it is its thread's.

    Attributes:
        max_tokens: of the reply, within the window.
        speech: None where only text is asked for.
        reading: goes on reading the prompt, for the thinker first and then for the talker.
        num_pieces: of it that have been read.
        heard: what the thinker made of it, until the talker begins to read.
    """

    prompt: Prompt
    sampler: TextSampler
    written: Written
    max_tokens: int
    speech: Speech | None
    outbox: Outbox
    slot: int = -1
    reading: Iterator[None] | None = None
    num_pieces: int = 0
    heard: Reading | None = None
    tokens: list[int] = field(default_factory=list)
    position: float = 0.0
    reason: FinishReason | None = None
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _enough: threading.Event = field(default_factory=threading.Event)

    @property
    def length(self) -> int:
        """How many tokens the thinker has in its cache: the last written one has yet to come."""
        return len(self.prompt.input_ids[0]) + len(self.tokens) - 1

    def forget_media(self) -> None:
        """The prompt has been read by all who read it: a video's pixels need not outlive that."""
        self.prompt = replace(self.prompt, features={})

    @property
    def is_thinking(self) -> bool:
        return bool(self.tokens) and self.reason is None

    @property
    def is_over(self) -> bool:
        return self.reason is not None and (self.speech is None or self.speech.has_ended)

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()

    @property
    def is_enough(self) -> bool:
        return self._enough.is_set()

    def cancel(self) -> None:
        """From any thread: nobody waits for the rest."""
        self._cancelled.set()

    def stop_writing(self) -> None:
        """From any thread: no more text is wanted, but what was written is spoken to its end."""
        self._enough.set()


class Outbox:
    """What the scheduler's thread has for one reader on an event loop, in order.

    Unbounded on purpose: the reply's length bounds it, and the model must not wait for readers.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Yielded | Exception] = asyncio.Queue()

    def put(self, item: Yielded | Exception) -> None:
        """From any thread."""
        with suppress(RuntimeError):  # the loop has been closed, and so is gone who would read
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)

    async def items(self) -> AsyncGenerator[Yielded, None]:
        """Yield until `Ended`. Raises what the scheduler put in its place."""
        while True:
            item = await self._queue.get()
            if isinstance(item, Exception):
                raise item
            yield item
            if isinstance(item, Ended):
                return


def failed(error: Exception) -> EngineFailed:
    """What a request is told when the model failed under it."""
    return EngineFailed(f"the model failed: {type(error).__name__}: {error}")
