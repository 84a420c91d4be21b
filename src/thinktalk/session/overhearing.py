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

from thinktalk.media.activity import SAMPLE_RATE, WINDOW_S
from thinktalk.media.types import Samples
from thinktalk.session.ports import Ports
from thinktalk.turns import phrases
from thinktalk.turns.interrupt import Verdict
from thinktalk.turns.overlap import Overlap

_LOOK_EVERY_S = 0.06
_BEFORE_S = 0.3  # of sound before the onset, to compare it with
# A shorter piece is not worth reading. It is read once more at once, longer by the time that took,
# and then whenever so much more was said.
_READ_FROM_S, _READ_AGAIN_S = 0.32, 0.5

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
        self._probabilities: list[float] = []
        self._text: str | None = None
        self._read_at_s = _READ_FROM_S
        self.verdict = Verdict("undecided", 0.5, "nothing was heard yet")

    @property
    def text(self) -> str:
        """Its words, as far as they were read."""
        return self._text or ""

    @property
    def duration_s(self) -> float:
        return len(self._probabilities) * WINDOW_S

    def push(self, probability: float) -> None:
        """Take the next window."""
        self._probabilities.append(probability)

    async def verdicts(self) -> AsyncGenerator[Verdict, None]:
        """What it is by now, without end."""
        reading: asyncio.Task[None] | None = None
        try:
            while True:
                await asyncio.sleep(_LOOK_EVERY_S)
                is_free = reading is None or reading.done()
                if is_free and self.duration_s >= self._read_at_s:
                    reading = asyncio.create_task(self._read())
                yield await self.judge()
        finally:
            if reading is not None:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    async def judge(self, *, is_over: bool = False) -> Verdict:
        """What it is by now."""
        if is_over and self._text is None:
            await self._read()
        overlap = self._overlap(is_over)
        self.verdict = await asyncio.to_thread(self._ports.judge.judge, overlap)
        return self.verdict

    async def _read(self) -> None:
        if self._ports.glance is None:
            return
        first = self._text is None
        self._read_at_s = self.duration_s + (0.0 if first else _READ_AGAIN_S)
        end = self._onset + round(self.duration_s * SAMPLE_RATE)
        samples = self._clip(self._onset - round(_BEFORE_S * SAMPLE_RATE), end)
        prompt = phrases.prompt(self._language)
        try:
            self._text = await self._ports.glance(samples, self._language, prompt)
        except Exception as error:  # judged by its sound, then
            _log.warning("the beginning of a sound could not be read: %s", error)

    def _overlap(self, is_over: bool) -> Overlap:
        end = self._onset + round(self.duration_s * SAMPLE_RATE)
        samples = self._clip(self._onset - round(_BEFORE_S * SAMPLE_RATE), end)
        backdrop = self._backdrop(len(samples) / SAMPLE_RATE + 2 * _BEFORE_S)
        return Overlap(
            samples=samples,
            speech_probabilities=np.array(self._probabilities, np.float32),
            text=self._text,
            language=self._language,
            assistant_text=backdrop.text,
            assistant_samples=backdrop.samples,
            is_over=is_over,
        )
