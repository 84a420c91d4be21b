"""The user's side: sound and pictures as they come in, and where a turn begins and ends.

Where the client says when a turn is over, this only collects. Knows nothing of answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

from thinktalk.errors import ThinktalkError
from thinktalk.media.activity import SAMPLE_RATE, WindowStream
from thinktalk.media.types import Audio, Samples
from thinktalk.session.config import TurnRules
from thinktalk.session.errors import InputEmpty, InputTooLong, NoSoundYet
from thinktalk.session.events import SoundJudged
from thinktalk.session.history import MAX_FRAMES, MAX_PICTURE_CHARS
from thinktalk.session.ids import new_id
from thinktalk.session.input_buffer import InputBuffer
from thinktalk.session.items import Picture, Speech
from thinktalk.session.listening import Heard, Listening
from thinktalk.session.overhearing import Backdrop, Overhearing
from thinktalk.session.ports import Ports, Spawn
from thinktalk.turns import wording
from thinktalk.turns.detector import DetectorRules, Signal, TurnDetector
from thinktalk.turns.endpoint import patience_ms
from thinktalk.turns.wording import Wording

_AT_A_TIME_S = 2.0
# A client that stops sending while its user speaks is taken to be silent, after this much more.
_SILENT_CLIENT_S = 1.0
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

    def turn_rests(self, turn: Turn) -> None:
        """The user is silent for now, and what was said so far is understood."""
        ...

    def turn_resumed(self) -> None: ...

    def turn_ended(self, item_id: str, end_ms: int) -> None: ...

    def heard(self, item_id: str, heard: Heard) -> None: ...


@dataclass(slots=True)
class _Finding:
    """What is known of how finished a turn is."""

    prosody: float | None = None
    wording: Wording | None = None


@dataclass(slots=True)
class _Utterance:
    """What is being said. `start` is a position in the input."""

    item_id: str
    start: int
    listening: Listening | None
    following: asyncio.Task[Any] | None = None
    # Until it is known to be a turn; sounds that are none are never announced.
    overhearing: Overhearing | None = None
    judging: asyncio.Task[Any] | None = None


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
        self._windows: WindowStream | None = None
        self._detector: TurnDetector | None = None
        self._windows_from = 0  # position of the detector's first window
        self._utterance: _Utterance | None = None
        self._heard_language = "en"
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
        self._forget_utterance()
        if rules is None:
            self._windows = self._detector = None
            return
        self._windows = self._windows or self._ports.activity()
        self._windows.reset()
        self._windows_from = self._buffer.end
        self._detector = TurnDetector(
            DetectorRules(
                threshold=rules.threshold,
                silence_ms=_patience(rules) if rules.is_semantic else rules.silence_ms or 0,
            )
        )

    async def append(self, audio: Audio) -> None:
        """Take sound.

        Raises:
            InputTooLong: nothing was committed for too long, where that is the client's to do.
        """
        is_over = self._buffer.duration_s + audio.duration_s > self._max_turn_s
        if self._windows is None and is_over:
            raise InputTooLong(self._max_turn_s)
        size = round(_AT_A_TIME_S * audio.sample_rate)
        for start in range(0, len(audio.samples), size):
            if start:
                await asyncio.sleep(0)  # others are served meanwhile
            self._take(Audio(audio.samples[start : start + size], audio.sample_rate))

    def _take(self, piece: Audio) -> None:
        samples = self._buffer.push(piece)
        if self._windows is None:
            return
        for probability in self._windows.push(samples).tolist():
            self._hear(probability)
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
        size = sum(len(picture.source) for picture in self._pictures)
        while size > MAX_PICTURE_CHARS or len(self._pictures) > MAX_FRAMES:
            size -= len(self._pictures.pop(0).source)

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
        self._forget_utterance()
        self._pictures = []
        # What has not been listened to yet may be the next turn.
        self._buffer.forget(self._listened_to)
        if self._detector is not None:
            self._detector.reset()

    def _forget_utterance(self) -> None:
        if self._utterance is not None:
            for task in (self._utterance.following, self._utterance.judging):
                if task is not None:
                    task.cancel()
        self._utterance = None

    def end_if_silent(self, since_s: float) -> None:
        """End a turn whose user has been silent for long, or whose client has: `since_s`."""
        if self._detector is not None and self._detector.is_speaking:
            patience_s = self._detector.patience_ms / 1000 + _SILENT_CLIENT_S
            if since_s > patience_s:
                self._end()

    def _hear(self, probability: float) -> None:
        assert self._detector is not None
        if self._utterance is not None and self._utterance.overhearing is not None:
            self._utterance.overhearing.push(probability)
        match self._detector.push(probability):
            case Signal.ONSET:
                self._begin()
            case Signal.REST if self._utterance and not self._utterance.overhearing:
                self._spawn(self._consider(self._utterance))
            case Signal.RESUMED:
                self._listener.turn_resumed()
            case Signal.END if self._utterance and self._utterance.overhearing:
                self._spawn(self._end_overheard(self._utterance, self._utterance.overhearing))
            case Signal.END:
                self._end()

    async def _consider(self, utterance: _Utterance) -> None:
        """At a short silence: understand what was said, and how finished it is."""
        end = self._speech_end
        found = _Finding()

        async def understand(listening: Listening) -> None:
            try:
                heard = await listening.hear(end)
            except ThinktalkError:
                return  # is told when the turn is over
            if self._rests(utterance):
                self._heard_language = heard.language or self._heard_language
                found.wording = wording.judge(heard.text, heard.language)
                self._wait_for(found)
                self._listener.turn_rests(self._turn(utterance, end))

        async def sense(finished: Callable[[Samples], Awaitable[float]]) -> None:
            found.prosody = await finished(self._buffer.clip(utterance.start, end))
            if self._rests(utterance):
                self._wait_for(found)

        async with asyncio.TaskGroup() as group:
            if utterance.listening is not None:
                group.create_task(understand(utterance.listening))
            if self._ports.finished is not None and self._rules and self._rules.is_semantic:
                group.create_task(sense(self._ports.finished))

    def _rests(self, utterance: _Utterance) -> bool:
        """Whether it is still the one that is being said, and silent."""
        return (
            utterance is self._utterance
            and self._detector is not None
            and self._detector.is_resting
        )

    def _wait_for(self, found: _Finding) -> None:
        if self._rules is not None and self._rules.is_semantic and self._detector is not None:
            self._detector.patience_ms = _patience(self._rules, found)

    def _begin(self) -> None:
        assert self._detector is not None and self._rules is not None
        onset = self._windows_from + round(self._detector.onset_s * SAMPLE_RATE)
        start = max(self._buffer.start, onset - self._rules.prefix_ms * _MS)
        self._utterance = utterance = self._began(start)
        if self._rules.is_semantic and self._rules.interrupts and self._listener.is_overheard():
            utterance.overhearing = Overhearing(
                self._ports,
                self._buffer.clip,
                onset,
                self.language or self._heard_language,
                self._listener.backdrop,
            )
            utterance.judging = self._spawn(self._judge(utterance, utterance.overhearing))
            return
        self._announce(utterance)

    def _announce(self, utterance: _Utterance) -> None:
        """It is a turn."""
        utterance.overhearing = None
        self._listener.turn_began(utterance.item_id, utterance.start // _MS)
        if utterance.listening is not None:
            follow = utterance.listening.follow(lambda: self._buffer.end)
            utterance.following = self._spawn(follow)

    async def _judge(self, utterance: _Utterance, overhearing: Overhearing) -> None:
        told = "undecided"
        async with aclosing(overhearing.verdicts()) as verdicts:
            async for verdict in verdicts:
                if verdict.kind != told:
                    told = verdict.kind
                    self._tell(utterance, overhearing)
                if verdict.kind == "interruption":
                    self._announce(utterance)
                    return

    async def _end_overheard(self, utterance: _Utterance, overhearing: Overhearing) -> None:
        """The end of a sound that was not known to be a turn."""
        if utterance.judging is not None:
            utterance.judging.cancel()
        before = overhearing.verdict.kind
        verdict = await overhearing.judge(is_over=True)
        if utterance is not self._utterance:
            return
        if verdict.kind != before:
            self._tell(utterance, overhearing)
        if verdict.kind == "interruption":
            self._announce(utterance)
            self._end()
            return
        if verdict.kind == "backchannel":
            self._listener.aside_heard(utterance.item_id, overhearing.text)
        self.clear()

    def _tell(self, utterance: _Utterance, overhearing: Overhearing) -> None:
        verdict = overhearing.verdict
        self._listener.sound_judged(
            SoundJudged(
                item_id=utterance.item_id,
                kind=verdict.kind,
                probability=round(verdict.probability, 3),
                reason=verdict.reason,
                text=overhearing.text,
                audio_start_ms=utterance.start // _MS,
                after_ms=round(overhearing.duration_s * 1000),
            )
        )

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
    def _listened_to(self) -> int:
        """Up to where turns have been looked for; all of it, where the client says."""
        if self._detector is None:
            return self._buffer.end
        return self._windows_from + round(self._detector.now_s * SAMPLE_RATE)

    @property
    def _speech_end(self) -> int:
        """Where speech was last heard, and a little more."""
        if self._detector is None:
            return self._buffer.end
        end = self._windows_from + round((self._detector.end_s + _TAIL_S) * SAMPLE_RATE)
        return min(end, self._buffer.end)


def _patience(rules: TurnRules, found: _Finding | None = None) -> float:
    """How much silence, in ms, ends a turn of which so much is known."""
    found = found or _Finding()
    return patience_ms(
        prosody=found.prosody,
        wording=found.wording,
        eagerness=rules.eagerness,
        silence_ms=rules.silence_ms,
    )
