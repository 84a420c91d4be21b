"""`GET /v1/models`: the names that are served, and plainly what answers behind each."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from thinktalk.api.context import ApiContext
from thinktalk.api.json_response import json_response
from thinktalk.errors import ModelNotFound
from thinktalk.serving.models import ServedModel, find, served


class Models:
    """Lists models; extra keys say which engine and weights serve each."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    async def list(self, request: Request) -> Response:
        data = [self._entry(model) for model in served() if self._is_available(model)]
        return json_response({"object": "list", "data": data})

    async def retrieve(self, request: Request) -> Response:
        model = find(request.path_params["model_id"])
        if not self._is_available(model):
            raise ModelNotFound(model.id)
        return json_response(self._entry(model))

    def _is_available(self, model: ServedModel) -> bool:
        services = self._context.services
        match model.kind:
            case "omni":
                return model.tier in services.engines
            case "transcription":
                return services.recognizer is not None
            case "speech":
                return services.synthesizer is not None

    def _entry(self, model: ServedModel) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "id": model.id,
            "object": "model",
            "created": model.created,
            "owned_by": "qwen" if model.base.startswith("qwen") else "system",
            "kind": model.kind,
        }
        if model.kind != "omni":
            return entry
        served_by = self._context.services.engines[model.tier].capabilities
        return {
            **entry,
            "tier": model.tier,
            "state": self._context.readiness.states()[model.tier],
            "engine": served_by.name,
            "parts": served_by.parts,
            "context_tokens": self._context.settings.limits.context_tokens,
            "window_tokens": served_by.context_tokens,
            "max_output_tokens": served_by.max_output_tokens,
            "speech": served_by.speech,
            "notes": list(served_by.notes),
        }
