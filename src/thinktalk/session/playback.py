"""What the listener has heard so far, by the clock: sound is taken to play as it arrives."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from thinktalk.media.activity import SAMPLE_RATE
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio, Samples

Clock = Callable[[], float]

_RECENT_S = 6.0
# Characters a second of unhurried speech, in scripts with and without spaces between words.
_SPACED_PACE, _UNSPACED_PACE = 14.0, 4.5


@dataclass(frozen=True, slots=True)
class _Spoken:
    """Sound up to `end_s` speaks the text up to character `end_char`."""

    end_s: float
    end_char: float


class Playback:
    """The playback of one reply. Times are in seconds; `clock` is steady."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends_at = clock()
        self._marks: list[_Spoken] = []
        self._knows_text = False  # that any sound speaks
        self._told_s: float | None = None
        self.sent_s = 0.0

    def send(self, duration_s: float, end_char: float | None) -> None:
        """Note sound that was sent.

        Args:
            end_char: up to where the text is spoken by its end; None where it speaks none of it,
                or, of a reply that never tells, where nobody knows.
        """
        # What comes late is played when it comes.
        self._ends_at = max(self._clock(), self._ends_at) + duration_s
        self.sent_s += duration_s
        self._knows_text = self._knows_text or end_char is not None
        known = self._marks[-1].end_char if self._marks else 0.0
        self._marks.append(_Spoken(self.sent_s, known if end_char is None else end_char))

    def take_back(self, duration_s: float) -> None:
        """Note that the last of the sound never left."""
        self.sent_s -= duration_s
        self._ends_at -= duration_s

    def tell(self, heard_s: float) -> None:
        """Note how much was played in all, by the client, which knows."""
        self._told_s = heard_s

    @property
    def lead_s(self) -> float:
        """How much has been sent that is still to be played."""
        return max(0.0, self._ends_at - self._clock())

    @property
    def silent_s(self) -> float:
        """How long nothing has been played, after what was sent so far."""
        return max(0.0, self._clock() - self._ends_at)

    @property
    def heard_s(self) -> float:
        return self.sent_s - self.lead_s if self._told_s is None else self._told_s

    @property
    def whole_s(self) -> float:
        """What will have been heard once all that was sent is played."""
        return self.sent_s if self._told_s is None else self._told_s

    @property
    def is_told(self) -> bool:
        """Whether the client has said how much was played."""
        return self._told_s is not None

    def finish(self, num_chars: int) -> None:
        """Note that nothing follows: the sound so far speaks all `num_chars` of the text."""
        if not self._knows_text:
            self._marks.clear()
        if self.sent_s:
            self._marks[-1:] = [_Spoken(self.sent_s, num_chars)]
            self._knows_text = True

    def heard(self, text: str, heard_s: float | None = None) -> str:
        """The part of the reply `text` that was heard, in whole words.

        Args:
            heard_s: how much of the sound was played, where the client knows it.
        """
        heard_s = self.heard_s if heard_s is None else heard_s
        if not self._knows_text:
            return _whole_words(text, heard_s * self._pace(text))
        start_s, start_char = 0.0, 0.0
        for mark in self._marks:
            if mark.end_s > heard_s:
                share = (heard_s - start_s) / (mark.end_s - start_s)
                return _whole_words(text, start_char + share * (mark.end_char - start_char))
            start_s, start_char = mark.end_s, mark.end_char
        return text[: round(start_char)]

    def _pace(self, text: str) -> float:
        """Characters a second, where the sound does not say: text may run ahead of it."""
        usual = _SPACED_PACE if _is_spaced(text) else _UNSPACED_PACE
        return min(usual, len(text) / self.sent_s) if self.sent_s else 0.0


class RecentSound:
    """What was played of late, as far as the clock can tell."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pieces: deque[tuple[float, Audio]] = deque()

    def add(self, audio: Audio, in_s: float) -> None:
        """Note sound that will be played `in_s` from now."""
        now = self._clock()
        self._pieces.append((now + in_s, audio))
        while self._pieces and self._pieces[0][0] < now - _RECENT_S:
            self._pieces.popleft()

    def last(self, duration_s: float) -> Samples | None:
        """The last `duration_s`, up to now, at 16 kHz; None where nothing was played."""
        if not self._pieces:
            return None
        rate = self._pieces[0][1].sample_rate
        sound = np.zeros(round(duration_s * rate), np.float32)
        start_s = self._clock() - duration_s
        for at_s, audio in self._pieces:
            first = round((at_s - start_s) * rate)
            begin, end = max(0, first), min(len(sound), first + len(audio.samples))
            if begin < end:
                sound[begin:end] = audio.samples[begin - first : end - first]
        return resample(Audio(sound, rate), SAMPLE_RATE).samples


def _whole_words(text: str, position: float) -> str:
    """`text` up to the last word that ends by `position`; scripts without spaces by character."""
    cut = int(position)
    if cut >= len(text):
        return text
    space = max(text.rfind(sign, 0, cut + 1) for sign in " \n\t")
    return text[: max(0, space)].rstrip() if _is_spaced(text) else text[:cut]


def _is_spaced(text: str) -> bool:
    return " " in text.strip()
