"""A client of the realtime socket, in DashScope's dialect: sound in, events and sound out.

    async with connected(url, key, model, session) as talk:
        await talk.append(samples)
        async for event in talk.events(): ...

Knows nothing of microphones and loudspeakers.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from thinktalk.errors import BadRequest, ThinktalkError

INPUT_RATE = 16_000
OUTPUT_RATE = 24_000
_PATH = "/api-ws/v1/realtime"
_ANSWER_S = 10.0


class LiveTalk:
    """One conversation on an open socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, kind: str, **fields: Any) -> None:
        await self._socket.send(orjson.dumps({"type": kind, **fields}).decode())

    async def append(self, pcm: bytes) -> None:
        """Send sound: PCM16 at 16 kHz."""
        audio = base64.b64encode(pcm).decode()
        await self.send("input_audio_buffer.append", audio=audio)

    async def events(self) -> AsyncGenerator[dict[str, Any], None]:
        """What the server says, to the end of the conversation."""
        try:
            async for raw in self._socket:
                event: dict[str, Any] = orjson.loads(raw)
                yield event
        except ConnectionClosed as closed:
            reason = closed.rcvd.reason if closed.rcvd else ""
            raise ThinktalkError(f"the server ended the conversation: {reason or closed}") from None


def sound_of(event: Mapping[str, Any]) -> bytes:
    """The speech in an event: PCM16 at 24 kHz, empty in all but one kind."""
    if event["type"] != "response.audio.delta":
        return b""
    return binascii.a2b_base64(event["delta"])


@asynccontextmanager
async def connected(
    base_url: str, key: str, model: str, session: Mapping[str, Any]
) -> AsyncGenerator[LiveTalk, None]:
    """Open a conversation with these settings.

    Args:
        base_url: of the OpenAI-shaped endpoint, such as `http://127.0.0.1:8000/v1`.
    Raises:
        ThinktalkError: with a message for a person.
    """
    parts = urlsplit(base_url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    address = f"{scheme}://{parts.netloc}{_PATH}?model={model}"
    headers = {"Authorization": f"Bearer {key}"}
    try:
        async with connect(
            address,
            additional_headers=headers,
            open_timeout=_ANSWER_S,
            max_size=None,
            proxy=None,
        ) as socket:
            talk = LiveTalk(socket)
            await talk.send("session.update", session=dict(session))
            yield talk
    except InvalidHandshake as refused:
        raise BadRequest(_reason(refused, parts.netloc)) from None
    except TimeoutError:
        raise ThinktalkError(f"{parts.netloc} does not answer within {_ANSWER_S:g} s") from None


def _reason(refused: InvalidHandshake, host: str) -> str:
    """What the server says of itself, where it says something."""
    body = getattr(getattr(refused, "response", None), "body", None)
    try:
        return str(orjson.loads(body or b"")["error"]["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return f"{host} does not hold conversations: {refused}"
