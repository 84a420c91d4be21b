"""`POST /v1/realtime/client_secrets`: a key of a few minutes, for code in a browser."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from thinktalk.api.body import read_json
from thinktalk.api.context import ApiContext, caller
from thinktalk.api.json_response import json_response
from thinktalk.api.openai.schemas import Wire, parse
from thinktalk.api.realtime.openai_ga import NestedDialect
from thinktalk.serving import models
from thinktalk.session.ids import new_id

_USUAL_S, _MAX_BODY_BYTES = 600, 256 * 1024
_USUAL_MODEL = "gpt-realtime"


class _Lifetime(Wire):
    anchor: Literal["created_at"] = "created_at"
    seconds: int = Field(_USUAL_S, ge=10, le=7200)


class _SecretBody(Wire):
    expires_after: _Lifetime = _Lifetime()
    session: dict[str, Any] = Field(default_factory=dict)


SECRET_SCHEMA = _SecretBody.model_json_schema()


class ClientSecrets:
    """Lends keys. The session in the answer is what the client asked for, not more."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    async def create(self, request: Request) -> Response:
        raw = await read_json(request, _MAX_BODY_BYTES, self._context.bodies)
        body = parse(_SecretBody, raw)
        model = models.find_realtime(str(body.session.get("model") or _USUAL_MODEL))
        dialect = NestedDialect()
        session = dialect.changed(
            dialect.opening(new_id("sess"), model, self._context.settings.realtime.max_session_s),
            body.session,
        )
        dialect.read(session, model)
        key, expires_at = self._context.access.lend(caller(request), body.expires_after.seconds)
        return json_response({"value": key, "expires_at": expires_at, "session": session})
