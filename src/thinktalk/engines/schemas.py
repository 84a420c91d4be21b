"""Whether what a caller sends as a JSON schema is one.

Judged once, whoever asks first: a check takes milliseconds for each field, and clients repeat
their tools with every turn.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.validators import validator_for

_MAX_MESSAGE_CHARS = 200


def fault(schema: dict[str, Any]) -> str | None:
    """What is wrong with it, or None; the draft is the one it names, else 2020-12."""
    if not isinstance(schema.get("$schema", ""), str):
        return "its $schema is not a string"
    try:
        return _fault_of(orjson.dumps(schema, option=orjson.OPT_SORT_KEYS))
    except (RecursionError, orjson.JSONEncodeError):
        return "it is nested too deeply"


@lru_cache(maxsize=256)
def _fault_of(written: bytes) -> str | None:
    schema = orjson.loads(written)
    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except SchemaError as error:
        where = "/".join(map(str, error.absolute_path))
        return error.message[:_MAX_MESSAGE_CHARS] + (f" (at {where})" if where else "")
    return None
