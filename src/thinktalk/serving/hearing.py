"""Hearing as an engine: the "answer" to a conversation is what is said in its last user turn."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from thinktalk.conversation import AudioPart
from thinktalk.engines.base import Capabilities, GenerateRequest, RecognizeOptions, Recognizer
from thinktalk.errors import InvalidField
from thinktalk.events import Event, Finished, TextDelta, Usage
from thinktalk.media.types import Audio, Recording


class TranscribingEngine:
    """Writes down the speech of the last user message; serves `qwen3-asr-flash` on chat."""

    def __init__(self, recognizer: Recognizer, language: str | None = None) -> None:
        self._recognizer = recognizer
        self._language = language

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(name="transcription", speech=False)

    async def start(self) -> None:
        """The recogniser is started by whoever built it."""

    async def stop(self) -> None:
        """The recogniser is stopped by whoever built it."""

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        """Yield the text segment by segment.

        Raises:
            InvalidField: the last user message holds no audio.
        """
        num_words, is_first = 0, True
        for audio in _last_spoken(request):
            options = RecognizeOptions(language=self._language)
            async with aclosing(self._recognizer.recognize(audio, options)) as segments:
                async for segment in segments:
                    text = segment.text.strip()
                    if not text:
                        continue
                    num_words += len(text.split())
                    yield TextDelta(text if is_first else " " + text)
                    is_first = False
        yield Finished("stop", Usage(completion_text_tokens=num_words))


def _last_spoken(request: GenerateRequest) -> list[Audio | Recording]:
    users = [message for message in request.messages if message.role == "user"]
    spoken = (
        [part.audio for part in users[-1].parts if isinstance(part, AudioPart)] if users else []
    )
    if not spoken:
        raise InvalidField(
            "this model transcribes: the last user message must hold an input_audio part",
            param="messages",
        )
    return spoken
