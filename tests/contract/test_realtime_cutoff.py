"""Clients that take nothing or go without a word lose their place, and cost no memory."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from support.live import DASHSCOPE, live
from support.server import serving
from thinktalk.testing import Fault, ScriptedEngine

_SMALL_BUFFER = 4096


async def deaf_client(url: str) -> socket.socket:
    """A session whose client has not read anything, not even the handshake."""
    port = int(url.rpartition(":")[2])
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
    client.connect(("127.0.0.1", port))
    client.setblocking(False)
    request = (
        f"GET {DASHSCOPE} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    )
    await asyncio.get_running_loop().sock_sendall(client, request.encode())
    return client


def text_frame(text: str) -> bytes:
    """Masked with zeros, as a client's frames have to be."""
    size = len(text).to_bytes(2, "big")
    return b"\x81\xfe" + size + bytes(4) + text.encode()


async def there_is_room(url: str) -> None:
    async with asyncio.timeout(5):
        while True:
            try:
                async with live(url):
                    return
            except Exception:
                await asyncio.sleep(0.1)


async def test_a_client_that_asks_and_never_reads_loses_its_place_and_its_connection() -> None:
    with serving(realtime={"max_sessions": 1}, server={"write_timeout_s": 0.5}) as url:
        client = await deaf_client(url)
        flood = text_frame(json.dumps({"type": "x" * 600})) * 40_000
        with client, pytest.raises(ConnectionError):
            async with asyncio.timeout(10):
                await asyncio.get_running_loop().sock_sendall(client, flood)
        await there_is_room(url)


async def test_a_client_that_goes_while_its_last_answer_stalls_is_noticed() -> None:
    engine = ScriptedEngine("Hello there.", faults=[Fault("stall", after=1)])
    with serving(engine, realtime={"max_sessions": 1}) as url:
        async with live(url) as client:
            await client.send("session.update", session={"turn_detection": None})
            await client.send("response.create")
            await client.until("response.created")
            await client.send("session.finish")
            await client.send("response.cancel")  # is said too late to be heard
            await asyncio.sleep(0.2)
            client.socket.transport.abort()
        await there_is_room(url)
        assert engine.running == 0
        assert not any(frame["type"] == "error" for frame in client.frames)


async def test_what_a_client_sends_comes_back_shortened() -> None:
    with serving() as url:
        async with live(url) as client:
            for event in (
                {"type": "x" * 1_000_000},
                {"type": "conversation.item.retrieve", "item_id": "i" * 1_000_000},
                {"type": "session.update", "session": {"voice": "v" * 500_000}},
                {"type": "session.update", "session": {"tool_choice": "t" * 500_000}},
                {"type": "response.cancel", "event_id": "e" * 1_000_000},
            ):
                await client.socket.send(json.dumps(event))
                error = await client.error()
                assert len(json.dumps(error)) < 2_000
            assert error["param"] == "event_id" and error["event_id"] is None
