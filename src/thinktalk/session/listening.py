"""Recognises one utterance while it is being spoken, and finally when it is over.

Of a long one only the end is heard again: what was said before it is confirmed on the way. Ears
are shared: between two hypotheses passes a multiple of what one took.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass

from thinktalk.engines.base import RecognizeOptions, Recognizer, Segment
from thinktalk.errors import ThinktalkError
from thinktalk.media.activity import SAMPLE_RATE
from thinktalk.media.types import Audio, Samples

_EVERY_S = 1.0
_COST_SHARE = 3.0  # a hypothesis may take a third of the time, or less
_CONFIRM_AFTER_S = 12.0
_SLACK_S = 0.2  # silence after the words that a transcript need not cover


@dataclass(frozen=True, slots=True)
class Heard:
    """What an utterance says: `confirmed` stays as it is. `end` in samples was heard up to."""

    confirmed: str = ""
    pending: str = ""
    language: str = ""
    end: int = 0

    @property
    def text(self) -> str:
        return (self.confirmed + self.pending).strip()


class Listening:
    """Listens to one utterance.

    Args:
        clip: samples of the input from one position to another.
        start: of the utterance, in samples.
        report: told every hypothesis.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        clip: Callable[[int, int], Samples],
        start: int,
        language: str | None,
        report: Callable[[Heard], None],
    ) -> None:
        self._recognizer = recognizer
        self._clip = clip
        self._base = start  # what comes before it is confirmed
        self._language = language
        self._report = report
        self._one_at_a_time = asyncio.Lock()
        self.heard = Heard(end=start)
        self._has_heard = False

    @property
    def is_wordless(self) -> bool:
        """Whether it was listened to, and nothing was said."""
        return self._has_heard and not self.heard.text

    async def follow(self, position: Callable[[], int]) -> None:
        """Make hypotheses until cancelled.

        Args:
            position: up to where the input has come, in samples.
        """
        loop = asyncio.get_running_loop()
        pause_s = _EVERY_S
        while True:
            await asyncio.sleep(pause_s)
            if position() - self.heard.end < SAMPLE_RATE // 2:
                continue
            began = loop.time()
            with suppress(ThinktalkError):  # is told when the turn is over
                await self.hear(position())
            pause_s = max(_EVERY_S, _COST_SHARE * (loop.time() - began))

    async def hear(self, end: int) -> Heard:
        """What was said up to `end`; what has been heard already is not heard again."""
        async with self._one_at_a_time:
            if self.heard.end >= end - round(_SLACK_S * SAMPLE_RATE):
                return self.heard
            segments = await self._segments(end)
            self._note(segments, end)
        self._report(self.heard)
        return self.heard

    async def _segments(self, end: int) -> list[Segment]:
        audio = Audio(self._clip(self._base, end), SAMPLE_RATE)
        options = RecognizeOptions(language=self._language)
        segments = []
        async with aclosing(self._recognizer.recognize(audio, options)) as found:
            async for segment in found:
                segments.append(segment)
        return segments

    def _note(self, segments: list[Segment], end: int) -> None:
        self._has_heard = True
        confirmed, base = self.heard.confirmed, self._base
        if len(segments) > 1 and (end - base) / SAMPLE_RATE > _CONFIRM_AFTER_S:
            confirmed += "".join(segment.text for segment in segments[:-1])
            self._base = base + round(segments[-2].end_s * SAMPLE_RATE)
            segments = segments[-1:]
        language = segments[-1].language if segments else self.heard.language
        pending = "".join(segment.text for segment in segments)
        self.heard = Heard(confirmed, pending, language, end)
