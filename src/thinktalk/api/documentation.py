"""Request schemas for `/docs`. Handlers read raw requests, so FastAPI cannot find the schemas."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from thinktalk.api.openai.schemas import Wire


class RequestSchemas:
    """Collects the parts of request schemas and puts them where the document can refer to them."""

    def __init__(self, app: FastAPI) -> None:
        self._parts: dict[str, Any] = {}
        self._app = app
        self._generate = app.openapi
        app.openapi = self._document  # type: ignore[method-assign]

    def of(self, kind: type[Wire]) -> dict[str, Any]:
        """The JSON schema of a body, its parts by reference."""
        schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
        self._parts.update(schema.pop("$defs", {}))
        return schema

    def _document(self) -> dict[str, Any]:
        document = self._generate()
        document.setdefault("components", {}).setdefault("schemas", {}).update(self._parts)
        return document
