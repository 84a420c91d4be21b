"""A conversation as the tokens of Qwen2.5's chat template. Knows nothing of models or sampling.

Source: the `tokenizer.chat_template` inside Qwen2.5's GGUF files. What people wrote is encoded as
plain text; only this module writes control tokens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from thinktalk.conversation import Message, Tool, ToolCall
from thinktalk.engines.cascade.vocabulary import Vocabulary

DEFAULT_SYSTEM = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
TURN_START, TURN_END = "<|im_start|>", "<|im_end|>"
CALL_START, CALL_END = "<tool_call>", "</tool_call>"
_CONTROLS = (TURN_START, TURN_END, CALL_START, CALL_END)

_TOOLS_HEAD = (
    "\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>"
)
_TOOLS_TAIL = (
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments "
    "within "
)


class Control(str):
    """A token of the template's own, never of anybody's text."""

    __slots__ = ()


def render(messages: Sequence[Message], tools: Sequence[Tool] = ()) -> list[str]:
    """The template's output in pieces: `Control` tokens and plain text between them.

    Ends with the opened assistant turn. System messages after the first stay where they are.
    """
    rest = list(messages)
    system = rest.pop(0).text if rest and rest[0].role == "system" else DEFAULT_SYSTEM
    pieces = [Control(TURN_START), f"system\n{system}", *_offer(tools), Control(TURN_END), "\n"]
    previous = ""
    for position, message in enumerate(rest):
        following = rest[position + 1].role if position + 1 < len(rest) else ""
        pieces += _turn(message, previous, following)
        previous = message.role
    return [*pieces, Control(TURN_START), "assistant\n"]


def encode(pieces: Iterable[str], vocabulary: Vocabulary) -> list[int]:
    """Token ids of rendered pieces. Neighbouring plain pieces are encoded as one text."""
    ids: list[int] = []
    text = ""
    for piece in pieces:
        if isinstance(piece, Control):
            ids += vocabulary.encode(text)
            ids.append(vocabulary.control(piece))
            text = ""
        else:
            text += piece
    return ids + vocabulary.encode(text)


def call_json(name: str, arguments: str) -> str:
    """A call as the template writes it. `arguments` that are not JSON are kept as a string."""
    try:
        value = json.loads(arguments or "{}")
    except ValueError:
        value = arguments
    return json.dumps({"name": name, "arguments": value}, ensure_ascii=False)


def _offer(tools: Sequence[Tool]) -> list[str]:
    if not tools:
        return []
    signatures = [
        json.dumps(
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                },
            },
            ensure_ascii=False,
        )
        for tool in tools
    ]
    return [
        _TOOLS_HEAD + "".join("\n" + signature for signature in signatures) + _TOOLS_TAIL,
        Control(CALL_START),
        Control(CALL_END),
        " XML tags:\n",
        Control(CALL_START),
        '\n{"name": <function-name>, "arguments": <args-json-object>}\n',
        Control(CALL_END),
    ]


def _turn(message: Message, previous: str, following: str) -> list[str]:
    if message.role == "tool":
        head = [] if previous == "tool" else [Control(TURN_START), "user"]
        tail = [] if following == "tool" else [Control(TURN_END), "\n"]
        return [*head, f"\n<tool_response>\n{message.text}\n</tool_response>", *tail]
    pieces: list[str] = [Control(TURN_START), message.role]
    if message.text or not message.tool_calls:
        pieces.append("\n" + message.text)
    for call in message.tool_calls:
        pieces += _call(call)
    return [*pieces, Control(TURN_END), "\n"]


def _call(call: ToolCall) -> list[str]:
    return [
        "\n",
        Control(CALL_START),
        f"\n{call_json(call.name, call.arguments)}\n",
        Control(CALL_END),
    ]
