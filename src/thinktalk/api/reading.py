"""HTTP connections that do not wait for ever for a request, nor for the end of its head.

A client that dawdles costs a connection for as long as it likes, one that never ends its head costs
memory. Both are told so in the shape of every other error, and let go. Knows nothing of routes.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from thinktalk.api.errors import openai_body, status_of
from thinktalk.errors import BadRequest, HeadTooLarge, RequestTooSlow, ThinktalkError

# Of the request line and all headers; trailers count too.
MAX_HEAD_BYTES = 64 * 1024
# What a header costs beside its text.
_HEADER_BYTES = 32
# Every byte of a body buys its sender time at this rate: slower than any network in use.
SLOWEST_BYTES_PER_S = 1024
# A connection that is reset takes the answer with it, so a refused client gets time to read it.
_FAREWELL_S = 2.0

_log = logging.getLogger(__name__)


class RequestReader(HttpToolsProtocol):
    """uvicorn's connection, with limits on a request's head and on the time that it takes.

    A head has `read_timeout_s`. So has a body, and as much again ahead of it, always, as its bytes
    have earned: it may stand still for that long, and slow down to `SLOWEST_BYTES_PER_S`.
    """

    read_timeout_s: float
    _timer: asyncio.TimerHandle | None = None
    _deadline = 0.0
    _is_refused = False
    _fault: ThinktalkError | None = None
    # Bytes since the last that belonged to a body, and those of the headers so far.
    _num_bare_bytes = 0
    _num_header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_more()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        if self._timer is None and not self._is_answering():
            self._expect_more()
        self._num_bare_bytes += len(data)
        super().data_received(data)
        if self._num_bare_bytes > MAX_HEAD_BYTES and not self._is_refused:
            self._refuse(HeadTooLarge(MAX_HEAD_BYTES))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._num_header_bytes += len(name) + len(value) + _HEADER_BYTES
        if self._num_header_bytes > MAX_HEAD_BYTES:
            self._fault = HeadTooLarge(MAX_HEAD_BYTES)
            raise self._fault
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._expect_more()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._num_bare_bytes = 0
        earned = self._deadline + len(body) / SLOWEST_BYTES_PER_S
        self._deadline = min(earned, self.loop.time() + self.read_timeout_s)
        super().on_body(body)

    def handle_websocket_upgrade(self) -> None:
        self._stop_timer()  # a socket has limits of its own
        super().handle_websocket_upgrade()

    def on_message_complete(self) -> None:
        self._num_bare_bytes = self._num_header_bytes = 0
        self._stop_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self.cycle.more_body:
            # Refused before its end. What still comes is dropped, but not for ever.
            self._stop_timer()
            self._timer = self.loop.call_later(self.read_timeout_s, self.transport.abort)
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._fault or BadRequest(msg))

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _expect_more(self) -> None:
        self._deadline = self.loop.time() + self.read_timeout_s
        if self._timer is None:
            self._timer = self.loop.call_at(self._deadline, self._check_pace)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check_pace(self) -> None:
        self._timer = None
        if self.flow.read_paused:  # it is us who take nothing
            self._deadline = self.loop.time() + self.read_timeout_s
        if self._deadline > self.loop.time():
            self._timer = self.loop.call_at(self._deadline, self._check_pace)
        elif self._num_bare_bytes or self._is_answering():
            self._refuse(RequestTooSlow(self.read_timeout_s))
        else:
            self.transport.close()  # browsers open connections that they may never use

    def _refuse(self, fault: ThinktalkError) -> None:
        """Answer, hear no more, and close once the client has had the time to read it."""
        self._is_refused = True
        self._stop_timer()
        self._unset_keepalive_if_required()
        _log.info("a request was refused: %s", fault)
        if self.pipeline or (self._is_answering() and self.cycle.response_started):
            self.transport.close()  # another answer is on its way
            return
        if self._is_answering():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.flow.resume_reading()
        self.transport.write(_answer(fault))
        self.transport.write_eof()
        self._timer = self.loop.call_later(_FAREWELL_S, self.transport.abort)


def _answer(fault: ThinktalkError) -> bytes:
    request_id = str(uuid.uuid4())
    status = HTTPStatus(status_of(fault))
    body = openai_body(fault, request_id)
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\nconnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body
