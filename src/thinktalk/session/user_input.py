"""The user's side: sound and pictures as they come in, and where a turn begins and ends.

Where the client says when a turn is over, this only collects. Knows nothing of answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from thinktalk.errors import ThinktalkError
from thinktalk.media.activity import SAMPLE_RATE, WindowStream
from thinktalk.media.types import Audio, Samples
from thinktalk.session.config import TurnRules
from thinktalk.session.errors import InputEmpty, InputTooLong, NoSoundYet
from thinktalk.session.history import MAX_FRAMES, MAX_PICTURE_CHARS
from thinktalk.session.ids import new_id
from thinktalk.session.input_buffer import InputBuffer
from thinktalk.session.items import Picture, Speech
from thinktalk.session.listening import Listening
from thinktalk.session.patience import Patience
from thinktalk.session.ports import Ports, Spawn
from thinktalk.session.utterance import MS, Listener, Turn, Utterance
from thinktalk.turns import wording
from thinktalk.turns.detector import DetectorRules, Signal, TurnDetector

_AT_A_TIME_S = 2.0
# A client that stops sending while its user speaks is taken to be silent, after this much more.
_SILENT_CLIENT_S = 1.0
_TAIL_S = 0.2  # of what follows the last speech, so that no word is cut
_BACKGROUND_S = 1.2  # in which a sound over the reply is looked for before it was noticed
# What no turn was found in, and is shorter, was only not listened to yet.
_LEAST_S = 0.1


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
        self._utterance: Utterance | None = None
        self._heard_language = "en"
        self.language: str | None = None

    @property
    def has_begun(self) -> bool:
        """Whether there was any sound in the session."""
        return self._buffer.has_begun

    @property
    def is_speaking(self) -> bool:
        """Whether the user is in the middle of a turn."""
        return self._utterance is not None and self._utterance.is_turn

    @property
    def item_id(self) -> str | None:
        """What the item of the turn will be called that is being said."""
        return self._utterance.item_id if self._utterance is not None else None

    def listen_by(self, rules: TurnRules | None) -> None:
        """Find turns by these rules from here on; None leaves it to the client."""
        if rules == self._rules:
            return
        self._rules = rules
        if rules is None:
            self._forget_utterance()
            self._windows = self._detector = None
            return
        found = DetectorRules(threshold=rules.threshold, silence_ms=Patience(rules).ms)
        if self._detector is not None:
            self._detector.go_by(found)  # whoever speaks is heard out
            return
        self._forget_utterance()
        self._windows = self._windows or self._ports.activity()
        self._windows.reset()
        self._windows_from = self._buffer.end
        self._detector = TurnDetector(found)

    async def append(self, audio: Audio) -> None:
        """Take sound.

        Raises:
            InputTooLong: nothing was committed for too long, where that is the client's to do.
        """
        is_over = self._buffer.duration_s + audio.duration_s > self._max_turn_s
        if self._windows is None and is_over:
            raise InputTooLong(self._max_turn_s, self._buffer.duration_s, audio.duration_s)
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
            self._end(self._utterance)

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
        is_rest = self._detector is not None and self._buffer.duration_s < _LEAST_S
        if not self._buffer.duration_s or (self._utterance is None and is_rest):
            raise InputEmpty
        utterance = self._utterance or self._began(self._buffer.start)
        turn = self._turn(utterance, self._speech_end if self._utterance else self._buffer.end)
        utterance.keep(utterance.clip(utterance.start, turn.end), utterance.start)
        self.clear()
        return turn

    def turn_so_far(self, item_id: str) -> Turn | None:
        """The turn with this id, if it is being said right now."""
        utterance = self._utterance
        if utterance is None or utterance.item_id != item_id or self.is_resting:
            return None
        return self._turn(utterance, self._buffer.end) if utterance.is_turn else None

    def clear(self) -> None:
        """Drop sound and pictures."""
        self._pictures = []
        self._drop_sound()

    def _drop_sound(self) -> None:
        self._forget_utterance()
        # What has not been listened to yet may be the next turn.
        self._buffer.forget(self._listened_to)
        if self._detector is not None:
            self._detector.reset()

    def _forget_utterance(self) -> None:
        if self._utterance is not None:
            self._utterance.leave()
        self._utterance = None

    def end_if_silent(self, since_s: float) -> None:
        """End a turn whose user has been silent for long, or whose client has: `since_s`."""
        if self._detector is not None and self._utterance is not None:
            patience_s = self._detector.patience_ms / 1000 + _SILENT_CLIENT_S
            if since_s > patience_s:
                self._end(self._utterance)

    def _hear(self, probability: float) -> None:
        assert self._detector is not None
        if self._utterance is not None:
            self._utterance.push(probability)
        match self._detector.push(probability):
            case Signal.ONSET:
                self._begin()
            case Signal.REST if self._utterance is not None and self._utterance.is_turn:
                self._listener.turn_paused()
                self._spawn(self._consider(self._utterance))
            case Signal.RESUMED:
                self._listener.turn_resumed()
            case Signal.END if self._utterance is not None:
                self._end(self._utterance)

    async def _consider(self, utterance: Utterance) -> None:
        """At a short silence: understand what was said, and how finished it is."""
        if self._rules is None or self._detector is None:
            return
        end, quiet_since_s = self._speech_end, self._detector.end_s
        patience = Patience(self._rules)

        def rests() -> bool:
            is_same = utterance is self._utterance and self.is_resting
            return is_same and self._quiet_since_s == quiet_since_s

        async def understand(listening: Listening) -> None:
            try:
                heard = await listening.hear(end)
            except ThinktalkError:
                return  # is told when the turn is over
            if rests():
                self._heard_language = heard.language or self._heard_language
                patience.wording = wording.judge(heard.text, heard.language)
                self._wait_for(patience)
                self._listener.turn_rests(self._turn(utterance, end))

        async def sense(finished: Callable[[Samples], Awaitable[float]]) -> None:
            patience.prosody = await finished(utterance.clip(utterance.start, end))
            if rests():
                self._wait_for(patience)

        async with asyncio.TaskGroup() as group:
            if utterance.listening is not None:
                group.create_task(understand(utterance.listening))
            if self._ports.finished is not None and patience.rules.is_semantic:
                group.create_task(sense(self._ports.finished))

    @property
    def is_resting(self) -> bool:
        """Whether whoever speaks is silent for the moment."""
        return self._detector is not None and self._detector.is_resting

    def _wait_for(self, patience: Patience) -> None:
        if self._detector is not None and patience.rules == self._rules:
            self._detector.patience_ms = patience.ms

    def _begin(self) -> None:
        assert self._detector is not None and self._rules is not None
        onset = self._windows_from + round(self._detector.onset_s * SAMPLE_RATE)
        start = max(self._buffer.start, onset - self._rules.prefix_ms * MS)
        self._utterance = utterance = self._began(start)
        if self._rules.is_semantic and self._rules.interrupts and self._listener.is_overheard():
            utterance.overhear(onset, self.language or self._heard_language)
        else:
            utterance.announce()

    def _end(self, utterance: Utterance) -> None:
        end_ms = self._listened_to // MS
        if utterance.is_turn:
            self._listener.turn_ended(self.take(), end_ms)
            return
        turn = self._turn(utterance, self._speech_end)
        utterance.keep(self._buffer.clip(self._buffer.start, self._buffer.end), self._buffer.start)
        self._drop_sound()
        self._spawn(self._settle(utterance, turn, end_ms))

    async def _settle(self, utterance: Utterance, turn: Turn, end_ms: int) -> None:
        """After a sound over the reply has ended that was not known to be a turn."""
        if await utterance.settle():
            pictures, self._pictures = tuple(self._pictures), []
            turn = Turn(turn.item_id, turn.speech, pictures, turn.listening, turn.end)
            self._listener.turn_ended(turn, end_ms)

    def _turn(self, utterance: Utterance, end: int) -> Turn:
        audio = Audio(utterance.clip(utterance.start, end), SAMPLE_RATE)
        pictures = tuple(self._pictures)
        return Turn(utterance.item_id, Speech(audio), pictures, utterance.listening, end)

    def _began(self, start: int) -> Utterance:
        def became_turn() -> None:
            if utterance is self._utterance and self.is_resting:
                self._spawn(self._consider(utterance))

        utterance = Utterance(
            new_id("item"),
            start,
            self._ports,
            self._buffer,
            self._listener,
            self._spawn,
            language=self.language,
            became_turn=became_turn,
        )
        return utterance

    @property
    def _prefix(self) -> int:
        """Samples to keep of what comes before speech is noticed."""
        prefix_ms = self._rules.prefix_ms if self._rules else 0
        return round(max(prefix_ms / 1000 + _TAIL_S, _BACKGROUND_S) * SAMPLE_RATE)

    @property
    def _listened_to(self) -> int:
        """Up to where turns have been looked for; all of it, where the client says."""
        if self._detector is None:
            return self._buffer.end
        return self._windows_from + round(self._detector.now_s * SAMPLE_RATE)

    @property
    def _quiet_since_s(self) -> float | None:
        return self._detector.end_s if self._detector is not None else None

    @property
    def _speech_end(self) -> int:
        """Where speech was last heard, and a little more."""
        if self._detector is None:
            return self._buffer.end
        end = self._windows_from + round((self._detector.end_s + _TAIL_S) * SAMPLE_RATE)
        return min(end, self._buffer.end)
