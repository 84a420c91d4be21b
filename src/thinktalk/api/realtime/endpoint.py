"""The realtime socket's handshake: which model, which dialect, and whether there is room."""

from __future__ import annotations

import orjson
from starlette.websockets import WebSocket

from thinktalk.api.context import ApiContext
from thinktalk.api.realtime import flat
from thinktalk.api.realtime.connection import Connection
from thinktalk.api.realtime.dialect import Dialect
from thinktalk.api.realtime.openai_ga import NestedDialect
from thinktalk.api.realtime.resumption import LostConversations
from thinktalk.errors import Busy, InvalidField, ModelNotFound
from thinktalk.serving import models

DASHSCOPE_PATH = "/api-ws/v1/realtime"
OPENAI_PATHS = ("/v1/realtime", "/compatible-mode/v1/realtime")

_BETA_PROTOCOL, _PROTOCOL = "openai-beta.realtime-v1", "realtime"
_TRANSCRIBER = "qwen3.5-omni-flash-realtime"


class Realtime:
    """Lets clients in, up to the limit of sessions."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._num_sessions = 0
        self._lost = LostConversations(context.settings.realtime.resume_s)
        context.metrics.gauge(
            "num_realtime_sessions", "Live conversations", lambda: self._num_sessions
        )

    async def serve(self, socket: WebSocket) -> None:
        """Serve one client, to its end.

        Raises, before the socket is accepted:
            InvalidField: no model. ModelNotFound. Busy: too many sessions.
        """
        name = socket.query_params.get("model", "").strip()
        if not name and socket.query_params.get("intent") == "transcription":
            name = _TRANSCRIBER
        if not name:
            raise InvalidField("you must provide a model parameter", param="model")
        model = models.find_realtime(name)
        if model.tier not in self._context.services.engines:
            raise ModelNotFound(name)
        limit = self._context.settings.realtime.max_sessions
        if self._num_sessions >= limit:
            raise Busy(
                f"{self._num_sessions} live conversations are open; the limit is {limit} "
                "(realtime.max_sessions)",
                retry_after_s=10.0,
            )
        self._num_sessions += 1
        try:
            protocols = socket.scope.get("subprotocols", ())
            await socket.accept(_PROTOCOL if _PROTOCOL in protocols else None)
            caller = socket.scope["state"]["caller"]
            preset = orjson.loads(self._context.access.lent_session(socket.headers) or b"{}")
            connection = Connection(
                socket, self._context, model, _dialect(socket), caller, self._lost, preset
            )
            await connection.run()
        finally:
            self._num_sessions -= 1


def _dialect(socket: WebSocket) -> Dialect:
    if socket.url.path == DASHSCOPE_PATH:
        return flat.dashscope()
    is_beta = "realtime=v1" in socket.headers.get("openai-beta", "")
    if is_beta or _BETA_PROTOCOL in socket.scope.get("subprotocols", ()):
        return flat.openai_beta()
    return NestedDialect()
