"""How a session is to behave, as its client has set it. Defaults differ by dialect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from thinktalk.conversation import Tool
from thinktalk.engines.base import Sampling, ToolChoice
from thinktalk.session.history import History
from thinktalk.turns.endpoint import Eagerness


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRules:
    """When turns begin and end. `threshold` in [0, 1]; `eagerness` is of the semantic kind only.

    After a silence of `silence_ms` a turn is over; of the semantic kind that is the usual wait,
    which what was said makes shorter or longer, and None leaves it to `eagerness`.
    `idle_ms`: after so long without a word from the user the assistant speaks first.
    """

    is_semantic: bool = False
    threshold: float = 0.5
    prefix_ms: int = 300
    silence_ms: int | None = 800
    eagerness: Eagerness = Eagerness.AUTO
    answers: bool = True
    interrupts: bool = True
    idle_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionConfig:
    """`voice_name` is what the client calls the voice.

    `turns` None: the client says when a turn is over. `language` None detects the user's.
    """

    speaks: bool = True
    voice_name: str = "Tina"
    instructions: str = ""
    transcribes: bool = True
    language: str | None = None
    turns: TurnRules | None = field(default_factory=TurnRules)
    sampling: Sampling = field(default_factory=Sampling)
    speed: float = 1.0
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = field(default_factory=ToolChoice)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseRequest:
    """What a client asks of one response; `config` is the session's with its changes.

    `input` is answered instead of the conversation; a detached response leaves nothing in it.
    """

    config: SessionConfig
    input: History | None = None
    is_detached: bool = False
    metadata: dict[str, Any] | None = None
