"""The outermost layer: names each request, lets it in or not, and answers for whatever fails.

Plain ASGI around everything else, so that streams pass through it untouched.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from thinktalk.api.context import ApiContext
from thinktalk.api.dashscope.errors import is_native, native_body, native_status
from thinktalk.api.errors import openai_body, retry_headers, status_of
from thinktalk.api.operations import OPERATION_PATHS
from thinktalk.api.streaming import ClientGone
from thinktalk.errors import BadRequest, NoSuchSocket, NotReady, ThinktalkError

_log = logging.getLogger("thinktalk.access")
_CLIENT_CLOSED = 499  # nobody reads it; it keeps the counts honest
_SOCKET_ANSWERS = ("websocket.accept", "websocket.close", "websocket.http.response.start")


class Edge:
    """Wraps the routes of one server."""

    def __init__(self, app: ASGIApp, context: ApiContext) -> None:
        self._app = app
        self._context = context
        self._access = context.access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self._let_socket_in(scope, receive, send)
            return
        outcome = _Outcome(scope, send, self._context)
        try:
            await self._let_in(scope, receive, outcome)
        except asyncio.CancelledError:
            if outcome.status is not None or not self._context.lifecycle.is_draining:
                raise
            await self._refuse(NotReady("the server is stopping"), scope, receive, outcome)
        except (ClientGone, ClientDisconnect):
            outcome.status = outcome.status or _CLIENT_CLOSED
        except Exception as error:
            await self._refuse(error, scope, receive, outcome)
        finally:
            self._context.bodies.give_back(scope["state"])
            outcome.log()

    async def _let_in(self, scope: Scope, receive: Receive, outcome: _Outcome) -> None:
        headers = Headers(scope=scope)
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            granted = self._access.preflight_headers(scope, headers)
            await Response(status_code=204, headers=granted)(scope, receive, outcome.send)
            return
        scope["state"]["caller"] = self._access.admit(scope, headers)
        outcome.extra_headers = self._access.cors_headers(headers)
        if scope["path"] in OPERATION_PATHS:
            await self._app(scope, receive, outcome.send)
            return
        with self._context.lifecycle.request():
            await self._app(scope, receive, outcome.send)

    async def _let_socket_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_open = False
        # A copy: uvicorn hands the same lifespan state to every request.
        request_id = str(uuid.uuid4())
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}

        async def noted(message: Message) -> None:
            nonlocal is_open
            if message["type"] == "websocket.close" and not is_open:
                # Nobody has taken the address.
                raise NoSuchSocket(scope["path"])
            is_open = is_open or message["type"] in _SOCKET_ANSWERS
            await send(message)

        try:
            scope["state"]["caller"] = self._access.admit(scope, Headers(scope=scope))
            with self._context.lifecycle.request():
                await self._app(scope, receive, noted)
        except ThinktalkError as error:
            self._context.count_error(error, request_id)
            if not is_open:
                _log.info("socket %s refused: %s %s", scope["path"], error, request_id)
                await _refuse_socket(error, request_id, send)

    async def _refuse(
        self, error: Exception, scope: Scope, receive: Receive, outcome: _Outcome
    ) -> None:
        """Answer with the error. An answer that has begun is left as it is: the server cuts it."""
        native = is_native(scope["path"])
        status, headers = native_status(error) if native else status_of(error), retry_headers(error)
        if isinstance(error, HTTPException):
            status, headers = error.status_code, dict(error.headers or {})
            error = BadRequest(_message(error, scope))
        self._context.count_error(error, outcome.request_id)
        if outcome.status is not None:
            return
        completion_id = scope["state"].get("completion_id")
        if native:
            body = native_body(error, outcome.request_id, status)
        else:
            body = openai_body(error, outcome.request_id, completion_id=completion_id)
        response = Response(body, status, headers, media_type="application/json")
        await response(scope, receive, outcome.send)


async def _refuse_socket(error: ThinktalkError, request_id: str, send: Send) -> None:
    """Answer a handshake as any other request: clients show the status and the body."""
    headers = {"content-type": "application/json", **retry_headers(error)}
    start = {
        "type": "websocket.http.response.start",
        "status": status_of(error),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await send(start)
    body = openai_body(error, request_id)
    await send({"type": "websocket.http.response.body", "body": body})


def _message(error: HTTPException, scope: Scope) -> str:
    if error.status_code == 405:
        return f"Request method '{scope['method']}' is not supported."
    if error.status_code == 404:
        return f"There is nothing at {scope['path']}."
    return str(error.detail)


class _Outcome:
    """What becomes of one request: adds the headers that all answers have, notes the status."""

    def __init__(self, scope: Scope, send: Send, context: ApiContext) -> None:
        self.request_id = str(uuid.uuid4())
        self.status: int | None = None
        self.extra_headers: dict[str, str] = {}
        self._scope = scope
        self._send = send
        self._context = context
        self._started = time.monotonic()
        # A copy: uvicorn hands the same lifespan state to every request.
        scope["state"] = {**scope.get("state", {}), "request_id": self.request_id}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(raw=list(message.get("headers", ())))
            headers["x-request-id"] = self.request_id
            headers.update(self.extra_headers)
            headers.update(self._rate_headers())
            message = {**message, "headers": headers.raw}
        await self._send(message)

    def log(self) -> None:
        route = getattr(self._scope.get("route"), "path", "other")
        self._context.metrics.requests.labels(route, str(self.status)).inc()
        if route not in OPERATION_PATHS:
            took_ms = (time.monotonic() - self._started) * 1000
            _log.info(
                "%s %s %s %.0f ms %s",
                *(self._scope["method"], self._scope["path"], self.status or "gone"),
                *(took_ms, self.request_id),
            )

    def _rate_headers(self) -> dict[str, str]:
        who = self._scope["state"].get("caller")
        if who is None or self._scope["path"] in OPERATION_PATHS:
            return {}
        headers = {}
        for name, standing in self._context.rates.standings(who).items():
            headers[f"x-ratelimit-limit-{name}"] = str(standing.limit)
            headers[f"x-ratelimit-remaining-{name}"] = str(standing.remaining)
            headers[f"x-ratelimit-reset-{name}"] = f"{standing.reset_s:.3f}s"
        return headers
