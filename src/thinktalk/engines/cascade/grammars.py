"""JSON schemas as grammars that decoding cannot leave. Knows nothing of prompts or models.

The grammars are in llguidance's Lark dialect, which `llama/grammar.py` follows. White space is
fixed, so that no model pads its answer without end.
Source: guidance-ai/llguidance `docs/syntax.md` and `docs/json_schema.md`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from thinktalk.conversation import Tool
from thinktalk.engines import schemas

NO_CALL = "none"
_HEAD = "%llguidance {}\n"
# `lenient` skips keywords it does not know, such as `not`, rather than refuse the whole schema.
_STYLE = {
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
    "lenient": True,
}
_MAX_ITEMS = 32  # of an array whose schema sets no limit: small models list without end
_SUBSCHEMAS = ("properties", "$defs", "definitions", "patternProperties")
_ALTERNATIVES = ("anyOf", "oneOf", "allOf", "prefixItems")
_NESTED = ("items", "additionalProperties")


def json_grammar(schema: dict[str, Any]) -> str:
    """Exactly one JSON value that follows `schema`."""
    return f"{_HEAD}start: {_json(schema)}"


def calls_grammar(tools: Sequence[Tool], *, optional: bool) -> str:
    """A call, `name {arguments}`; or, if `optional`, the word `none`."""
    rules = ["start: call" + (f" | {json.dumps(NO_CALL)}" if optional else "")]
    names = [f"{json.dumps(tool.name + ' ')} arguments{i}" for i, tool in enumerate(tools)]
    rules.append("call: " + " | ".join(names))
    rules += [f"arguments{i}: {_json(arguments_schema(tool))}" for i, tool in enumerate(tools)]
    return _HEAD + "\n".join(rules)


def arguments_schema(tool: Tool) -> dict[str, Any]:
    """The tool's parameters; a tool that names none takes an empty object."""
    return {"type": "object", "properties": {}} | tool.parameters


def schema_fault(schema: Any) -> str | None:
    """Why `schema` is not a JSON schema that can be followed, or None if it is."""
    if not isinstance(schema, dict):
        return f"it must be an object, got {type(schema).__name__}"
    if fault := schemas.fault(schema):
        return fault
    for reference in _references(schema):
        if not isinstance(resolve(schema, reference), (dict, bool)):
            return f"$ref {reference!r} points to nothing in this schema"
    return None


def resolve(root: dict[str, Any], reference: str) -> Any:
    """What a local `$ref` such as `#/$defs/city` points to, or None."""
    if not reference.startswith("#"):
        return None
    value: Any = root
    for step in reference[1:].split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _json(schema: dict[str, Any]) -> str:
    return "%json " + json.dumps({"x-guidance": _STYLE} | _bounded(schema))


def _bounded(schema: Any) -> Any:
    """The schema with unmentioned properties excluded and endless arrays cut.

    Whatever follows it follows the original too.
    """
    if not isinstance(schema, dict):
        return schema
    bounded = dict(schema)
    for key in _SUBSCHEMAS:
        if isinstance(bounded.get(key), dict):
            bounded[key] = {name: _bounded(inner) for name, inner in bounded[key].items()}
    for key in _ALTERNATIVES:
        if isinstance(bounded.get(key), list):
            bounded[key] = [_bounded(inner) for inner in bounded[key]]
    for key in _NESTED:
        if key in bounded:
            bounded[key] = _bounded(bounded[key])
    is_combined = "patternProperties" in bounded or any(key in bounded for key in _ALTERNATIVES)
    if "properties" in bounded and not is_combined:
        bounded.setdefault("additionalProperties", False)
    if bounded.get("type") == "array":
        bounded.setdefault("maxItems", max(_MAX_ITEMS, bounded.get("minItems", 0)))
    return bounded
