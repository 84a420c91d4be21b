"""A sound that the user makes while the assistant speaks: is it a bid for the floor?

Judged again and again while it lasts, and once its first words are read. Knows nothing of what
follows from it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

import numpy as np

from thinktalk.engines.base import Glimpse
from thinktalk.media.activity import SAMPLE_RATE, WINDOW_S
from thinktalk.media.types import Samples
from thinktalk.session.ports import Ports
from thinktalk.turns import phrases
from thinktalk.turns.detector import ONSET_WINDOWS
from thinktalk.turns.echo import LONGEST_DELAY_S
from thinktalk.turns.interrupt import Verdict, due_s
from thinktalk.turns.onset import BEFORE_S, LONGEST_S, first_sound
from thinktalk.turns.overlap import Overlap

LEAD_S = 0.3
"""Of what was heard before the first sound, to compare it with and to read it by."""
JUDGED_EVERY = 3
"""So many windows; and besides, when it is due and when its words are read."""
READ_FROM_S, _READ_AGAIN_S = 0.35, 0.5
"""A shorter piece is not worth reading. It is read once more at once, longer by the time that took,
and then whenever so much more was said."""
_LONGEST_JUDGED_S = 3.0
"""What was no bid for the floor by then is none: judging would take ever longer."""
PRESUMED = 0.8
"""Probability of the windows of speech by which a sound is named, which are not told."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """What the assistant is saying: its last words that were heard, and its sound at 16 kHz."""

    text: str
    samples: Samples | None


class Overhearing:
    """Judges one sound.

    Args:
        clip: samples of the input from one position to another.
        onset: where the sound began, in samples.
        language: that the user is likely to speak, ISO 639-1.
        backdrop: what the assistant is saying, with so many seconds of its sound.
    """

    def __init__(
        self,
        ports: Ports,
        clip: Callable[[int, int], Samples],
        onset: int,
        language: str,
        backdrop: Callable[[float], Backdrop],
    ) -> None:
        self._ports = ports
        self._clip = clip
        self._onset = onset
        self._language = language
        self._backdrop = backdrop
        before = round((LONGEST_S + BEFORE_S) * SAMPLE_RATE)
        heard = clip(onset - before, onset)
        self._start = onset - len(heard) + first_sound(heard, len(heard))
        self._probabilities: list[float] = [PRESUMED] * ONSET_WINDOWS
        self._glimpse: Glimpse | None = None
        self._read_at_s = READ_FROM_S
        self._news = asyncio.Event()
        self._is_read = self._was_due = False
        self._judged = ONSET_WINDOWS - JUDGED_EVERY  # windows
        self.verdict = Verdict("undecided", 0.5, "nothing was heard yet")

    @property
    def text(self) -> str:
        """Its words, as far as they were read."""
        return self._glimpse.text if self._glimpse is not None else ""

    @property
    def duration_s(self) -> float:
        """Since the first sound."""
        return self._late_s + len(self._probabilities) * WINDOW_S

    @property
    def _late_s(self) -> float:
        return (self._onset - self._start) / SAMPLE_RATE

    def push(self, probability: float) -> None:
        """Take the next window."""
        self._probabilities.append(probability)
        self._news.set()

    async def verdicts(self) -> AsyncGenerator[Verdict, None]:
        """What it is by now, without end."""
        reading: asyncio.Task[None] | None = None
        self._news.set()
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                is_free = reading is None or reading.done()
                if is_free and self._read_at_s <= self.duration_s <= _LONGEST_JUDGED_S:
                    reading = asyncio.create_task(self._read())
                if self._is_worth_judging():
                    yield await self.judge()
        finally:
            if reading is not None:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    async def judge(self, *, is_over: bool = False) -> Verdict:
        """What it is by now."""
        if is_over and self._glimpse is None:
            await self._read()
        overlap = self._overlap(is_over)
        self.verdict = await asyncio.to_thread(self._ports.judge.judge, overlap)
        return self.verdict

    def _is_worth_judging(self) -> bool:
        """Whether words have come, or it is due, or some more was heard."""
        if self.duration_s > _LONGEST_JUDGED_S:
            return False
        is_due = self.duration_s >= due_s(self._late_s)
        is_read, self._is_read = self._is_read, False
        has_come_due, self._was_due = is_due and not self._was_due, is_due
        return is_read or has_come_due or len(self._probabilities) - self._judged >= JUDGED_EVERY

    async def _read(self) -> None:
        if self._ports.glance is None:
            return
        first = self._glimpse is None
        self._read_at_s = self.duration_s + (0.0 if first else _READ_AGAIN_S)
        prompt = phrases.prompt(self._language)
        try:
            read = await self._ports.glance(self._samples(), self._language, prompt)
        except Exception as error:  # judged by its sound, then
            _log.warning("the beginning of a sound could not be read: %s", error)
            return
        self._glimpse = Glimpse(read) if isinstance(read, str) else read
        self._is_read = True
        self._news.set()

    def _samples(self) -> Samples:
        end = self._start + round(min(self.duration_s, _LONGEST_JUDGED_S) * SAMPLE_RATE)
        return self._clip(self._start - round(LEAD_S * SAMPLE_RATE), end)

    def _overlap(self, is_over: bool) -> Overlap:
        samples = self._samples()
        backdrop = self._backdrop(len(samples) / SAMPLE_RATE + LONGEST_DELAY_S)
        glimpse = self._glimpse
        self._judged = len(self._probabilities)
        return Overlap(
            samples=samples,
            speech_probabilities=np.array(self._probabilities, np.float32),
            late_s=self._late_s,
            text=glimpse.text if glimpse is not None else None,
            readings=glimpse.readings if glimpse is not None else (),
            no_speech=glimpse.no_speech if glimpse is not None else 0.0,
            language=self._language,
            assistant_text=backdrop.text,
            assistant_samples=backdrop.samples,
            is_over=is_over,
        )
