"""Operations: is it alive, is it ready, what does it count, which version is it."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from starlette.requests import Request
from starlette.responses import Response

from thinktalk.api.context import ApiContext
from thinktalk.api.json_response import json_response
from thinktalk.serving.models import served
from thinktalk.telemetry import CONTENT_TYPE

ALIVE_PATHS = ("/health", "/healthz", "/live")
READY_PATHS = ("/ready", "/readyz")
OPERATION_PATHS = frozenset({*ALIVE_PATHS, *READY_PATHS, "/metrics", "/version"})


class Operations:
    """Handlers that never touch a model."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    async def alive(self, request: Request) -> Response:
        """200 as long as the process runs."""
        return json_response({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """200 once every tier that is loaded at start can answer, 503 before and while stopping."""
        readiness, states = self._context.readiness, self._context.readiness.states()
        is_ready = readiness.is_ready and not self._context.lifecycle.is_draining
        word = "ready" if is_ready else "loading"
        if self._context.lifecycle.is_draining:
            word = "draining"
        elif "failed" in states.values() and not is_ready:
            word = "failed"
        models = {
            model.id: states[model.tier]
            for model in served()
            if model.kind == "omni" and model.id == model.base and model.tier in states
        }
        headers = {} if is_ready else {"retry-after": "2"}
        return json_response({"status": word, "models": models}, 200 if is_ready else 503, headers)

    async def metrics(self, request: Request) -> Response:
        """Prometheus text."""
        return Response(self._context.metrics.render(), headers={"content-type": CONTENT_TYPE})

    async def version(self, request: Request) -> Response:
        """What runs here."""
        engines = self._context.services.engines
        return json_response(
            {
                "version": package_version(),
                "build": f"python {platform.python_version()} {platform.machine()}",
                "models": {tier: engine.capabilities.name for tier, engine in engines.items()},
            }
        )


def package_version() -> str:
    """The installed version; `0` in a tree that was never installed."""
    try:
        return version("thinktalk")
    except PackageNotFoundError:
        return "0"
