"""The user's side: sound and pictures as they come in, and where a turn begins and ends.

Where the client says when a turn is over, this only collects. Knows nothing of answers.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

from thinktalk.media.activity import SAMPLE_RATE, WindowStream
from thinktalk.media.types import Audio
from thinktalk.session.config import TurnRules
from thinktalk.session.errors import InputEmpty, InputTooLong, NoSoundYet
from thinktalk.session.history import MAX_FRAMES
from thinktalk.session.ids import new_id
from thinktalk.session.input_buffer import InputBuffer
from thinktalk.session.items import Picture, Speech
from thinktalk.session.listening import Heard, Listening
from thinktalk.session.ports import Ports, Spawn
from thinktalk.turns.detector import DetectorRules, Signal, TurnDetector

_WINDOWS_AT_A_TIME = 64  # then others are served
_TAIL_S = 0.2  # of what follows the last speech, so that no word is cut
_MS = SAMPLE_RATE // 1000


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

    def turn_rests(self, turn: Turn) -> None:
        """The user is silent for now, and what was said so far is understood."""
        ...

    def turn_resumed(self) -> None: ...

    def turn_ended(self, item_id: str, end_ms: int) -> None: ...

    def heard(self, item_id: str, heard: Heard) -> None: ...


@dataclass(slots=True)
class _Utterance:
    """What is being said. `start` is a position in the input."""

    item_id: str
    start: int
    listening: Listening | None
    following: asyncio.Task[Any] | None = None


class UserInput:
    """Collects until a turn is taken.

    Args:
        spawn: runs work beside the session, and ends it with the session.
        max_turn_s: of sound in one turn.
    """

    def __init__(self, ports: Ports, listener: Listener, spawn: Spawn, max_turn_s: float) -> None:
        self._ports = ports
        self._listener = listener
        self._spawn = spawn
        self._max_turn_s = max_turn_s
        self._buffer = InputBuffer()
        self._pictures: list[Picture] = []
        self._rules: TurnRules | None = None
        self._judge: WindowStream | None = None
        self._detector: TurnDetector | None = None
        self._windows_from = 0  # position of the detector's first window
        self._utterance: _Utterance | None = None
        self.language: str | None = None

    @property
    def has_begun(self) -> bool:
        """Whether there was any sound in the session."""
        return self._buffer.has_begun

    @property
    def is_speaking(self) -> bool:
        """Whether the user is in the middle of a turn."""
        return self._detector is not None and self._detector.is_speaking

    def listen_by(self, rules: TurnRules | None) -> None:
        """Find turns by these rules from here on; None leaves it to the client."""
        if rules == self._rules:
            return
        self._rules = rules
        if rules is None:
            self._judge = self._detector = None
            return
        self._judge = self._judge or self._ports.activity()
        self._judge.reset()
        self._windows_from = self._buffer.end
        self._detector = TurnDetector(
            DetectorRules(threshold=rules.threshold, silence_ms=rules.silence_ms)
        )

    async def append(self, audio: Audio) -> None:
        """Take sound.

        Raises:
            InputTooLong: nothing was committed for too long, where that is the client's to do.
        """
        if self._judge is None:
            if self._buffer.duration_s + audio.duration_s > self._max_turn_s:
                raise InputTooLong(self._max_turn_s)
            self._buffer.push(audio)
            return
        probabilities = self._judge.push(self._buffer.push(audio))
        for number, probability in enumerate(probabilities.tolist(), 1):
            self._hear(probability)
            if number % _WINDOWS_AT_A_TIME == 0:
                await asyncio.sleep(0)
        if self._utterance is None:
            self._buffer.forget(self._buffer.end - self._prefix)
        elif self._buffer.duration_s > self._max_turn_s:
            self._end()

    def append_picture(self, source: str) -> None:
        """Take a frame, which goes with the sound around it.

        Raises:
            NoSoundYet: there is none.
        """
        if not self._buffer.duration_s:
            raise NoSoundYet
        self._pictures.append(Picture(source))
        del self._pictures[:-MAX_FRAMES]

    def take(self) -> Turn:
        """What there is, as a turn; the next one begins with nothing.

        Raises:
            InputEmpty: there is no sound.
        """
        if not self._buffer.duration_s:
            raise InputEmpty
        utterance = self._utterance or self._began(self._buffer.start)
        end = self._speech_end if self._utterance else self._buffer.end
        turn = self._turn(utterance, end)
        if utterance.listening is not None and turn.speech.audio is not None:
            utterance.listening.keep(turn.speech.audio.samples, utterance.start)
        self.clear()
        return turn

    def clear(self) -> None:
        """Drop sound and pictures."""
        if self._utterance is not None and self._utterance.following is not None:
            self._utterance.following.cancel()
        self._utterance = None
        self._pictures = []
        self._buffer.flush()
        if self._detector is not None:
            self._detector.reset()

    def end_if_silent(self, since_s: float) -> None:
        """End a turn whose user has been silent for long, or whose client has: `since_s`."""
        if self.is_speaking and self._rules and since_s * 1000 > self._rules.silence_ms + 1000:
            self._end()

    def _hear(self, probability: float) -> None:
        assert self._detector is not None
        match self._detector.push(probability):
            case Signal.ONSET:
                self._begin()
            case Signal.REST if self._utterance and self._utterance.listening:
                self._spawn(self._hear_early(self._utterance, self._utterance.listening))
            case Signal.RESUMED:
                self._listener.turn_resumed()
            case Signal.END:
                self._end()

    async def _hear_early(self, utterance: _Utterance, listening: Listening) -> None:
        """Understand at a short silence, so that the words are there when the turn is over."""
        end = self._speech_end
        await listening.hear(end)
        if utterance is self._utterance and self._detector and self._detector.is_resting:
            self._listener.turn_rests(self._turn(utterance, end))

    def _begin(self) -> None:
        assert self._detector is not None and self._rules is not None
        onset = self._windows_from + round(self._detector.onset_s * SAMPLE_RATE)
        start = max(self._buffer.start, onset - self._rules.prefix_ms * _MS)
        self._utterance = utterance = self._began(start)
        self._listener.turn_began(utterance.item_id, start // _MS)
        if utterance.listening is not None:
            follow = utterance.listening.follow(lambda: self._buffer.end)
            utterance.following = self._spawn(follow)

    def _turn(self, utterance: _Utterance, end: int) -> Turn:
        audio = Audio(self._buffer.clip(utterance.start, end), SAMPLE_RATE)
        pictures = tuple(self._pictures)
        return Turn(utterance.item_id, Speech(audio), pictures, utterance.listening, end)

    def _end(self) -> None:
        if self._utterance is not None:
            self._listener.turn_ended(self._utterance.item_id, self._buffer.end // _MS)

    def _began(self, start: int) -> _Utterance:
        item_id, recognizer = new_id("item"), self._ports.recognizer
        listening = None
        if recognizer is not None:
            listening = Listening(
                recognizer,
                self._buffer.clip,
                start,
                self.language,
                lambda heard: self._listener.heard(item_id, heard),
            )
        return _Utterance(item_id, start, listening)

    @property
    def _prefix(self) -> int:
        """Samples to keep of what comes before speech is noticed."""
        prefix_ms = self._rules.prefix_ms if self._rules else 0
        return round((prefix_ms / 1000 + _TAIL_S) * SAMPLE_RATE)

    @property
    def _speech_end(self) -> int:
        """Where speech was last heard, and a little more."""
        if self._detector is None:
            return self._buffer.end
        end = self._windows_from + round((self._detector.end_s + _TAIL_S) * SAMPLE_RATE)
        return min(end, self._buffer.end)
