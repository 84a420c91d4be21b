"""A client of the realtime socket that speaks and listens in real time, as a person would.

DashScope's dialect. Sound goes out in frames of 20 ms by the clock, silence where nothing is to be
said. What comes is played by the clock, and flushed when the server says that speech started.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.speech import AUDIBLE
from thinktalk.media.encode import pcm16
from thinktalk.media.types import Samples

RATE = 16_000
REPLY_RATE = 24_000
FRAME_S = 0.02
PATH = "/api-ws/v1/realtime"

_FRAME = round(FRAME_S * RATE)


@dataclass(slots=True)
class Played:
    """A reply as it was heard: `first_s` is when its first audible sample was, on the clock."""

    first_s: float | None = None
    ends_s: float = 0.0  # of what has arrived


@dataclass(slots=True)
class Talker:
    """One conversation. Times are `time.perf_counter()`."""

    socket: ClientConnection
    events: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    played: Played = field(default_factory=Played)
    flushed: list[float] = field(default_factory=list)  # when sound was cut off
    said_end_s: float = 0.0  # when the last audible sample of what was said went out
    _to_say: Samples = field(default_factory=lambda: np.zeros(0, np.float32))
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    def say(self, samples: Samples) -> None:
        """Begin to say 16 kHz samples."""
        self._to_say = samples

    async def said(self) -> None:
        """Wait until all has been said."""
        while len(self._to_say):  # noqa: ASYNC110 - time passes by the clock
            await asyncio.sleep(FRAME_S)

    async def wait_for(self, kind: str, since: float, limit_s: float = 60.0) -> float | None:
        """When the first event of a kind after `since` came; None if none does."""
        give_up = time.perf_counter() + limit_s
        while time.perf_counter() < give_up:
            for at, event in self.events:
                if at >= since and event["type"] == kind:
                    return at
            self._news.clear()
            try:
                async with asyncio.timeout(0.5):
                    await self._news.wait()
            except TimeoutError:
                continue
        return None

    def count(self, kind: str, since: float) -> int:
        return sum(at >= since and event["type"] == kind for at, event in self.events)

    async def speak(self) -> None:
        """Send frames by the clock, without end."""
        due = time.perf_counter()
        while True:
            frame, self._to_say = self._to_say[:_FRAME], self._to_say[_FRAME:]
            loud = np.flatnonzero(np.abs(frame) >= AUDIBLE)
            if len(loud):
                self.said_end_s = due + loud[-1] / RATE
            frame = np.pad(frame, (0, _FRAME - len(frame)))
            data = base64.b64encode(pcm16(frame)).decode()
            await self.send("input_audio_buffer.append", audio=data)
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - time.perf_counter()))

    async def listen(self) -> None:
        async for raw in self.socket:
            event = json.loads(raw)
            now = time.perf_counter()
            if event["type"] == "response.audio.delta":
                self._play(now, base64.b64decode(event.pop("delta")))
            elif event["type"] == "input_audio_buffer.speech_started":
                if now < self.played.ends_s:
                    self.flushed.append(now)
                self.played.ends_s = now
            elif event["type"] == "response.created":
                self.played = Played()
            self.events.append((now, event))
            self._news.set()

    def _play(self, now: float, data: bytes) -> None:
        samples = np.frombuffer(data, "<i2") / 32768
        starts = max(now, self.played.ends_s)
        loud = np.flatnonzero(np.abs(samples) >= AUDIBLE)
        if self.played.first_s is None and len(loud):
            self.played.first_s = starts + loud[0] / REPLY_RATE
        self.played.ends_s = starts + len(samples) / REPLY_RATE


@asynccontextmanager
async def talking(url: str, model: str, session: dict[str, Any]) -> AsyncIterator[Talker]:
    """Hold a conversation while the block runs."""
    address = f"{url.replace('http', 'ws', 1)}{PATH}?model={model}"
    async with connect(address, max_size=None, proxy=None) as socket:
        talker = Talker(socket)
        tasks = [asyncio.create_task(talker.listen())]
        await talker.send("session.update", session=session)
        if await talker.wait_for("session.updated", 0.0, 10.0) is None:
            raise RuntimeError(f"the session was not accepted: {talker.events}")
        tasks.append(asyncio.create_task(talker.speak()))
        try:
            yield talker
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
