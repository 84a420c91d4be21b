"""A conversation as the tokens of Qwen2.5's chat template. Knows nothing of models or sampling.

Source: the `tokenizer.chat_template` inside Qwen2.5's GGUF files. What people wrote is encoded as
plain text; only this module writes control tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from thinktalk.conversation import Message
from thinktalk.engines.cascade.vocabulary import Vocabulary

DEFAULT_SYSTEM = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
TURN_START, TURN_END = "<|im_start|>", "<|im_end|>"


class Control(str):
    """A token of the template's own, never of anybody's text."""

    __slots__ = ()


def render(messages: Sequence[Message]) -> list[str]:
    """The template's output in pieces: `Control` tokens and plain text between them.

    Ends with the opened assistant turn. System messages after the first stay where they are. Tools,
    their calls and results are not written (`tool_calls.py`, `tool_results.py`).
    """
    turns = [(message.role, message.text) for message in messages]
    if not turns or turns[0][0] != "system":
        turns.insert(0, ("system", DEFAULT_SYSTEM))
    pieces: list[str] = []
    for role, text in turns:
        pieces += [Control(TURN_START), f"{role}\n{text}", Control(TURN_END), "\n"]
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
