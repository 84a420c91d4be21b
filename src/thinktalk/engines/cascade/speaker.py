"""Says a text in a catalogue voice: Kokoro where it knows the language, else eSpeak NG.

Knows nothing of replies, playback or who has the processor.
"""

from __future__ import annotations

import asyncio

import numpy as np

from thinktalk.engines.cascade import boundaries
from thinktalk.engines.cascade.espeak import Espeak, EspeakVoice
from thinktalk.engines.cascade.kokoro import MAX_TOKENS, SAMPLE_RATE, Kokoro
from thinktalk.engines.cascade.pace import stretched, trimmed
from thinktalk.engines.cascade.phonemes import LANGUAGES, phonemes
from thinktalk.media.types import Audio, Samples
from thinktalk.voices.catalog import Style, Voice, style_for

SLOWEST, FASTEST = 0.25, 4.0
# The paces that each synthesiser keeps by itself; beyond them its sound is stretched.
_KOKORO_SPEEDS = (0.6, 1.6)
_ESPEAK_SPEEDS = (0.5, 2.5)
# Brings eSpeak's level near Kokoro's, so that a change of language does not jump.
_ESPEAK_GAIN = np.float32(0.6)
_SPOKEN = frozenset(language.partition("-")[0] for language in LANGUAGES)


class Speaker:
    """Both synthesisers behind one voice."""

    sample_rate = SAMPLE_RATE

    def __init__(self, kokoro: Kokoro, espeak: Espeak) -> None:
        self._kokoro = kokoro
        self._espeak = espeak

    async def start(self) -> None:
        """Load both; idempotent."""
        await asyncio.gather(self._kokoro.start(), asyncio.to_thread(self._espeak.start))

    async def stop(self) -> None:
        """Release both."""
        await self._kokoro.stop()
        await asyncio.to_thread(self._espeak.stop)

    async def say(self, text: str, language: str, voice: Voice, speed: float = 1.0) -> Audio:
        """Speak all of `text`, without silence at the ends; empty where nothing can be said.

        Args:
            text: as a person would read it aloud.
            language: ISO 639-1 of `text`.
            speed: held within 0.25 and 4.
        """
        speed = min(max(speed, SLOWEST), FASTEST)
        style = style_for(voice, language, _SPOKEN)
        if style is None:
            return await self._say_plainly(text, language, voice, speed)
        accent = style.language if style.language.startswith(f"{language}-") else language
        parts = await asyncio.to_thread(self._parts, text, accent)
        pieces = [await self._say_symbols(part, style, speed) for part in parts]
        return Audio(np.concatenate(pieces), SAMPLE_RATE)

    async def _say_symbols(self, symbols: str, style: Style, speed: float) -> Samples:
        own = min(max(speed, _KOKORO_SPEEDS[0]), _KOKORO_SPEEDS[1])
        plan = await self._kokoro.plan(symbols, style.name, own)
        if plan is None:
            return np.zeros(0, np.float32)
        audio = await self._kokoro.decode(plan)
        return stretched(trimmed(audio.samples, SAMPLE_RATE), SAMPLE_RATE, speed / own)

    async def _say_plainly(self, text: str, language: str, voice: Voice, speed: float) -> Audio:
        own = min(max(speed, _ESPEAK_SPEEDS[0]), _ESPEAK_SPEEDS[1])
        timbre = EspeakVoice(voice.gender, voice.espeak)
        audio = await self._espeak.speak(text, language, timbre, own)
        samples = trimmed(audio.samples * _ESPEAK_GAIN, audio.sample_rate)
        return Audio(stretched(samples, audio.sample_rate, speed / own), audio.sample_rate)

    def _parts(self, text: str, accent: str) -> list[str]:
        """Phonemes of `text`, halved between words until each part fits the network."""
        symbols = phonemes(text, accent, self._espeak)
        words = boundaries.words(text)
        if len(symbols) <= MAX_TOKENS or len(words) < 2:
            return [symbols]
        middle = words[len(words) // 2].start
        return [*self._parts(text[:middle], accent), *self._parts(text[middle:], accent)]
