"""Says a text in a catalogue voice: Kokoro where it knows the language, else eSpeak NG.

Knows nothing of replies, playback or who has the processor.
"""

from __future__ import annotations

import asyncio

import numpy as np

from thinktalk.engines.cascade import boundaries
from thinktalk.engines.cascade.clone.speaking import speak
from thinktalk.engines.cascade.espeak import Espeak, EspeakVoice
from thinktalk.engines.cascade.kokoro import MAX_TOKENS, SAMPLE_RATE, Kokoro
from thinktalk.engines.cascade.pace import stretched, trimmed
from thinktalk.engines.cascade.phonemes import phonemes
from thinktalk.engines.cascade.styles import Timbre
from thinktalk.media.loudness import levelled
from thinktalk.media.types import Audio, Samples
from thinktalk.voices.catalog import Voice, neural_languages, sound_for

SLOWEST, FASTEST = 0.25, 4.0
# The paces that each synthesiser keeps by itself; beyond them its sound is stretched.
_KOKORO_SPEEDS = (0.6, 1.6)
_ESPEAK_SPEEDS = (0.5, 2.5)


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

    async def say(
        self, text: str, language: str, voice: Voice | Timbre, speed: float = 1.0
    ) -> Audio:
        """Speak all of `text`, without silence at the ends; empty where nothing can be said.

        All voices are equally loud, -20 LUFS, in all languages.

        Args:
            text: as a person would read it aloud.
            language: ISO 639-1 of `text`.
            voice: of the catalogue, or a mixture of styles of its own.
            speed: held within 0.25 and 4.
        """
        speed = min(max(speed, SLOWEST), FASTEST)
        found = self._timbre(voice, language)
        if found is None:
            named = voice.nearest if isinstance(voice, Timbre) else voice
            return levelled(await self._say_plainly(text, language, named, speed))
        timbre, accent = found
        parts = await asyncio.to_thread(self._parts, text, accent)
        pieces = [await self._say_symbols(part, timbre, speed) for part in parts]
        return levelled(Audio(np.concatenate(pieces), SAMPLE_RATE))

    def _timbre(self, voice: Voice | Timbre, language: str) -> tuple[Timbre, str] | None:
        """What speaks `language` for `voice`, and in which accent; None without a neural voice."""
        if isinstance(voice, Timbre):
            accent = "en-us" if language == "en" else language
            return (voice, accent) if language in neural_languages() else None
        sound = sound_for(voice, language)
        if sound is None:
            return None
        return Timbre(self._kokoro.styles.rows(sound), voice), sound.accent

    async def _say_symbols(self, symbols: str, timbre: Timbre, speed: float) -> Samples:
        own = min(max(speed, _KOKORO_SPEEDS[0]), _KOKORO_SPEEDS[1])
        samples = await speak(
            self._kokoro,
            symbols,
            timbre.rows,
            pitch=timbre.pitch,
            tract=timbre.tract,
            speed=own,
        )
        return stretched(trimmed(samples, SAMPLE_RATE), SAMPLE_RATE, speed / own)

    async def _say_plainly(self, text: str, language: str, voice: Voice, speed: float) -> Audio:
        own = min(max(speed, _ESPEAK_SPEEDS[0]), _ESPEAK_SPEEDS[1])
        timbre = EspeakVoice(voice.gender, voice.espeak, voice.espeak_pitch)
        audio = await self._espeak.speak(text, language, timbre, own)
        samples = trimmed(audio.samples, audio.sample_rate)
        return Audio(stretched(samples, audio.sample_rate, speed / own), audio.sample_rate)

    def _parts(self, text: str, accent: str) -> list[str]:
        """Phonemes of `text`, halved between words until each part fits the network."""
        symbols = phonemes(text, accent, self._espeak)
        words = boundaries.words(text)
        if len(symbols) <= MAX_TOKENS or len(words) < 2:
            return [symbols]
        middle = words[len(words) // 2].start
        return [*self._parts(text[:middle], accent), *self._parts(text[middle:], accent)]
