"""Answers that grow, without a server: what is sent, and who is cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from starlette.types import Message

from thinktalk.api.streaming import ClientGone, GrowingResponse


async def pieces() -> AsyncGenerator[bytes, None]:
    for piece in (b"one", b"", b"two"):
        await asyncio.sleep(0)
        yield piece


async def sent_by(response: GrowingResponse, *, leaves_after: int | None = None) -> list[Message]:
    """What the server is given; the client goes away after so many messages."""
    sent: list[Message] = []
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) == leaves_after:
            gone.set()

    with contextlib.suppress(ClientGone):
        await response({"type": "http"}, receive, send)
    await asyncio.sleep(0)  # a late cancel would arrive here
    return sent


async def test_the_end_shares_a_message_with_the_end_of_the_answer() -> None:
    response = GrowingResponse(pieces(), end=lambda: b"end", media_type="text/plain", stall_s=5)
    start, *bodies = await sent_by(response)
    assert start["status"] == 200
    assert [(body["body"], body["more_body"]) for body in bodies] == [
        (b"one", True),
        (b"two", True),
        (b"end", False),
    ]


async def test_a_client_that_leaves_gets_no_end() -> None:
    response = GrowingResponse(pieces(), end=lambda: b"end", media_type="text/plain", stall_s=5)
    sent = await sent_by(response, leaves_after=2)
    assert all(message.get("body") != b"end" for message in sent)


async def test_who_leaves_at_the_end_cancels_nothing() -> None:
    response = GrowingResponse(pieces(), end=lambda: b"end", media_type="text/plain", stall_s=5)
    assert (await sent_by(response, leaves_after=4))[-1]["body"] == b"end"


async def test_a_slow_reader_is_not_taken_for_a_silent_engine() -> None:
    sent: list[Message] = []

    async def receive() -> dict[str, Any]:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def send(message: Message) -> None:
        await asyncio.sleep(0.12)
        sent.append(message)

    response = GrowingResponse(pieces(), end=lambda: b"end", media_type="text/plain", stall_s=0.1)
    await response({"type": "http"}, receive, send)
    assert [message.get("body") for message in sent[1:]] == [b"one", b"two", b"end"]
