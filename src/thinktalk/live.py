"""A client of the realtime socket, in DashScope's dialect: sound in, events and sound out.

    async with connected(url, key, model, session) as talk:
        await talk.append(samples)
        async for event in talk.events(): ...

A lost connection is found again, and the conversation resumed. Knows nothing of microphones and
loudspeakers.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import chain, repeat
from typing import Any
from urllib.parse import urlsplit

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from thinktalk.errors import BadRequest, ThinktalkError

INPUT_RATE = 16_000
OUTPUT_RATE = 24_000
_PATH = "/api-ws/v1/realtime"
_ANSWER_S = 10.0
_WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0)  # before the next try; the last one from then on
_GIVE_UP_S = 50.0  # the server keeps a lost conversation for a minute
_NORMAL = 1000
# The server wants no more of this conversation: it refused something.
_REFUSALS = (1002, 1003, 1007, 1008, 1009, 1010)

Event = dict[str, Any]


class LiveTalk:
    """One conversation, on one open socket after the other."""

    def __init__(
        self,
        socket: ClientConnection,
        open_another: Callable[[], Awaitable[ClientConnection]],
        session: Mapping[str, Any],
    ) -> None:
        self._socket = socket
        self._open_another = open_another
        self._session = dict(session)
        self._session_id = ""
        self._is_ending = False
        self._reply_id = ""  # of the reply that runs
        self._reply_bytes = 0  # of its sound that came
        self._settled_ids: set[str] = set()  # of items that nobody has to answer

    async def begin(self) -> None:
        """Tell the server how the conversation is to be held."""
        await self.send("session.update", session=self._session)

    async def send(self, kind: str, **fields: Any) -> None:
        """Send an event, or drop it where the connection is lost."""
        with suppress(ConnectionClosed):
            await self._socket.send(orjson.dumps({"type": kind, **fields}).decode())

    async def append(self, pcm: bytes) -> None:
        """Send sound: PCM16 at 16 kHz."""
        audio = base64.b64encode(pcm).decode()
        await self.send("input_audio_buffer.append", audio=audio)

    async def finish(self) -> None:
        """End the conversation: `session.finished` is the last event."""
        self._is_ending = True
        await self.send("session.finish")

    async def close(self) -> None:
        await self._socket.close()

    async def events(self) -> AsyncGenerator[Event, None]:
        """What the server says, to the end of the conversation, and what becomes of the connection.

        Ours are `connection.lost`, and after it `connection.resumed` (`awaits`: an answer is on its
        way; `broke_off`: one has ended with the connection) or `connection.renewed`, where the
        server had forgotten the conversation and a new one has begun.

        Raises:
            ThinktalkError: the server ended it, or is not found again.
        """
        while True:
            try:
                event: Event = orjson.loads(await self._socket.recv())
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else None
                if self._is_ending or code == _NORMAL:
                    return
                if code in _REFUSALS or not self._session_id:
                    raise ThinktalkError(f"the server ended the conversation: {closed}") from None
                yield {"type": "connection.lost"}
                yield await self._reconnect()
            else:
                self._note(event)
                yield event

    def _note(self, event: Event) -> None:
        match event["type"]:
            case "session.created":
                self._session_id = event["session"]["id"]
            case "response.output_item.added":
                self._reply_id, self._reply_bytes = event["item"]["id"], 0
                self._settled_ids.add(self._reply_id)
            case "response.audio.delta":
                self._reply_bytes += len(sound_of(event))
            case "response.done":
                self._reply_id = ""
            case "thinktalk.sound.judged" if event["kind"] != "interruption":
                self._settled_ids.add(event["item_id"])

    async def _reconnect(self) -> Event:
        loop = asyncio.get_running_loop()
        give_up = loop.time() + _GIVE_UP_S
        for wait_s in chain(_WAITS_S, repeat(_WAITS_S[-1])):
            if loop.time() + wait_s > give_up:
                break
            await asyncio.sleep(wait_s)
            try:
                found = await self._resume()
            except InvalidStatus as refused:
                if refused.response.status_code in (401, 403, 404):
                    raise BadRequest(_reason(refused, "the server")) from None
            except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed):
                continue
            if self._is_ending:
                await self.finish()
            return found
        raise ThinktalkError(
            f"the connection was lost, and not found again within {_GIVE_UP_S:g} s"
        )

    async def _resume(self) -> Event:
        # Until the server has found the conversation, nothing else may be said on the new socket.
        socket = await self._open_another()
        try:
            async with asyncio.timeout(_ANSWER_S):
                new_id, found = await self._ask_for_session(socket)
        except BaseException:
            await socket.close()
            raise
        self._socket = socket
        if found is not None:
            return await self._go_on(found["item_ids"])
        self._session_id, self._reply_id = new_id, ""
        await self.begin()
        return {"type": "connection.renewed"}

    async def _ask_for_session(self, socket: ClientConnection) -> tuple[str, Event | None]:
        """The id of the new session, and `session.resumed` if it is the old one."""
        asked = {"type": "session.resume", "session_id": self._session_id}
        await socket.send(orjson.dumps(asked).decode())
        new_id = ""
        while True:
            event: Event = orjson.loads(await socket.recv())
            match event["type"]:
                case "session.created":
                    new_id = event["session"]["id"]
                case "session.resumed":
                    return new_id, event
                case "error":
                    return new_id, None

    async def _go_on(self, item_ids: Sequence[str]) -> Event:
        """Keep of the reply that ran what came of it; have answered what was not."""
        broke_off = self._reply_id in item_ids
        if broke_off:
            await self.send(
                "conversation.item.truncate",
                item_id=self._reply_id,
                content_index=0,
                audio_end_ms=self._reply_bytes * 1000 // (2 * OUTPUT_RATE),
            )
        self._reply_id = ""
        awaits = bool(item_ids) and item_ids[-1] not in self._settled_ids
        if awaits:
            await self.send("response.create")
        return {"type": "connection.resumed", "awaits": awaits, "broke_off": broke_off}


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

    async def open_socket() -> ClientConnection:
        return await connect(
            address,
            additional_headers=headers,
            open_timeout=_ANSWER_S,
            max_size=None,
            proxy=None,
        )

    try:
        talk = LiveTalk(await open_socket(), open_socket, session)
    except InvalidHandshake as refused:
        raise BadRequest(_reason(refused, parts.netloc)) from None
    except TimeoutError:
        raise ThinktalkError(f"{parts.netloc} does not answer within {_ANSWER_S:g} s") from None
    try:
        await talk.begin()
        yield talk
    finally:
        await talk.close()


def _reason(refused: InvalidHandshake, host: str) -> str:
    """What the server says of itself, where it says something."""
    body = getattr(getattr(refused, "response", None), "body", None)
    try:
        return str(orjson.loads(body or b"")["error"]["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return f"{host} does not hold conversations: {refused}"
