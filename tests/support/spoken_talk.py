"""A session without a wire, and what it says: for tests of who speaks and who stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import numpy as np

from support.scripted_senses import ScriptedRecognizer
from thinktalk.conversation import ImagePart, VideoPart
from thinktalk.engines.base import Capabilities, Segment, VoiceRef
from thinktalk.events import Event
from thinktalk.media.activity import LevelStream
from thinktalk.media.types import Audio, Samples
from thinktalk.session import events as said
from thinktalk.session.config import SessionConfig, TurnRules
from thinktalk.session.outbox import Outbox
from thinktalk.session.ports import Build, Ports
from thinktalk.session.session import Session, SessionLimits
from thinktalk.testing import ScriptedEngine

RULES = TurnRules(silence_ms=800)


class _Answer:
    usage = None

    def __init__(self, engine: ScriptedEngine, build: Build) -> None:
        self._engine, self._build = engine, build

    async def events(self) -> AsyncGenerator[Event, None]:
        request = await self._build(self._engine.capabilities)
        async with aclosing(self._engine.generate(request)) as events:
            async for event in events:
                yield event


async def _no_pictures(sources: Sequence[str]) -> ImagePart | VideoPart:
    raise AssertionError("there are none")


async def _tina(name: str) -> VoiceRef:
    return VoiceRef(name)


class Talk:
    """A session, and what it has said so far. `glance` is what is read of sounds over a reply."""

    def __init__(
        self,
        engine: ScriptedEngine,
        config: SessionConfig,
        words: str,
        glance: str,
        hears_after_s: float,
        reads_after_s: float,
    ) -> None:
        async def read(samples: Samples, language: str, prompt: str) -> str:
            await asyncio.sleep(reads_after_s)
            return glance

        heard = Segment(start_s=0.0, end_s=1.0, text=words, language="en")
        self.recognizer = ScriptedRecognizer((heard,) if words else (), delay_s=hears_after_s)
        ports = Ports(
            glance=read,
            voice=_tina,
            answer=lambda build: _Answer(engine, build),
            pictures=_no_pictures,
            activity=LevelStream,
            recognizer=self.recognizer,
            family="qwen3.5",
            context_tokens=196_608,
            read_ahead=self._read_ahead,
        )
        self._outbox = Outbox()
        self.session = Session(config, ports, self._outbox, SessionLimits())
        self.said: list[Any] = []
        self.read_ahead: list[str] = []  # what the user had said in each prompt

    async def _read_ahead(self, build: Build) -> None:
        request = await build(Capabilities(name="scripted"))
        self.read_ahead.append(request.messages[-1].parts[0].transcript)  # type: ignore[union-attr,arg-type]

    async def listen(self) -> None:
        async for event in self._outbox.events():
            self.said.append(event)

    async def append(self, duration_s: float, level: float) -> None:
        """Sound in pieces of 100 ms, with time for others between them."""
        for _ in range(round(duration_s * 10)):
            times = np.arange(1_600) / 16_000
            samples = (level * np.sin(2 * np.pi * 220 * times)).astype(np.float32)
            await self.session.append_audio(Audio(samples, 16_000))
            await asyncio.sleep(0.005)

    async def until(self, is_reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not is_reached():  # noqa: ASYNC110 - what is looked at is no event
                await asyncio.sleep(0.005)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.said if isinstance(event, kind)]


@asynccontextmanager
async def talking(
    engine: ScriptedEngine,
    rules: TurnRules = RULES,
    *,
    words: str = " What time is it?",
    glance: str = "",
    hears_after_s: float = 0.0,
    reads_after_s: float = 0.0,
) -> AsyncGenerator[Talk, None]:
    talk = Talk(engine, SessionConfig(turns=rules), words, glance, hears_after_s, reads_after_s)
    talk.session.start()
    listening = asyncio.create_task(talk.listen())
    yield talk
    await talk.session.close()
    await listening


async def overlapped(talk: Talk, duration_s: float) -> None:
    """Ask, and make a sound over the reply, in real time."""
    await talk.append(0.5, 0.3)
    await talk.append(1.2, 0.0)
    await talk.until(lambda: bool(talk.of(said.ReplyAudio)))
    await asyncio.sleep(0.3)
    for level, stretch_s in ((0.3, duration_s), (0.0, 0.8)):
        for _ in range(round(stretch_s * 20)):
            times = np.arange(800) / 16_000
            samples = (level * np.sin(2 * np.pi * 220 * times)).astype(np.float32)
            await talk.session.append_audio(Audio(samples, 16_000))
            await asyncio.sleep(0.05)
