from __future__ import annotations

import json
from typing import Any

import pytest

from thinktalk.conversation import Tool
from thinktalk.engines.cascade.grammars import (
    arguments_schema,
    calls_grammar,
    json_grammar,
    schema_fault,
)


def _schema_in(grammar: str, rule: str = "start") -> dict[str, Any]:
    line = next(line for line in grammar.splitlines() if line.startswith(f"{rule}: %json"))
    schema = json.loads(line.split("%json ", 1)[1])
    assert schema.pop("x-guidance")["whitespace_flexible"] is False
    return dict(schema)


def test_properties_that_the_schema_does_not_mention_are_excluded() -> None:
    nested = {"type": "object", "properties": {"deep": {"type": "string"}}}
    grammar = json_grammar({"type": "object", "properties": {"inner": nested}})
    schema = _schema_in(grammar)
    assert schema["additionalProperties"] is False
    assert schema["properties"]["inner"]["additionalProperties"] is False


def test_properties_that_the_schema_allows_stay_allowed() -> None:
    schema = {"type": "object", "properties": {}, "additionalProperties": {"type": "integer"}}
    assert _schema_in(json_grammar(schema)) == schema


def test_parts_that_are_combined_do_not_exclude_each_other() -> None:
    one = {"properties": {"a": {"type": "string"}}}
    schema = {"type": "object", "properties": {"b": {"type": "string"}}, "allOf": [one]}
    assert "additionalProperties" not in _schema_in(json_grammar(schema))


@pytest.mark.parametrize(
    ("array", "max_items"), [({}, 32), ({"maxItems": 3}, 3), ({"minItems": 40}, 40)]
)
def test_arrays_have_an_end(array: dict[str, int], max_items: int) -> None:
    assert _schema_in(json_grammar({"type": "array"} | array))["maxItems"] == max_items


def test_the_callers_schema_is_not_changed() -> None:
    schema = {"type": "object", "properties": {"list": {"type": "array"}}}
    before = json.dumps(schema)
    json_grammar(schema)
    assert json.dumps(schema) == before


def test_each_tool_has_its_name_and_its_arguments() -> None:
    tools = [
        Tool("now", "", {}),
        Tool("add", "", {"type": "object", "properties": {"n": {"type": "integer"}}}),
    ]
    grammar = calls_grammar(tools, optional=True)
    assert 'call: "now " arguments0 | "add " arguments1' in grammar
    assert 'start: call | "none"' in grammar
    assert _schema_in(grammar, "arguments0") == {
        "type": "object",
        "properties": {},
        "additionalProperties": False,
    }


def test_a_demanded_single_call_leaves_no_way_out() -> None:
    grammar = calls_grammar([Tool("now", "", {})], optional=False)
    assert "start: call\n" in grammar
    assert "none" not in grammar


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("text", "must be an object, got str"),
        ({"type": "objekt"}, "objekt"),
        ({"properties": {"a": {"type": 3}}}, "at properties/a/type"),
        ({"$ref": "#/$defs/absent"}, "'#/\\$defs/absent' points to nothing"),
        ({"$ref": "https://example.com/s.json"}, "points to nothing in this schema"),
    ],
)
def test_what_is_wrong_with_a_schema_is_said(schema: Any, reason: str) -> None:
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(schema_fault(schema))


def test_references_and_unusual_keywords_are_no_faults() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/x~1y"}, "b": {"not": {"type": "null"}}},
        "$defs": {"x/y": {"enum": [1, 2]}},
    }
    assert schema_fault(schema) is None
    assert schema_fault(arguments_schema(Tool("f", "", {}))) is None
