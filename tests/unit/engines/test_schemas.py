from __future__ import annotations

import time

import pytest

from thinktalk.engines import schemas
from thinktalk.engines.cascade import grammars


def test_a_fault_is_told_with_its_place() -> None:
    assert schemas.fault({"type": "object"}) is None
    fault = schemas.fault({"type": "object", "properties": {"city": {"type": "text"}}})
    assert fault is not None
    assert "properties/city/type" in fault


def test_a_schema_is_judged_by_the_draft_it_names() -> None:
    positional = {"items": [{"type": "string"}]}
    assert schemas.fault(positional) is not None
    assert (
        schemas.fault({"$schema": "http://json-schema.org/draft-07/schema#", **positional}) is None
    )


@pytest.mark.parametrize("named", [5, [], {}, None])
def test_a_draft_that_is_no_text_is_a_fault(named: object) -> None:
    assert schemas.fault({"$schema": named}) == "its $schema is not a string"


def test_a_draft_that_nobody_knows_is_read_as_the_latest() -> None:
    assert schemas.fault({"$schema": "https://example.org/own", "type": "object"}) is None


def test_an_engine_that_asks_again_does_not_wait() -> None:
    fields = {f"field_{number}": {"type": "string"} for number in range(500)}
    assert schemas.fault({"type": "object", "properties": fields}) is None
    started = time.process_time()
    assert grammars.schema_fault({"properties": fields, "type": "object"}) is None
    assert time.process_time() - started < 0.05
