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


@dataclass(frozen=True, slots=True)
class _Spoken:
    """Sound up to `end_s` speaks the text up to character `end_char`."""

    end_s: float
    end_char: int


class Playback:
    """The playback of one reply. Times are in seconds; `clock` is steady."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends_at = clock()
        self._marks: list[_Spoken] = []
        self.sent_s = 0.0

    def send(self, duration_s: float, end_char: int | None) -> None:
        """Note sound that was sent. `end_char` is up to where the text is spoken by its end."""
        # What comes late is played when it comes.
        self._ends_at = max(self._clock(), self._ends_at) + duration_s
        self.sent_s += duration_s
        known = self._marks[-1].end_char if self._marks else 0
        self._marks.append(_Spoken(self.sent_s, known if end_char is None else end_char))

    @property
    def lead_s(self) -> float:
        """How much has been sent that is still to be played."""
        return max(0.0, self._ends_at - self._clock())

    @property
    def heard_s(self) -> float:
        return self.sent_s - self.lead_s

    def finish(self, num_chars: int) -> None:
        """Note that nothing follows: the sound so far speaks all `num_chars` of the text."""
        if self._marks:
            self._marks[-1] = _Spoken(self.sent_s, num_chars)

    def heard(self, text: str, heard_s: float | None = None) -> str:
        """The part of the reply `text` that was heard, in whole words.

        Args:
            heard_s: how much of the sound was played, where the client knows it.
        """
        heard_s = self.heard_s if heard_s is None else heard_s
        start_s, start_char = 0.0, 0
        for mark in self._marks:
            if mark.end_s > heard_s:
                share = (heard_s - start_s) / (mark.end_s - start_s)
                return _whole_words(text, start_char + share * (mark.end_char - start_char))
            start_s, start_char = mark.end_s, mark.end_char
        return text[:start_char]


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
    is_spaced = " " in text.strip()
    return text[: max(0, space)].rstrip() if is_spaced else text[:cut]
