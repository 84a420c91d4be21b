"""Whether to call tools, which and how: the prompt that asks it and the reader of its answer.

Small models mix up the decision and the reply when asked for both at once, so the decision is a
prompt of its own with worked examples, and its answer follows a grammar (`grammars.py`): one call
or `none`. Where several calls are allowed, parts of the message that no call has taken up are asked
about one by one. Knows nothing of how it is decoded.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from thinktalk.conversation import Message, TextPart, Tool
from thinktalk.engines.base import GenerateRequest
from thinktalk.engines.cascade.grammars import NO_CALL, arguments_schema, resolve
from thinktalk.engines.cascade.tool_evidence import left_over, related
from thinktalk.engines.cascade.tool_examples import EXAMPLES, INSTRUCTIONS
from thinktalk.events import ToolCallDelta

_MAX_DEPTH = 4  # of a schema that is written out
_SHORTEST_CLIP = 120  # characters that an older message keeps at least
_CLIPPED = " … "
_MAX_CALLS = 8
_MAX_REFUSED = 2  # parts of a message that need no call before no more are asked about


def example_turns() -> list[Message]:
    """What every decision starts with: worth keeping in the cache."""
    turns = [_say("system", INSTRUCTIONS)]
    for example in EXAMPLES:
        asked = example.message.splitlines()[0]
        question = _question(example.tools, example.message, _closest(example.tools, asked))
        turns.append(_say("user", question))
        parts = FollowUps(example.tools, asked)
        for answer in example.answers:
            turns += parts.after(answer) or [_say("assistant", answer)]
    return turns


def decision_turns(
    request: GenerateRequest, fits: Callable[[Sequence[Message]], bool]
) -> list[Message]:
    """The conversation that asks for the first call that `request` needs.

    Long messages are clipped in the middle, ever shorter, then the oldest are left out, until it
    `fits` or nothing more can go.
    """
    messages = request.messages
    limit = max(len(line) for message in messages for line in (*_lines(message), ""))
    oldest, last_user = 0, _last_user(messages)
    examples, closest = example_turns(), _closest(request.tools, messages[last_user].text)
    while True:
        question = _situation(request.tools, messages[oldest:], limit, closest)
        turns = [*examples, _say("user", question)]
        if fits(turns) or (limit <= _SHORTEST_CLIP and oldest >= last_user):
            return turns
        if limit > _SHORTEST_CLIP:
            limit = max(limit * 2 // 3, _SHORTEST_CLIP)
        else:
            oldest += max(1, (last_user - oldest) // 2)


class FollowUps:
    """Asks for further calls: each part of `message` that no call has taken up, once.

    It gives up after a few parts that need none.

    Args:
        done: name and arguments of calls made before the first answer.
    """

    def __init__(
        self, tools: Sequence[Tool], message: str, done: Sequence[tuple[str, str]] = ()
    ) -> None:
        self._tools, self._message = tools, message
        self._calls = list(done)
        self._asked: set[str] = set()
        self._num_refused = 0

    def after(self, answer: str) -> list[Message]:
        """`answer` to the question before and the next question; empty if nothing is left."""
        name, space, arguments = answer.partition(" ")
        if space:
            self._calls.append((name, arguments))
        else:
            self._num_refused += 1
        if self._num_refused == _MAX_REFUSED or len(self._asked) == _MAX_CALLS - 1:
            return []
        for part in left_over(self._message, self._tools, self._calls):
            if part not in self._asked:
                self._asked.add(part)
                question = f"Left: {_clip(part, _SHORTEST_CLIP)}"
                if closest := related(self._tools, part):
                    question += f"\nClosest: {', '.join(closest)}"
                return [_say("assistant", answer), _say("user", question)]
        return []


def follow_ups(request: GenerateRequest) -> FollowUps:
    """About what the user said last."""
    message = request.messages[_last_user(request.messages)].text
    return FollowUps(request.tools, message, calls_done(request.messages))


def calls_done(messages: Sequence[Message]) -> list[tuple[str, str]]:
    """Name and arguments of the calls made since the user last spoke."""
    last_user = _last_user(messages, default=-1)
    return [(call.name, call.arguments) for m in messages[last_user + 1 :] for call in m.tool_calls]


def describe(tool: Tool) -> str:
    """One line: name, arguments with their types, what it does."""
    schema = arguments_schema(tool)
    purpose = " ".join(tool.description.split()) or "No description."
    return f"- {tool.name} {_type_of(schema, schema, 0)}: {purpose}"


class CallReader:
    """Turns the answer, fed as it is decoded, into deltas.

    The first call's arguments are passed on piece by piece. Later ones wait for their line's end,
    since a call that was made already, by `done` or in this answer, is dropped.
    """

    def __init__(self, done: Sequence[tuple[str, str]] = ()) -> None:
        self._seen = {_key(name, arguments) for name, arguments in done}
        self._line = ""
        self._streamed = -1  # characters of the first line passed on, -1 before its name
        self.num_calls = 0

    def feed(self, text: str) -> Iterator[ToolCallDelta]:
        for piece in text.splitlines(keepends=True):
            self._line += piece.rstrip("\n")
            yield from self._stream()
            if piece.endswith("\n"):
                yield from self._end_line()

    def finish(self) -> Iterator[ToolCallDelta]:
        yield from self._end_line()

    def _stream(self) -> Iterator[ToolCallDelta]:
        name, space, arguments = self._line.partition(" ")
        if self._seen or not space:
            return
        if self._streamed < 0:
            self._streamed = 0
            yield self._open(name)
        if fresh := arguments[self._streamed :]:
            self._streamed += len(fresh)
            yield ToolCallDelta(self.num_calls - 1, fresh)

    def _end_line(self) -> Iterator[ToolCallDelta]:
        line, self._line = self._line, ""
        name, space, arguments = line.partition(" ")
        if not space or line == NO_CALL:
            return
        key = _key(name, arguments)
        if self._streamed < 0 and key not in self._seen:
            yield self._open(name)
            yield ToolCallDelta(self.num_calls - 1, arguments)
        self._streamed = -1
        self._seen.add(key)

    def _open(self, name: str) -> ToolCallDelta:
        self.num_calls += 1
        return ToolCallDelta(self.num_calls - 1, "", id=f"call_{secrets.token_hex(12)}", name=name)


def _say(role: Any, text: str) -> Message:
    return Message(role, (TextPart(text),))


def _question(tools: Sequence[Tool], message: str, closest: str, before: str = "") -> str:
    functions = "\n".join(map(describe, tools))
    return f"Functions:\n{functions}\n\n{before}Message: {message}\nClosest: {closest}"


def _closest(tools: Sequence[Tool], text: str) -> str:
    return ", ".join(related(tools, text)) or NO_CALL


def _situation(tools: Sequence[Tool], messages: Sequence[Message], limit: int, closest: str) -> str:
    """What came before, the last thing the user said, and what was done about it since."""
    last_user = _last_user(messages)
    lines = [_clip(line, limit) for m in messages[:last_user] for line in _lines(m)]
    since = [_clip(line, limit) for m in messages[last_user + 1 :] for line in _lines(m)]
    message = "\n".join([_clip(messages[last_user].text, limit), *since])
    before = "".join(f"{line}\n" for line in lines)
    return _question(tools, message, closest, before and f"Before:\n{before}\n")


def _last_user(messages: Sequence[Message], default: int = 0) -> int:
    """Where the user last spoke."""
    return max((i for i, m in enumerate(messages) if m.role == "user"), default=default)


def _lines(message: Message) -> list[str]:
    if message.role == "tool":
        return [f"Result: {message.text}"]
    label = {"user": "User", "assistant": "Assistant", "system": "Note"}[message.role]
    spoken = [f"{label}: {message.text}"] if message.text else []
    return spoken + [f"Done: {call.name} {call.arguments}" for call in message.tool_calls]


def _clip(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    half = (limit - len(_CLIPPED)) // 2
    return text[:half] + _CLIPPED + text[-half:]


def _key(name: str, arguments: str) -> tuple[str, str]:
    try:
        return name, json.dumps(json.loads(arguments), sort_keys=True)
    except ValueError:
        return name, arguments


def _type_of(schema: Any, root: dict[str, Any], depth: int) -> str:
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return "any"
    if "$ref" in schema:
        return _type_of(resolve(root, schema["$ref"]), root, depth + 1)
    if "enum" in schema:
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " | ".join(_type_of(option, root, depth + 1) for option in schema[key])
    if schema.get("type") == "array":
        return f"[{_type_of(schema.get('items'), root, depth + 1)}, ...]"
    if "properties" in schema:
        return _fields_of(schema, root, depth)
    name = schema.get("type", "any")
    written = " | ".join(name) if isinstance(name, list) else str(name)
    hint = " ".join(str(schema.get("description", "")).split())
    return f"{written} ({hint})" if hint else written


def _fields_of(schema: dict[str, Any], root: dict[str, Any], depth: int) -> str:
    required = schema.get("required", ())
    fields = (
        json.dumps(name, ensure_ascii=False)
        + ("" if name in required else " if mentioned")
        + f": {_type_of(inner, root, depth + 1)}"
        for name, inner in schema["properties"].items()
    )
    return "{" + ", ".join(fields) + "}"
