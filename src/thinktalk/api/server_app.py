"""The ASGI app: routes and what surrounds them. Built once from services and settings."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from thinktalk.api.context import ApiContext
from thinktalk.api.dashscope.customization import PATH as CUSTOMIZATION_PATH
from thinktalk.api.dashscope.customization import Customization
from thinktalk.api.dashscope.schemas import EnrolmentBody
from thinktalk.api.documentation import RequestSchemas
from thinktalk.api.edge import Edge
from thinktalk.api.openai.chat import ChatCompletions
from thinktalk.api.openai.enrolment import ENROLMENT_SCHEMA, RENAME_SCHEMA, Voices
from thinktalk.api.openai.files import FILE_SCHEMA, Files
from thinktalk.api.openai.media_plan import MediaPlan
from thinktalk.api.openai.models import Models
from thinktalk.api.openai.schemas import ChatBody
from thinktalk.api.openai.speech import SpeakBody, Speech
from thinktalk.api.openai.transcriptions import FORM_SCHEMA, Transcriptions
from thinktalk.api.operations import ALIVE_PATHS, READY_PATHS, Operations, package_version
from thinktalk.api.page import ASSETS, Page
from thinktalk.api.realtime.endpoint import DASHSCOPE_PATH, OPENAI_PATHS, Realtime
from thinktalk.api.realtime.secrets import SECRET_SCHEMA, ClientSecrets
from thinktalk.api.reference import reference_page
from thinktalk.serving.lifecycle import Lifecycle
from thinktalk.serving.services import Services
from thinktalk.settings import Settings

_PREFIXES = ("/v1", "/compatible-mode/v1")

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


def _routes(context: ApiContext) -> ASGIApp:
    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
        context.readiness.begin()
        await context.services.loader.start()
        await context.services.files.start()
        await context.services.voices.start()
        yield
        # What improves voices works with the engines.
        await context.cloner.stop()
        await context.readiness.stop()
        await context.services.loader.stop()
        await context.services.files.stop()
        await context.services.voices.stop()

    app = FastAPI(
        title="thinktalk",
        version=package_version(),
        summary="Text, images, audio and video in; text and speech out.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.router.route_class = _Route
    _add_openai(app, context)
    _add_realtime(app, context)
    _add_operations(app, context)
    _add_page(app)

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = app  # or else a router words its 404 and 405 itself
        await app.router(scope, receive, send)

    return route


class _Route(APIRoute):
    """FastAPI documents the handler; it is called with the request and nothing else around it.

    Dependencies, exit stacks and error handlers, of which handlers here use none, cost a request
    more than reading and checking it.
    """

    def __init__(self, path: str, endpoint: Handler, **options: Any) -> None:
        super().__init__(path, endpoint, **options)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive, send))
            await response(scope, receive, send)

        self.app = app


def _add_openai(app: FastAPI, context: ApiContext) -> None:
    chat, models, speech = ChatCompletions(context), Models(context), Speech(context)
    transcriptions, files, form = Transcriptions(context), Files(context), "multipart/form-data"
    plan, voices = MediaPlan(context), Voices(context)
    schemas = RequestSchemas(app)
    chat_schema, speech_schema = schemas.of(ChatBody), schemas.of(SpeakBody)
    for prefix in _PREFIXES:
        audio = f"{prefix}/audio"
        _post(app, f"{prefix}/chat/completions", chat.create, chat_schema)
        _post(app, f"{prefix}/media/plan", plan.plan, chat_schema)
        _post(app, f"{audio}/speech", speech.create, speech_schema)
        _post(app, f"{audio}/transcriptions", transcriptions.transcribe, FORM_SCHEMA, form)
        _post(app, f"{audio}/translations", transcriptions.translate, FORM_SCHEMA, form)
        _post(app, f"{audio}/voices", voices.create, ENROLMENT_SCHEMA, form)
        _get(app, f"{audio}/voices", voices.list)
        _get(app, f"{audio}/voices/{{voice_id}}", voices.retrieve)
        _post(app, f"{audio}/voices/{{voice_id}}", voices.rename, RENAME_SCHEMA)
        _delete(app, f"{audio}/voices/{{voice_id}}", voices.delete)
        _post(app, f"{prefix}/files", files.create, FILE_SCHEMA, form)
        _get(app, f"{prefix}/files", files.list)
        _get(app, f"{prefix}/files/{{file_id}}", files.retrieve)
        _get(app, f"{prefix}/files/{{file_id}}/content", files.content)
        _delete(app, f"{prefix}/files/{{file_id}}", files.delete)
        _get(app, f"{prefix}/models", models.list)
        _get(app, f"{prefix}/models/{{model_id:path}}", models.retrieve)
    customization = Customization(context)
    _post(app, CUSTOMIZATION_PATH, customization.answer, schemas.of(EnrolmentBody))


def _add_realtime(app: FastAPI, context: ApiContext) -> None:
    realtime, secrets = Realtime(context), ClientSecrets(context)
    for prefix in _PREFIXES:
        _post(app, f"{prefix}/realtime/client_secrets", secrets.create, SECRET_SCHEMA)
    for path in (DASHSCOPE_PATH, *OPENAI_PATHS):
        app.router.routes.append(WebSocketRoute(path, realtime.serve))


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


def _add_page(app: FastAPI) -> None:
    page = Page()
    for path, handler in (("/", page.index), (f"{ASSETS}{{name}}", page.asset)):
        app.add_api_route(
            path, handler, methods=["GET", "HEAD"], response_model=None, include_in_schema=False
        )


def _get(app: FastAPI, path: str, handler: Handler) -> None:
    app.add_api_route(path, handler, methods=["GET"], response_model=None)
    app.add_api_route(path, handler, methods=["HEAD"], response_model=None, include_in_schema=False)


def _delete(app: FastAPI, path: str, handler: Handler) -> None:
    app.add_api_route(path, handler, methods=["DELETE"], response_model=None)


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
