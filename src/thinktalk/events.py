"""What an engine yields: deltas in order, then exactly one `Finished`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from thinktalk.media.types import Audio

FinishReason = Literal["stop", "length", "tool_calls"]


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class AudioDelta:
    """Speech, gapless with the delta before it.

    `span` is the half-open range of characters of the written reply that this sound speaks, or
    None where it speaks none of it.
    """

    audio: Audio
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of the call at `index`. `id` and `name` are set on its first piece only."""

    index: int
    arguments: str
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Work done before the first delta: `stage` such as "hearing", `fraction` in [0, 1]."""

    stage: str
    fraction: float


@dataclass(frozen=True, slots=True)
class Report:
    """Something the caller should know of: media that was fitted, advice on a voice sample."""

    kind: Literal["media_report", "voice_report"]
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Usage:
    """Text tokens by the engine's own tokenizer. `cached_tokens` were in its prefix cache.

    `internal_tokens` is the true prompt length, with notes on media and the chat template.
    """

    prompt_text_tokens: int = 0
    completion_text_tokens: int = 0
    internal_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    reason: FinishReason
    usage: Usage = field(default_factory=Usage)


Event = TextDelta | AudioDelta | ToolCallDelta | Progress | Report | Finished
