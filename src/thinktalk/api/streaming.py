"""Answers that grow: pieces are sent as they come, comments while none comes.

The source stops as soon as the client goes away. The status line is held back until the first piece
(or the first comment), so that whatever fails before it still gets its own status. Knows nothing of
what the pieces mean.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from thinktalk.errors import EngineFailed, NotReady

T = TypeVar("T")


class ClientGone(Exception):
    """Nobody is left to answer."""


async def while_connected(receive: Receive, work: Awaitable[T]) -> T:
    """Await `work`, cancelling it when the client goes away.

    Raises:
        ClientGone: it went away first.
    """
    worker = asyncio.ensure_future(work)
    watcher = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait((worker, watcher), return_when=asyncio.FIRST_COMPLETED)
        if worker.done():
            return worker.result()
        raise ClientGone
    finally:
        watcher.cancel()
        if not worker.done():
            worker.cancel()
            await asyncio.wait((worker,))


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class GrowingResponse(Response):
    """Sends what `pieces` yields. An empty piece is a sign of life and sends nothing.

    Args:
        end: renders what follows the last piece; it shares a packet with the end of the answer.
        keep_alive: renders what is sent after every `keep_alive_s` without a piece; None where the
            format has no room for comments.
        on_error: renders an error that comes after the start; without it the connection is cut.
        stall_s: longest time without a piece.
        late_headers: asked for when the status line is sent.
    """

    def __init__(
        self,
        pieces: AsyncGenerator[bytes, None],
        *,
        media_type: str,
        stall_s: float,
        end: Callable[[], bytes] = bytes,
        keep_alive: Callable[[], bytes] | None = None,
        keep_alive_s: float = 10.0,
        on_error: Callable[[Exception], bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        late_headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self.status_code = 200
        self.background = None
        self.media_type = media_type
        self._pieces = pieces
        self._end = end
        self._stall_s = stall_s
        self._keep_alive = keep_alive
        self._keep_alive_s = keep_alive_s
        self._on_error = on_error
        self._late_headers = late_headers
        self.init_headers({"cache-control": "no-cache", **(headers or {})})

    def start(self) -> None:
        """Settle the headers; nothing is added after it."""
        self.headers.update(self._late_headers())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sender, rest = _Sender(self, send), b""
        worker = asyncio.current_task()
        assert worker is not None
        watch = asyncio.create_task(self._watch(sender, receive, worker))
        try:
            async for piece in self._pieces:
                sender.note_life()
                if piece:
                    await sender.write(piece)
                    sender.note_life()  # what a slow reader took is no silence of the engine's
            rest = self._end()
        except asyncio.CancelledError:
            if not watch.done():  # the server stops
                if not sender.is_started or self._on_error is None:
                    raise
                rest = self._on_error(NotReady("the server is stopping"))
            else:
                worker.uncancel()
                if isinstance(watch.result(), ClientGone):
                    raise watch.result() from None
                rest = self._fail(sender, watch.result())
        except Exception as error:
            rest = self._fail(sender, error)
        finally:
            watch.cancel()
            await self._pieces.aclose()
        await sender.write(rest, is_last=True)

    def _fail(self, sender: _Sender, error: Exception) -> bytes:
        if not sender.is_started or self._on_error is None:
            raise error
        return self._on_error(error)

    async def _watch(
        self, sender: _Sender, receive: Receive, worker: asyncio.Task[object]
    ) -> Exception:
        """Comment on silence; cancel `worker` when there is no use in going on, and say why.

        It cancels in its last step, so that once it has been cancelled itself it never does.
        """
        now = sender.clock
        while (left_s := sender.alive_at + self._stall_s - now()) > 0:
            comment_in_s = max(sender.alive_at, sender.commented_at) + self._keep_alive_s - now()
            if comment_in_s <= 0:
                sender.commented_at = now()
                if self._keep_alive is not None:
                    await sender.write(self._keep_alive())
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(comment_in_s, left_s)):
                    await _disconnected(receive)
                worker.cancel()
                return ClientGone()
        worker.cancel()
        return EngineFailed(f"no progress for {self._stall_s:g} s")


class _Sender:
    """The ASGI side: starts with the first write, ends once."""

    def __init__(self, response: GrowingResponse, send: Send) -> None:
        self._send = send
        self._response = response
        self.clock = asyncio.get_running_loop().time
        self.is_started = False
        self._writing = asyncio.Lock()  # pieces and comments never cross
        self._alive_at = self.commented_at = self.clock()

    @property
    def alive_at(self) -> float:
        """When the engine last gave something; now, while the client still has to take it."""
        return self.clock() if self._writing.locked() else self._alive_at

    def note_life(self) -> None:
        self._alive_at = self.clock()

    async def write(self, piece: bytes, *, is_last: bool = False) -> None:
        async with self._writing:
            if not self.is_started:
                await self._start()
            body = {"type": "http.response.body", "body": piece, "more_body": not is_last}
            await self._send(body)

    async def _start(self) -> None:
        self.is_started = True
        self._response.start()
        await self._send(
            {
                "type": "http.response.start",
                "status": self._response.status_code,
                "headers": self._response.raw_headers,
            }
        )
