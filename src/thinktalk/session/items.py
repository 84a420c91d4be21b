"""Items of a conversation: messages, calls and their results, as a client sees and edits them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

from thinktalk.media.types import Audio

ItemType = Literal["message", "function_call", "function_call_output"]
ItemRole = Literal["user", "assistant", "system"]
ItemStatus = Literal["in_progress", "completed", "incomplete"]


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """What was said. `transcript` None is not known yet; `audio` None is no longer kept."""

    audio: Audio | None
    transcript: str | None = None

    @property
    def duration_s(self) -> float:
        return self.audio.duration_s if self.audio else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An image file or frame as it was sent: an address, or base64 as a data URL."""

    source: str


Content = Text | Speech | Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """`role` and `content` are of messages; the last four fields of calls and their outputs.

    An aside ("uh-huh") is kept, and answered by nobody.
    """

    id: str
    type: ItemType = "message"
    role: ItemRole | None = None
    status: ItemStatus = "completed"
    content: tuple[Content, ...] = ()
    is_aside: bool = False
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    output: str = ""

    @property
    def text(self) -> str:
        """What is written or known to be said in it."""
        texts = []
        for part in self.content:
            if isinstance(part, Text):
                texts.append(part.text)
            elif isinstance(part, Speech) and part.transcript:
                texts.append(part.transcript)
        return " ".join(texts)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(part for part in self.content if isinstance(part, Picture))

    def with_transcript(self, transcript: str) -> Self:
        """The same with what its speech turned out to say."""
        content = tuple(
            replace(part, transcript=transcript) if isinstance(part, Speech) else part
            for part in self.content
        )
        return replace(self, content=content)
