"""What a session is to be, read from its state in a dialect, free of that dialect's shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from thinktalk.api.openai.schemas import FunctionTool, NamedTool
from thinktalk.api.openai.tools import read_tool_choice, read_tools
from thinktalk.api.realtime.audio import WireFormat
from thinktalk.api.realtime.schemas import (
    SamplingBody,
    ToolChoiceBody,
    TurnDetectionBody,
    read,
)
from thinktalk.conversation import Tool
from thinktalk.engines.base import Sampling, ToolChoice
from thinktalk.errors import BadRequest, InvalidField
from thinktalk.session.config import TurnRules
from thinktalk.session.errors import FieldMissing
from thinktalk.turns.endpoint import Eagerness

_MAX_TOP_K = 100  # above it the hosted service samples from all tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A session's settings; the `voice` is a name as the client wrote it, None for the default."""

    speaks: bool
    voice: str | None
    instructions: str
    transcribes: bool
    language: str | None
    turns: TurnRules | None
    sampling: Sampling
    speed: float
    tools: tuple[Tool, ...]
    tool_choice: ToolChoice
    input_format: WireFormat
    output_format: WireFormat


@dataclass(frozen=True, slots=True)
class TurnDefaults:
    """What is left out of `turn_detection`; `semantic_ms` is the silence of that kind."""

    silence_ms: int
    semantic_ms: int | None = None
    prefix_ms: int = 300
    threshold: float = 0.5


def turn_rules(
    body: TurnDetectionBody | None, defaults: TurnDefaults, place: str
) -> TurnRules | None:
    """None means that the client commits turns itself.

    Raises:
        InvalidField: the assistant is to speak first, of a kind that knows nothing of it.
    """
    if body is None:
        return None
    is_semantic = body.type == "semantic_vad"
    if is_semantic and body.idle_timeout_ms is not None:
        raise InvalidField(
            f"idle_timeout_ms goes with server_vad only (got {body.idle_timeout_ms})",
            param=f"{place}.idle_timeout_ms",
        )
    usual_ms = defaults.semantic_ms if is_semantic else defaults.silence_ms
    threshold = defaults.threshold if body.threshold is None else float(body.threshold)
    return TurnRules(
        is_semantic=is_semantic,
        # Below zero is the hosted service's way to ask for more than all sensitivity.
        threshold=(threshold + 1) / 2 if threshold < 0 else threshold,
        prefix_ms=_or(body.prefix_padding_ms, defaults.prefix_ms),
        silence_ms=_or(body.silence_duration_ms, usual_ms),
        eagerness=Eagerness(body.eagerness or "auto"),
        answers=body.create_response is not False,
        interrupts=body.interrupt_response is not False,
        idle_ms=body.idle_timeout_ms,
    )


def turn_shape(defaults: TurnDefaults, kind: str = "server_vad") -> dict[str, Any]:
    """`turn_detection` of a kind, with all that is usually in it."""
    habits = {"create_response": True, "interrupt_response": True}
    if kind == "semantic_vad" and defaults.semantic_ms is None:
        return {"type": kind, "eagerness": "auto", **habits}
    return {
        "type": kind,
        "threshold": defaults.threshold,
        "prefix_padding_ms": defaults.prefix_ms,
        "silence_duration_ms": defaults.silence_ms,
        **habits,
    }


def turn_detection(before: Any, given: Mapping[str, Any], defaults: TurnDefaults) -> dict[str, Any]:
    """`turn_detection` with what a client gives of it; another type begins with its defaults."""
    known = before if isinstance(before, Mapping) else {}
    kind = given.get("type") or known.get("type") or "server_vad"
    if known.get("type") != kind:
        known = turn_shape(defaults, str(kind))
    return {**known, **given, "type": kind}


def sampling(body: SamplingBody, max_tokens: int | str | None, defaults: Sampling) -> Sampling:
    top_k = defaults.top_k
    if "top_k" in body.model_fields_set:
        top_k = body.top_k or 0
    return Sampling(
        temperature=_or(body.temperature, defaults.temperature),
        top_p=_or(body.top_p, defaults.top_p),
        top_k=0 if top_k > _MAX_TOP_K else top_k,
        max_tokens=max_tokens if isinstance(max_tokens, int) else None,
        presence_penalty=_or(body.presence_penalty, defaults.presence_penalty),
        repetition_penalty=_or(body.repetition_penalty, defaults.repetition_penalty),
        seed=None if body.seed in (None, -1) else body.seed,
    )


def tools(
    raw: list[dict[str, Any]] | None, choice: ToolChoiceBody
) -> tuple[tuple[Tool, ...], ToolChoice]:
    """Tools in chat's nested form or in the flat one, and the choice among them.

    Raises:
        InvalidField, FieldMissing: at the place where the client wrote it.
    """
    given = raw or []
    try:
        found = read_tools([_tool(tool, n) for n, tool in enumerate(given)])
        if isinstance(choice, dict):
            named = read(NamedTool, _nested(choice), "tool_choice")
            return found, read_tool_choice(named, found, strict=False)
        if choice not in (None, "auto", "none", "required"):
            raise InvalidField(
                f"tool_choice is auto, none, required or a function (got {choice!r})",
                param="tool_choice",
            )
        # A session may keep its choice while its tools change.
        return found, read_tool_choice(choice if found else None, found, strict=False)
    except BadRequest as error:
        param = f"session.{_as_written(error.param or 'tools', given, choice)}"
        if isinstance(error, FieldMissing):
            raise FieldMissing(param) from None
        error.param = param
        raise


def _tool(tool: dict[str, Any], number: int) -> FunctionTool:
    return read(FunctionTool, _nested(tool), f"tools.{number}")


def _as_written(param: str, tools: list[dict[str, Any]], choice: ToolChoiceBody) -> str:
    """The path without the level that the flat form lacks."""
    steps = param.split(".")
    place: Any = choice if steps[0] == "tool_choice" else None
    if steps[0] == "tools" and len(steps) > 1:
        place = tools[int(steps[1])]
    if isinstance(place, dict) and "function" not in place:
        steps = [step for step in steps if step != "function"]
    return ".".join(steps)


def merged(state: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A session's state with changes: by key, objects within objects as well; null is a value."""
    result = dict(state)
    for key, value in changes.items():
        known = result.get(key)
        if key in _DEEP and isinstance(known, Mapping) and isinstance(value, Mapping):
            result[key] = merged(known, value)
        else:
            result[key] = value
    return result


_DEEP = frozenset({"turn_detection", "audio", "input", "output", "format", "transcription"})


def _nested(tool: dict[str, Any]) -> dict[str, Any]:
    if "function" in tool:
        return tool
    return {"type": tool.get("type"), "function": {k: v for k, v in tool.items() if k != "type"}}


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value
