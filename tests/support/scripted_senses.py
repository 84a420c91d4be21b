"""Stand-ins for what hears and what speaks, at the seams that engines offer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from support.media_files import tone
from thinktalk.engines.base import (
    Capabilities,
    GenerateRequest,
    RecognizeOptions,
    Segment,
    SpeechOptions,
)
from thinktalk.events import AudioDelta, Event, Finished, Progress, TextDelta
from thinktalk.media.types import Audio


class ScriptedRecognizer:
    """Hears the same segments in everything; keeps what it was given."""

    def __init__(self, segments: Sequence[Segment], *, delay_s: float = 0.0) -> None:
        self._segments = tuple(segments)
        self._delay_s = delay_s
        self.heard: list[tuple[Audio, RecognizeOptions]] = []
        self.cancelled = 0

    async def recognize(
        self, audio: Audio, options: RecognizeOptions
    ) -> AsyncGenerator[Segment, None]:
        self.heard.append((audio, options))
        try:
            for segment in self._segments:
                await asyncio.sleep(self._delay_s)
                yield segment
        except (GeneratorExit, asyncio.CancelledError):
            self.cancelled += 1
            raise


class ScriptedSynthesizer:
    """Speaks a tone of 0.1 s per word, and nothing for signs; keeps what it was asked."""

    def __init__(self, *, sample_rate: int = 24_000, delay_s: float = 0.0) -> None:
        self.sample_rate = sample_rate
        self._delay_s = delay_s
        self.asked: list[tuple[str, SpeechOptions]] = []

    async def synthesize(
        self, text: str, speech: SpeechOptions
    ) -> AsyncGenerator[AudioDelta, None]:
        self.asked.append((text, speech))
        for word in text.split():
            if not any(map(str.isalnum, word)):
                continue
            await asyncio.sleep(self._delay_s)
            yield AudioDelta(Audio(tone(0.1, self.sample_rate), self.sample_rate))


class ReadingEngine:
    """An engine that tells how far it is before it answers."""

    capabilities = Capabilities(name="reader")

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        for percent in range(0, 100, 10):
            await asyncio.sleep(0.3)
            yield Progress("listening", percent / 100)
        yield TextDelta("done")
        yield Finished("stop")
