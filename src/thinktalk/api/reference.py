"""`/docs`: the paths with their request schemas as one plain page that needs no other server."""

from __future__ import annotations

import html
import json
from typing import Any

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto }}
code, pre {{ font-family: ui-monospace, monospace }}
pre {{ overflow: auto; background: #8881; padding: 1rem }}
summary {{ cursor: pointer; padding: .2rem 0 }} b {{ display: inline-block; min-width: 4rem }}
</style>
<h1>{title}</h1>
<p>{summary} For machines: <a href="/openapi.json">openapi.json</a>.</p>
{paths}
<h2>Schemas</h2>
{schemas}
</html>"""
_DETAILS = "<details><summary>{head}</summary><pre>{body}</pre></details>"


def reference_page(document: dict[str, Any]) -> str:
    """An OpenAPI document as HTML."""
    paths = [
        _DETAILS.format(head=_head(method, path), body=_json(_request(operation)))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    parts = document.get("components", {}).get("schemas", {})
    schemas = [
        _DETAILS.format(head=f"<code>{html.escape(name)}</code>", body=_json(schema))
        for name, schema in sorted(parts.items())
    ]
    info = document["info"]
    return _PAGE.format(
        title=html.escape(f"{info['title']} {info['version']}"),
        summary=html.escape(info.get("summary", "")),
        paths="\n".join(paths),
        schemas="\n".join(schemas),
    )


def _head(method: str, path: str) -> str:
    return f"<b>{method.upper()}</b> <code>{html.escape(path)}</code>"


def _request(operation: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {})
    return {kind: entry.get("schema", {}) for kind, entry in content.items()}


def _json(value: Any) -> str:
    return html.escape(json.dumps(value, indent=2, ensure_ascii=False)) if value else "no body"
