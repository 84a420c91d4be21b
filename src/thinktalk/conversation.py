"""Messages and their parts: pure values, free of any wire format.

A conversation is a tuple of `Message`. Media parts hold decoded arrays: whoever builds a message
has fetched, checked and decoded the bytes already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from thinktalk.media.types import Audio, Image, Recording, Video

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class TextPart:
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class ImagePart:
    """`tokens` is what the hosted service would bill for it, by its documented rule."""

    image: Image
    tokens: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class AudioPart:
    """`transcript` is what is said in it, where somebody has listened already."""

    audio: Audio | Recording
    tokens: int = 0
    transcript: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class VideoPart:
    """`tokens` covers the pictures, `audio_tokens` the sound track."""

    video: Video
    tokens: int = 0
    audio_tokens: int = 0


Part = TextPart | ImagePart | AudioPart | VideoPart


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the assistant made. `arguments` is JSON text, as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `tool_calls` only on assistant messages, `tool_call_id` only on tool messages.

    What `supersedes` was said before anything was heard of the answer to what was said before.
    """

    role: Role
    parts: tuple[Part, ...]
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    supersedes: bool = False

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the caller offers. `parameters` is a JSON schema of an object."""

    name: str
    description: str
    parameters: dict[str, Any]
