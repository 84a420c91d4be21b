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
from thinktalk.media.types import Audio, Image, Samples
from thinktalk.session.config import ResponseRequest, SessionConfig, TurnRules
from thinktalk.session.events import ReplyAudio
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

    Args:
        words: what the user is heard to say, `hears_after_s` later.
        glance: what is read of sounds over a reply, `reads_after_s` later.
    """

    def __init__(
        self,
        engine: Engine,
        rules: TurnRules | None,
        *,
        words: str,
        glance: str,
        hears_after_s: float,
        reads_after_s: float,
    ) -> None:
        async def voice(name: str) -> VoiceRef:
            return VoiceRef(name)

        async def read(samples: Samples, language: str, prompt: str) -> str:
            await asyncio.sleep(reads_after_s)
            return glance

        heard = Segment(start_s=0.0, end_s=1.0, text=words, language="en")
        ports = Ports(
            voice=voice,
            answer=lambda build: _Answer(engine, build),
            pictures=self._decode,
            activity=LevelStream,
            recognizer=ScriptedRecognizer((heard,) if words else (), delay_s=hears_after_s),
            glance=read,
            read_ahead=self._read_ahead,
            family="qwen3.5",
            context_tokens=196_608,
        )
        self.outbox = Outbox()
        self.session = Session(
            SessionConfig(turns=rules), ports, self.outbox, SessionLimits(idle_s=60.0)
        )
        self.said: list[Any] = []
        self.decoded: list[str] = []
        self.read_ahead: list[str] = []  # what the user had said in each prompt
        self.listening = asyncio.create_task(self._listen())

    async def _decode(self, sources: Sequence[str]) -> ImagePart | VideoPart:
        self.decoded += sources
        if any("torn" in source for source in sources):
            raise ValueError("it is torn")
        return ImagePart(Image(np.zeros((len(sources), 2, 3), np.uint8)))

    async def _read_ahead(self, build: Build) -> None:
        request = await build(Capabilities(name="scripted"))
        self.read_ahead.append(request.messages[-1].parts[0].transcript)  # type: ignore[union-attr,arg-type]

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

    async def make_sound(
        self, duration_s: float, level: float, *, pace: float = 20.0, piece_s: float = 0.1
    ) -> None:
        """In pieces, `pace` times as fast as it would be."""
        for _ in range(round(duration_s / piece_s)):
            await self.session.append_audio(Audio(level * tone(piece_s, 16_000), 16_000))
            await asyncio.sleep(piece_s / pace)

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
    engine: Engine,
    rules: TurnRules | None = None,
    *,
    words: str = "What time is it?",
    glance: str = "",
    hears_after_s: float = 0.0,
    reads_after_s: float = 0.0,
) -> AsyncGenerator[Talk, None]:
    talk = Talk(
        engine,
        rules,
        words=words,
        glance=glance,
        hears_after_s=hears_after_s,
        reads_after_s=reads_after_s,
    )
    talk.session.start()
    yield talk
    await talk.session.close()
    await asyncio.wait({talk.listening})


async def overlapped(talk: Talk, duration_s: float) -> None:
    """Ask, and make a sound over the reply, in real time."""
    await talk.make_sound(0.5, 0.3)
    await talk.make_sound(1.2, 0.0)
    await talk.until_said(ReplyAudio)
    await asyncio.sleep(0.3)
    await talk.make_sound(duration_s, 0.3, pace=1, piece_s=0.05)
    await talk.make_sound(0.8, 0.0, pace=1, piece_s=0.05)


def spoken(duration_s: float, span: tuple[int, int] | None = None) -> AudioDelta:
    return AudioDelta(Audio(tone(duration_s, 24_000), 24_000), span)
