"""What is being said: overheard, until it is known to be a turn; then a turn, until it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

from thinktalk.media.activity import SAMPLE_RATE, WINDOW_S
from thinktalk.media.types import Samples
from thinktalk.session.events import SoundJudged
from thinktalk.session.input_buffer import InputBuffer
from thinktalk.session.items import Picture, Speech
from thinktalk.session.listening import Heard, Listening
from thinktalk.session.overhearing import Backdrop, Overhearing
from thinktalk.session.ports import Ports, Spawn

MS = SAMPLE_RATE // 1000  # samples
_SPEECH = 0.5
# Whoever speaks on for so long after the reply has ended is not only listening.
_OUTLASTS_S = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """What the user said and showed; `listening` knows what of it is understood already."""

    item_id: str
    speech: Speech
    pictures: tuple[Picture, ...]
    listening: Listening | None
    end: int


class Listener(Protocol):
    """Who is told of turns. Times are in ms since the first sound of the session."""

    def turn_began(self, item_id: str, start_ms: int) -> None: ...

    def is_overheard(self) -> bool:
        """Whether the assistant is to be heard, so that a sound need not be a turn."""
        ...

    def backdrop(self, duration_s: float) -> Backdrop:
        """What the assistant is saying, with so much of its sound."""
        ...

    def sound_judged(self, judged: SoundJudged) -> None: ...

    def aside_heard(self, item_id: str, text: str) -> None:
        """The user has let the assistant know that somebody listens."""
        ...

    def turn_paused(self) -> None:
        """The user is silent for now."""
        ...

    def turn_rests(self, turn: Turn) -> None:
        """What was said until this silence is understood."""
        ...

    def turn_resumed(self) -> None: ...

    def turn_ended(self, turn: Turn, end_ms: int) -> None: ...

    def heard(self, item_id: str, heard: Heard) -> None: ...


class Utterance:
    """One stretch of speech or sound. Positions are in the input.

    Args:
        spawn: runs work beside the session, and ends it with the session.
        language: what the user speaks, as far as is known; None detects it.
        became_turn: told once it is known to be a turn.
    """

    def __init__(
        self,
        item_id: str,
        start: int,
        ports: Ports,
        buffer: InputBuffer,
        listener: Listener,
        spawn: Spawn,
        *,
        language: str | None,
        became_turn: Callable[[], None],
    ) -> None:
        self.item_id = item_id
        self.start = start
        self.listening: Listening | None = None
        self._ports = ports
        self._buffer = buffer
        self._listener = listener
        self._spawn = spawn
        self._became_turn = became_turn
        self._clip = buffer.clip
        self._overhearing: Overhearing | None = None
        self._alone_s = 0.0
        self._tasks: list[asyncio.Task[Any]] = []
        if ports.recognizer is not None:
            self.listening = Listening(
                ports.recognizer,
                self.clip,
                start,
                language,
                lambda heard: listener.heard(item_id, heard),
            )

    @property
    def is_turn(self) -> bool:
        return self._overhearing is None

    def clip(self, start: int, end: int) -> Samples:
        """The sound from one position to another."""
        return self._clip(start, end)

    def announce(self) -> None:
        """It is a turn."""
        self._overhearing = None
        self._listener.turn_began(self.item_id, self.start // MS)
        if self.listening is not None:
            self._tasks.append(self._spawn(self.listening.follow(lambda: self._buffer.end)))
        self._became_turn()

    def overhear(self, onset: int, language: str) -> None:
        """It may be a turn: judge it while it lasts."""
        self._overhearing = Overhearing(
            self._ports, self.clip, onset, language, self._listener.backdrop
        )
        self._tasks.append(self._spawn(self._judge(self._overhearing)))

    def push(self, probability: float) -> None:
        """Take the next window."""
        if self._overhearing is None:
            return
        self._overhearing.push(probability)
        if probability >= _SPEECH and not self._listener.is_overheard():
            self._alone_s += WINDOW_S
        if self._alone_s >= _OUTLASTS_S:
            self.leave()
            self.announce()

    def keep(self, samples: Samples, base: int) -> None:
        """Go on with these samples, which begin at `base`: the input will forget them."""
        self._clip = lambda start, end: samples[max(0, start - base) : max(0, end - base)]

    def leave(self) -> None:
        """Stop what works on it."""
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    async def settle(self) -> bool:
        """At the end of an overheard sound: whether it was a turn, which is told then."""
        overhearing = self._overhearing
        assert overhearing is not None
        before = overhearing.verdict.kind
        verdict = await overhearing.judge(is_over=True)
        if verdict.kind != before:
            self._tell(overhearing)
        if verdict.kind == "interruption":
            self._listener.turn_began(self.item_id, self.start // MS)
            return True
        if verdict.kind == "backchannel":
            self._listener.aside_heard(self.item_id, overhearing.text)
        return False

    async def _judge(self, overhearing: Overhearing) -> None:
        told = "undecided"
        async with aclosing(overhearing.verdicts()) as verdicts:
            async for verdict in verdicts:
                if verdict.kind != told:
                    told = verdict.kind
                    self._tell(overhearing)
                if verdict.kind == "interruption":
                    self.announce()
                    return

    def _tell(self, overhearing: Overhearing) -> None:
        verdict = overhearing.verdict
        self._listener.sound_judged(
            SoundJudged(
                item_id=self.item_id,
                kind=verdict.kind,
                probability=round(verdict.probability, 3),
                reason=verdict.reason,
                text=overhearing.text,
                audio_start_ms=self.start // MS,
                after_ms=round(overhearing.duration_s * 1000),
            )
        )
