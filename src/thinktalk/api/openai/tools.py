"""Tools and reply formats: from the wire to the domain, with their schemas checked."""

from __future__ import annotations

from typing import Any

import orjson

from thinktalk.api.openai.schemas import (
    TOOL_CHOICE_MESSAGE,
    FunctionTool,
    NamedTool,
    ReplyFormat,
)
from thinktalk.conversation import Tool
from thinktalk.engines import schemas
from thinktalk.engines.base import ResponseFormat, ToolChoice
from thinktalk.errors import InvalidField, InvalidToolSchema

_RESERVED_NAMES = ("search",)
# Of the schemas of all tools together, and of a reply format. More would not fit into the window of
# the default model; checking this much takes seconds.
MAX_SCHEMA_BYTES = 128 * 1024
_JSON_WORD_MESSAGE = (
    "'messages' must contain the word 'json' in some form, to use 'response_format' of type "
    "'json_object'."
)


def read_tools(tools: list[FunctionTool] | None) -> tuple[Tool, ...]:
    """Check names and schemas.

    Raises:
        InvalidField: a name is reserved, empty or used twice.
        InvalidToolSchema: `parameters` is not the JSON schema of an object.
    """
    read: dict[str, Tool] = {}
    size_bytes = 0
    for position, tool in enumerate(tools or ()):
        name, param = tool.function.name, f"tools.{position}.function.name"
        if name in _RESERVED_NAMES:
            raise InvalidField(f"Tool names are not allowed to be [{name}]", param=param)
        if not name.strip():
            raise InvalidField("Tool names must not be empty", param=param)
        if name in read:
            raise InvalidField(f"Tool name {name!r} is used twice", param=param)
        parameters = tool.function.parameters or {"type": "object", "properties": {}}
        if parameters.get("type", "object") != "object":
            raise InvalidToolSchema(name, f"the type is {parameters['type']!r}, not 'object'")
        size_bytes += _size_bytes(parameters)
        _check_size(size_bytes, "tools")
        # Judged as an engine will read it, so that the engine need not judge again.
        if reason := schemas.fault({"type": "object", "properties": {}} | parameters):
            raise InvalidToolSchema(name, reason)
        read[name] = Tool(name, tool.function.description or "", parameters)
    return tuple(read.values())


def read_tool_choice(
    choice: str | NamedTool | None, tools: tuple[Tool, ...], *, strict: bool
) -> ToolChoice:
    """Check the choice against the tools that are there."""
    if choice is None or choice == "auto":
        return ToolChoice("auto")
    if choice == "none":
        return ToolChoice("none")
    if choice == "required":
        if strict:
            raise InvalidField(TOOL_CHOICE_MESSAGE, param="tool_choice")
        if not tools:
            raise InvalidField("tool_choice 'required' needs tools", param="tool_choice")
        return ToolChoice("required")
    assert isinstance(choice, NamedTool)
    name = choice.function.name
    if name not in {tool.name for tool in tools}:
        raise InvalidField(
            f"tool_choice names {name!r}, which is not among the tools", param="tool_choice"
        )
    return ToolChoice("named", name)


def read_reply_format(wanted: ReplyFormat | None, prompt_says_json: bool) -> ResponseFormat:
    """Check the format; JSON mode needs a prompt that mentions JSON, as at the hosted service."""
    if wanted is None or wanted.type == "text":
        return ResponseFormat()
    if wanted.type == "json_object":
        if not prompt_says_json:
            raise InvalidField(_JSON_WORD_MESSAGE, param="response_format")
        return ResponseFormat("json_object")
    schema = wanted.json_schema.schema_ if wanted.json_schema else None
    param = "response_format.json_schema.schema"
    if schema is None:
        raise InvalidField("response_format 'json_schema' needs a schema", param=param)
    _check_size(_size_bytes(schema), param)
    if reason := schemas.fault(schema):
        raise InvalidField(f"the schema is not a JSON schema: {reason}", param=param)
    return ResponseFormat("json_schema", schema)


def _size_bytes(schema: dict[str, Any]) -> int:
    try:
        return len(orjson.dumps(schema))
    except (RecursionError, orjson.JSONEncodeError):
        return 0  # nested too deeply: a fault, whatever its size


def _check_size(size_bytes: int, param: str) -> None:
    if size_bytes > MAX_SCHEMA_BYTES:
        raise InvalidField(
            f"the JSON schemas in {param} take {size_bytes} bytes or more; the limit is "
            f"{MAX_SCHEMA_BYTES} bytes for all together",
            param=param,
        )
