"""Tools and reply formats whose schemas go in circles, burst or never match. Family `tool`."""

from __future__ import annotations

import json
from typing import Any

from thinktalk.abuse.case import EITHER, REFUSED, Case, Expected, Target
from thinktalk.abuse.sending import Body, chat, ordinary, posted

Schema = dict[str, Any]


def _nested(depth: int) -> Schema:
    schema: Schema = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"inner": schema}}
    return schema


def _with(field: Schema) -> Schema:
    return {"type": "object", "properties": {"a": field}}


def _matching(pattern: str) -> Schema:
    return _with({"type": "string", "pattern": pattern})


_DOUBLING: Schema = {
    **_with({"$ref": "#/$defs/d30"}),
    "$defs": {
        "d0": {"type": "string"},
        **{
            f"d{n}": {"type": "array", "prefixItems": [{"$ref": f"#/$defs/d{n - 1}"}] * 2}
            for n in range(1, 31)
        },
    },
}
_CIRCLE: Schema = {
    **_with({"$ref": "#/$defs/a"}),
    "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
}

_SCHEMAS: dict[str, tuple[Any, Expected]] = {
    "a schema that refers to itself": ({**_with({"$ref": "#"}), "required": ["a"]}, EITHER),
    "references in a circle": (_CIRCLE, EITHER),
    "references that double thirty times": (_DOUBLING, EITHER),
    "reference to nowhere": (_with({"$ref": "#/$defs/nowhere"}), EITHER),
    "reference to a file": (_with({"$ref": "file:///etc/passwd"}), EITHER),
    "reference to an address": (_with({"$ref": "http://127.0.0.1/schema.json"}), EITHER),
    "schema of its own kind": ({"$schema": "http://127.0.0.1/schema.json", **_with({})}, EITHER),
    "100,000 choices": (_with({"enum": [f"choice {n}" for n in range(100_000)]}), EITHER),
    "10,000 choices": (_with({"enum": [f"c{n}" for n in range(10_000)]}), EITHER),
    "5,000 properties": ({"properties": {f"p{n}": {} for n in range(5_000)}}, EITHER),
    "100 levels": (_nested(100), EITHER),
    "pattern that backtracks": (_matching("^(([a-z])+.)+[A-Z]([a-z])+$"), EITHER),
    "pattern that explodes": (_matching("(((a{1,100}){1,100}){1,100}){1,100}"), EITHER),
    "pattern that does not end": (_matching("(((("), EITHER),
    "pattern of 100,000 characters": (_matching("a?" * 50_000), EITHER),
    "text of 2^31 characters": (_with({"type": "string", "minLength": 2**31}), EITHER),
    "list of 10^9 items": (_with({"type": "array", "minItems": 10**9}), EITHER),
    "numbers below -1e308": (_with({"type": "integer", "minimum": 1, "maximum": -1e308}), EITHER),
    "unknown type": (_with({"type": "foo"}), REFUSED),
    "type of a list": (_with({"type": [[]]}), REFUSED),
    "properties, a list": ({"type": "object", "properties": []}, REFUSED),
    "required, a number": ({"type": "object", "required": 5}, REFUSED),
    "parameters, a text": ("object", REFUSED),
    "parameters, a list": ([], REFUSED),
}


def _tool(name: Any = "f", parameters: Any = None) -> Body:
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


_TOOLS: dict[str, tuple[Body, Expected]] = {
    "10,000 tools": ({"tools": [_tool(f"f{n}") for n in range(10_000)]}, EITHER),
    "tools with one name": ({"tools": [_tool(), _tool()]}, EITHER),
    "name of 1 MB": ({"tools": [_tool("f" * 1_000_000)]}, EITHER),
    "name, empty": ({"tools": [_tool("")]}, REFUSED),
    "name with quotes and line feeds": ({"tools": [_tool('f"\n}{')]}, EITHER),
    "name, a number": ({"tools": [_tool(5)]}, REFUSED),
    "tool of no kind": ({"tools": [{}]}, REFUSED),
    "tools of nulls": ({"tools": [None] * 1000}, REFUSED),
    "tools, a text": ({"tools": "all"}, REFUSED),
    "choice of a tool that is not there": (
        {"tools": [_tool()], "tool_choice": {"type": "function", "function": {"name": "g"}}},
        REFUSED,
    ),
    "reply format, unknown": ({"response_format": {"type": "xml"}}, REFUSED),
    "reply format without a schema": ({"response_format": {"type": "json_schema"}}, REFUSED),
}


def cases() -> list[Case]:
    parameters = [
        _case(f"{name}, of a tool", {"tools": [_tool(parameters=schema)]}, expected)
        for name, (schema, expected) in _SCHEMAS.items()
    ]
    formats = [
        _case(f"{name}, of the reply", _reply(schema), expected)
        for name, (schema, expected) in _SCHEMAS.items()
    ]
    tools = [_case(name, fields, expected) for name, (fields, expected) in _TOOLS.items()]
    return [*parameters, *formats, *tools, _deep_tool()]


def _deep_tool() -> Case:
    """Levels past what JSON writers of this language follow."""
    depth = 500
    levels = b'{"type":"object","properties":{"a":' * depth + b"{}" + b"}}" * depth

    def body(target: Target) -> bytes:
        request = {**ordinary(target), "tools": [_tool(parameters="levels")]}
        return json.dumps(request).encode().replace(b'"levels"', levels)

    return Case(family="tool", name=f"{depth} levels, of a tool", send=posted(body), pace="work")


def _reply(schema: Any) -> Body:
    described = {"name": "reply", "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": described}}


def _case(name: str, fields: Body, expected: Expected) -> Case:
    send = chat(lambda _: fields)
    return Case(family="tool", name=name, send=send, expected=expected, pace="work")
