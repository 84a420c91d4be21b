"""A bare client of the realtime socket, and sound to send it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from thinktalk.media.encode import pcm16

Frame = dict[str, Any]
DASHSCOPE = "/api-ws/v1/realtime?model=qwen3.5-omni-flash-realtime"
OPENAI = "/v1/realtime?model=gpt-realtime"
_PATIENCE_S = 10.0
BETA = {"OpenAI-Beta": "realtime=v1"}


def tone(duration_s: float, rate: int = 16_000) -> bytes:
    """What a server without a model takes for speech: PCM16."""
    times = np.arange(round(duration_s * rate)) / rate
    return pcm16((0.3 * np.sin(2 * np.pi * 220 * times)).astype(np.float32))


def silence(duration_s: float, rate: int = 16_000) -> bytes:
    return bytes(2 * round(duration_s * rate))


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


class Live:
    """One session. Keeps in `frames` everything that came."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[Frame] = []

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def say(self, data: bytes, piece_bytes: int = 3_200) -> None:
        """Append sound in pieces."""
        for start in range(0, len(data), piece_bytes):
            piece = data[start : start + piece_bytes]
            await self.send("input_audio_buffer.append", audio=base64_of(piece))

    async def next(self) -> Frame:
        async with asyncio.timeout(_PATIENCE_S):
            frame: Frame = json.loads(await self.socket.recv())
        self.frames.append(frame)
        return frame

    async def until(self, kind: str, when: Callable[[Frame], bool] = lambda frame: True) -> Frame:
        """Read on to the next frame of a kind; fails on an error that was not asked for."""
        while True:
            frame = await self.next()
            if frame["type"] == kind and when(frame):
                return frame
            if frame["type"] == "error":
                raise AssertionError(frame["error"])

    async def error(self) -> Frame:
        """Read on to the next error."""
        while (frame := await self.next())["type"] != "error":
            pass
        error: Frame = frame["error"]
        return error

    @property
    def types(self) -> list[str]:
        """The kinds of all frames, runs of one kind as one."""
        found: list[str] = []
        for frame in self.frames:
            if not found or found[-1] != frame["type"]:
                found.append(frame["type"])
        return found


@asynccontextmanager
async def live(
    url: str, path: str = DASHSCOPE, headers: Mapping[str, str] | None = None
) -> AsyncGenerator[Live, None]:
    """Connect; the first frame has been read."""
    address = url.replace("http", "ws", 1) + path
    async with connect(address, additional_headers=headers, max_size=None, proxy=None) as socket:
        client = Live(socket)
        assert (await client.next())["type"] == "session.created"
        yield client
