"""Connections that let go of clients who have stopped taking their answer, or sending.

An answer waits for its reader; a reader who never comes back must not hold its place for ever.
Knows nothing of requests.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from thinktalk.api.reading import RequestReader
from thinktalk.settings import ServerSettings

# The system would buffer megabytes, and hide behind them whether a client still reads.
_SEND_BUFFER_BYTES = 256 * 1024

_MAX_FRAME_BYTES = 24 * 1024 * 1024

_log = logging.getLogger(__name__)


class Impatient(asyncio.Protocol):
    """Cut when its client has taken nothing for `write_timeout_s`.

    To the application it looks like any client that went away. A slow reader is not cut: what
    counts is that some of what waits, about 100 KB at a time, was taken.
    """

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    write_timeout_s: float
    _watch: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_progress()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_watching()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watching()
        super().connection_lost(exc)

    def _expect_progress(self) -> None:
        self._stop_watching()
        num_left = self.transport.get_write_buffer_size()
        self._watch = self.loop.call_later(self.write_timeout_s, self._check, num_left)

    def _check(self, num_left: int) -> None:
        if not num_left or self.transport.get_write_buffer_size() < num_left:
            self._expect_progress()
            return
        _log.info("a client took nothing for %g s: cut off", self.write_timeout_s)
        # Closing would wait for what is written to be taken.
        self.transport.abort()

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None


class Connection(Impatient, RequestReader):
    """uvicorn's HTTP connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        ours = transport.get_extra_info("socket")
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        super().connection_made(transport)


class Socket(Impatient, WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, which takes a handshake that was refused for one that is over."""

    _is_over = False

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self._is_over = True
        if not self.disconnected:  # what was said last may never be taken, however short it is
            self._expect_progress()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._is_over:
            self._expect_progress()

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True


def socket_options(server: ServerSettings) -> dict[str, Any]:
    """How uvicorn serves WebSockets: frames may hold 15 MiB of sound in base64."""
    return {
        "ws": type("Socket", (Socket,), {"write_timeout_s": server.write_timeout_s}),
        "ws_max_size": _MAX_FRAME_BYTES,
        "ws_ping_interval": 20.0,
        "ws_ping_timeout": 20.0,
        # Sound does not get smaller, and clients of speech turn it off.
        "ws_per_message_deflate": False,
    }


def connection_class(server: ServerSettings) -> type[Connection]:
    """What uvicorn makes a connection of."""
    limits = {"read_timeout_s": server.read_timeout_s, "write_timeout_s": server.write_timeout_s}
    return type("Connection", (Connection,), limits)
