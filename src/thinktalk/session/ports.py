"""What a session needs of the world around it: answers, ears, pictures, and windows of activity.

Whoever builds a session brings these; tests bring their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from thinktalk.conversation import ImagePart, VideoPart
from thinktalk.engines.base import Capabilities, GenerateRequest, Glance, Recognizer, VoiceRef
from thinktalk.events import Event
from thinktalk.media.activity import WindowStream
from thinktalk.media.budget import Family
from thinktalk.media.types import Samples
from thinktalk.turns.interrupt import Judge

Spawn = Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]]
Build = Callable[[Capabilities], Awaitable[GenerateRequest]]


class Answer(Protocol):
    """One answer of an engine; nothing happens until its events are read."""

    @property
    def usage(self) -> Any:
        """What it has cost so far."""
        ...

    def events(self) -> AsyncGenerator[Event, None]:
        """Deltas in order, then one `Finished`. Closing cancels."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """`recognizer` None: the engine hears for itself, and transcripts are not to be had.

    `voice` finds a voice by the client's name, anew for each answer: it may have been deleted.
    `pictures` decodes those of one turn: one as an image, several as a video. `finished` is how
    likely a turn sounds finished by its sound at 16 kHz; None where nobody can tell. `judge` says
    what a sound is that comes while the assistant speaks, with what `glance` reads of it.
    `read_ahead` lets the engine read what an answer will probably begin with.
    `context_tokens` is how much of a conversation may be answered, by the documented costs.
    """

    answer: Callable[[Build], Answer]
    voice: Callable[[str], Awaitable[VoiceRef]]
    pictures: Callable[[Sequence[str]], Awaitable[ImagePart | VideoPart]]
    activity: Callable[[], WindowStream]
    recognizer: Recognizer | None
    family: Family
    context_tokens: int
    finished: Callable[[Samples], Awaitable[float]] | None = None
    glance: Glance | None = None
    read_ahead: Callable[[Build], Awaitable[None]] | None = None
    judge: Judge = field(default_factory=lambda: Judge(None))
