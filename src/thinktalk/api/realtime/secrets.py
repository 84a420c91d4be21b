"""`POST /v1/realtime/client_secrets`: a key of a few minutes, for code in a browser."""

from __future__ import annotations

from typing import Any, Literal

import orjson
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from thinktalk.api.body import read_json
from thinktalk.api.context import ApiContext, caller
from thinktalk.api.json_response import json_response
from thinktalk.api.openai.schemas import Wire, parse
from thinktalk.api.openai.voices import VoiceReader
from thinktalk.api.realtime import voice
from thinktalk.api.realtime.openai_ga import NestedDialect
from thinktalk.api.realtime.schemas import size_bytes
from thinktalk.serving import models
from thinktalk.session.ids import new_id

_USUAL_S, _MAX_BODY_BYTES = 600, 64 * 1024
_USUAL_MODEL = "gpt-realtime"


class _Lifetime(Wire):
    anchor: Literal["created_at"] = "created_at"
    seconds: int = Field(_USUAL_S, ge=10, le=7200)


class _SecretBody(Wire):
    expires_after: _Lifetime = _Lifetime()
    session: dict[str, Any] = Field(default_factory=dict)


SECRET_SCHEMA = _SecretBody.model_json_schema()


class ClientSecrets:
    """Lends keys, and with each the settings of the session that it opens."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    async def create(self, request: Request) -> Response:
        raw = await read_json(request, _MAX_BODY_BYTES, self._context.bodies)
        body = parse(_SecretBody, raw)
        model = models.find_realtime(str(body.session.get("model") or _USUAL_MODEL))
        dialect, lifetime_s = NestedDialect(), self._context.settings.realtime.max_session_s
        opening = dialect.opening(new_id("sess"), model, lifetime_s)
        session = dialect.changed(opening, body.session)
        size_bytes(session, "session")
        name = dialect.read(session, model).voice or model.defaults.voice
        voices = VoiceReader.of(self._context).on_behalf_of(caller(request))
        await voice.choose(voices, name, model, dialect.voice_param)
        key, expires_at = self._context.access.lend(
            caller(request), body.expires_after.seconds, orjson.dumps(body.session)
        )
        return json_response({"value": key, "expires_at": expires_at, "session": session})
