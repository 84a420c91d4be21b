"""Calls of tools among the text that the thinker writes, found while it is being written.

The model writes a call as `<tool_call>{"name": ..., "arguments": {...}}</tool_call>`, the form that
its chat template asks for. Knows nothing of the tools that there are.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from thinktalk.events import TextDelta, ToolCallDelta

_OPEN, _CLOSE = "<tool_call>", "</tool_call>"
# What may turn out to be the beginning of a call, or white space before one.
_UNDECIDED = re.compile(rf"\s*(?:{'|'.join(_OPEN[:n] for n in range(len(_OPEN), 0, -1))})?\Z")


class ToolCallParser:
    """Tells text from calls as pieces of the reply come in.

    A call is given out whole, once it is complete. What is marked as a call and is none comes out
    as the text that it is. White space beside a call is dropped.
    """

    def __init__(self) -> None:
        self._pending = ""
        self._space = ""  # before the call that is being read
        self._is_inside = self._is_after_call = False
        self.num_calls = 0

    def feed(self, text: str) -> list[TextDelta | ToolCallDelta]:
        """What `text` and what was held back before turn out to be."""
        self._pending += text
        deltas: list[TextDelta | ToolCallDelta] = []
        while (mark := _CLOSE if self._is_inside else _OPEN) in self._pending:
            before, _, self._pending = self._pending.partition(mark)
            if self._is_inside:
                deltas += self._read(before, _CLOSE)
            else:
                written = before.rstrip()
                self._space = before[len(written) :]
                deltas += self._text(written)
            self._is_inside = not self._is_inside
        if not self._is_inside and (undecided := _UNDECIDED.search(self._pending)):
            deltas += self._text(self._pending[: undecided.start()])
            self._pending = undecided.group()
        return deltas

    def close(self) -> list[TextDelta | ToolCallDelta]:
        """What was held back. A last call may lack its end mark."""
        rest, self._pending = self._pending, ""
        deltas = self._read(rest, "") if self._is_inside else self._text(rest)
        self._is_inside = False
        return deltas

    def _read(self, body: str, end: str) -> list[TextDelta | ToolCallDelta]:
        call = _call(body)
        if call is None:
            return self._text(self._space + _OPEN + body + end)
        name, arguments = call
        self._is_after_call = True
        self.num_calls += 1
        id_ = f"call_{secrets.token_hex(12)}"
        return [ToolCallDelta(self.num_calls - 1, arguments, id=id_, name=name)]

    def _text(self, text: str) -> list[TextDelta | ToolCallDelta]:
        written = text.lstrip() if self._is_after_call else text
        if not written:
            return []
        self._is_after_call = False
        return [TextDelta(written)]


def _call(body: str) -> tuple[str, str] | None:
    """Name and arguments, as JSON text, of a call; None if it is none."""
    try:
        call = json.loads(body)
        arguments = call.get("arguments", {})
        # Some write the object as a text that holds it.
        known: Any = json.loads(arguments) if isinstance(arguments, str) else arguments
    except (ValueError, AttributeError, RecursionError):
        return None
    if not isinstance(name := call.get("name"), str) or not isinstance(known, dict):
        return None
    return name, json.dumps(known, ensure_ascii=False)
