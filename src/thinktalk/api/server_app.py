"""The ASGI app: routes and what surrounds them. Built once from services and settings."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from thinktalk.api.context import ApiContext
from thinktalk.api.documentation import RequestSchemas
from thinktalk.api.edge import Edge
from thinktalk.api.errors import openai_body, retry_headers, status_of
from thinktalk.api.openai.chat import ChatCompletions
from thinktalk.api.openai.models import Models
from thinktalk.api.openai.schemas import ChatBody
from thinktalk.api.openai.speech import SpeakBody, Speech
from thinktalk.api.openai.transcriptions import FORM_SCHEMA, Transcriptions
from thinktalk.api.openai.voices import list_voices
from thinktalk.api.operations import ALIVE_PATHS, READY_PATHS, Operations, package_version
from thinktalk.api.reference import reference_page
from thinktalk.api.streaming import ClientGone
from thinktalk.errors import BadRequest, ThinktalkError
from thinktalk.serving.lifecycle import Lifecycle
from thinktalk.serving.services import Services
from thinktalk.settings import Settings

_PREFIXES = ("/v1", "/compatible-mode/v1")
_CLIENT_CLOSED = 499  # nobody reads it; it keeps the counts honest

Handler = Callable[[Request], Awaitable[Response]]


class Application:
    """A callable ASGI app, with what a runner needs to stop it well."""

    def __init__(self, context: ApiContext) -> None:
        self._edge = Edge(_routes(context), context)
        self.context = context

    @property
    def lifecycle(self) -> Lifecycle:
        return self.context.lifecycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._edge(scope, receive, send)


def build_asgi(services: Services, settings: Settings) -> Application:
    """The app that answers for these services. Engines are started when its lifespan begins."""
    return Application(ApiContext.build(services, settings))


def _routes(context: ApiContext) -> FastAPI:
    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
        context.readiness.begin()
        await context.services.loader.start()
        yield
        await context.readiness.stop()
        await context.services.loader.stop()

    app = FastAPI(
        title="thinktalk",
        version=package_version(),
        summary="Text, images, audio and video in; text and speech out.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    _add_errors(app, context)
    _add_openai(app, context)
    _add_operations(app, context)
    return app


def _add_openai(app: FastAPI, context: ApiContext) -> None:
    chat, models, speech = ChatCompletions(context), Models(context), Speech(context)
    transcriptions, form = Transcriptions(context), "multipart/form-data"
    schemas = RequestSchemas(app)
    chat_schema, speech_schema = schemas.of(ChatBody), schemas.of(SpeakBody)
    for prefix in _PREFIXES:
        audio = f"{prefix}/audio"
        _post(app, f"{prefix}/chat/completions", chat.create, chat_schema)
        _post(app, f"{audio}/speech", speech.create, speech_schema)
        _post(app, f"{audio}/transcriptions", transcriptions.transcribe, FORM_SCHEMA, form)
        _post(app, f"{audio}/translations", transcriptions.translate, FORM_SCHEMA, form)
        _get(app, f"{audio}/voices", list_voices)
        _get(app, f"{prefix}/models", models.list)
        _get(app, f"{prefix}/models/{{model_id:path}}", models.retrieve)


def _add_operations(app: FastAPI, context: ApiContext) -> None:
    operations = Operations(context)
    for path in ALIVE_PATHS:
        _get(app, path, operations.alive)
    for path in READY_PATHS:
        _get(app, path, operations.ready)
    _get(app, "/metrics", operations.metrics)
    _get(app, "/version", operations.version)

    async def docs(request: Request) -> Response:
        return HTMLResponse(reference_page(app.openapi()))

    _get(app, "/docs", docs)


def _get(app: FastAPI, path: str, handler: Handler) -> None:
    app.add_api_route(path, handler, methods=["GET"], response_model=None)
    app.add_api_route(path, handler, methods=["HEAD"], response_model=None, include_in_schema=False)


def _post(
    app: FastAPI,
    path: str,
    handler: Handler,
    schema: dict[str, Any],
    media_type: str = "application/json",
) -> None:
    # Handlers read the raw request, so that limits hold while reading; the schema is for /docs.
    body = {"required": True, "content": {media_type: {"schema": schema}}}
    app.add_api_route(
        path,
        handler,
        methods=["POST"],
        response_model=None,
        openapi_extra={"requestBody": body},
    )


def _add_errors(app: FastAPI, context: ApiContext) -> None:
    def answer(request: Request, error: Exception, status: int | None = None) -> Response:
        state = request.state
        context.count_error(error, state.request_id)
        body = openai_body(
            error, state.request_id, completion_id=getattr(state, "completion_id", None)
        )
        return Response(
            body,
            status or status_of(error),
            retry_headers(error),
            media_type="application/json",
        )

    async def ours(request: Request, error: Exception) -> Response:
        return answer(request, error)

    async def routing(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 405:
            message = f"Request method '{request.method}' is not supported."
        elif error.status_code == 404:
            message = f"There is nothing at {request.url.path}."
        else:
            message = str(error.detail)
        response = answer(request, BadRequest(message), error.status_code)
        response.headers.update(error.headers or {})
        return response

    async def gone(request: Request, error: Exception) -> Response:
        return Response(status_code=_CLIENT_CLOSED)

    app.add_exception_handler(ThinktalkError, ours)
    app.add_exception_handler(HTTPException, routing)
    app.add_exception_handler(ClientGone, gone)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(Exception, ours)
