"""A session without a wire: what it says is kept, and its user makes sounds of a tone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import numpy as np

from support.media_files import tone
from support.scripted_senses import ScriptedRecognizer
from thinktalk.conversation import ImagePart, VideoPart
from thinktalk.engines.base import Capabilities, Engine, GenerateRequest, Segment, VoiceRef
from thinktalk.events import AudioDelta, Event
from thinktalk.media.activity import LevelStream
from thinktalk.media.types import Audio, Image
from thinktalk.session.config import ResponseRequest, SessionConfig, TurnRules
from thinktalk.session.items import Item, Text
from thinktalk.session.outbox import Outbox
from thinktalk.session.ports import Build, Ports
from thinktalk.session.session import Session, SessionLimits


class EventEngine:
    """Yields these events, an exception among them being raised; then stays for `after_s`."""

    capabilities = Capabilities(name="events")

    def __init__(self, *events: Event | BaseException, after_s: float = 0.0) -> None:
        self._events, self._after_s = events, after_s
        self.first_s = 0.0  # before the first event
        self.requests: list[GenerateRequest] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        self.requests.append(request)
        await asyncio.sleep(self.first_s)
        for event in self._events:
            if isinstance(event, BaseException):
                raise event
            yield event
        await asyncio.sleep(self._after_s)


class _Answer:
    usage = None

    def __init__(self, engine: Engine, build: Build) -> None:
        self._engine, self._build = engine, build

    async def events(self) -> AsyncGenerator[Event, None]:
        request = await self._build(self._engine.capabilities)
        async with aclosing(self._engine.generate(request)) as events:
            async for event in events:
                yield event


class Talk:
    """A session, and what it has said so far; `decoded` are the pictures that it had decoded.

    A picture whose source holds "torn" cannot be decoded.
    """

    def __init__(self, engine: Engine, rules: TurnRules | None, words: str) -> None:
        async def voice(name: str) -> VoiceRef:
            return VoiceRef(name)

        heard = Segment(start_s=0.0, end_s=1.0, text=words, language="en")
        ports = Ports(
            voice=voice,
            answer=lambda build: _Answer(engine, build),
            pictures=self._decode,
            activity=LevelStream,
            recognizer=ScriptedRecognizer((heard,) if words else ()),
            family="qwen3.5",
            context_tokens=196_608,
        )
        self.outbox = Outbox()
        self.session = Session(
            SessionConfig(turns=rules), ports, self.outbox, SessionLimits(idle_s=60.0)
        )
        self.said: list[Any] = []
        self.decoded: list[str] = []
        self.listening = asyncio.create_task(self._listen())

    async def _decode(self, sources: Sequence[str]) -> ImagePart | VideoPart:
        self.decoded += sources
        if any("torn" in source for source in sources):
            raise ValueError("it is torn")
        return ImagePart(Image(np.zeros((len(sources), 2, 3), np.uint8)))

    async def _listen(self) -> None:
        async for event in self.outbox.events():
            self.said.append(event)

    def ask(self, text: str, **changes: Any) -> None:
        """Write something and ask for the answer."""
        self.write(text)
        self.session.respond(ResponseRequest(config=self.session.config, **changes))

    def write(self, text: str) -> str:
        """Say in writing; returns the item's id."""
        item = Item(id=f"written-{text}", role="user", content=(Text(text),))
        self.session.create_item(item)
        return item.id

    async def make_sound(self, duration_s: float, level: float) -> None:
        """In pieces of 100 ms, with time for others between them."""
        for _ in range(round(duration_s * 10)):
            await self.session.append_audio(Audio(level * tone(0.1, 16_000), 16_000))
            await asyncio.sleep(0.005)

    async def until(self, is_reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(8):
            while not is_reached():  # noqa: ASYNC110 - what is looked at is no event
                await asyncio.sleep(0.005)

    async def until_said(self, kind: type, count: int = 1) -> list[Any]:
        await self.until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.said if isinstance(event, kind)]

    @property
    def items(self) -> tuple[Item, ...]:
        """What is remembered."""
        memory = self.session.memory
        return memory.items if memory else ()


@asynccontextmanager
async def talking(
    engine: Engine, rules: TurnRules | None = None, *, words: str = "What time is it?"
) -> AsyncGenerator[Talk, None]:
    talk = Talk(engine, rules, words)
    talk.session.start()
    yield talk
    await talk.session.close()
    await asyncio.wait({talk.listening})


def spoken(duration_s: float, span: tuple[int, int] | None = None) -> AudioDelta:
    return AudioDelta(Audio(tone(duration_s, 24_000), 24_000), span)
