"""Says a text in a catalogue voice: Kokoro where it knows the language, else eSpeak NG.

Knows nothing of replies, playback or who has the processor.
"""

from __future__ import annotations

import asyncio
from itertools import groupby

import numpy as np

from thinktalk.engines.base import VoiceRef
from thinktalk.engines.cascade import boundaries
from thinktalk.engines.cascade.clone.fitter import KokoroFitter
from thinktalk.engines.cascade.clone.speaking import speak
from thinktalk.engines.cascade.espeak import Espeak, EspeakVoice
from thinktalk.engines.cascade.kokoro import MAX_TOKENS, SAMPLE_RATE, Kokoro
from thinktalk.engines.cascade.pace import stretched, trimmed
from thinktalk.engines.cascade.phonemes import LANGUAGES, LENDERS, phonemes
from thinktalk.engines.cascade.runs import Run, runs
from thinktalk.engines.cascade.styles import Timbre
from thinktalk.media.loudness import levelled
from thinktalk.media.types import Audio, Samples
from thinktalk.voices.catalog import Voice, neural_languages, resolve, sound_for

SLOWEST, FASTEST = 0.25, 4.0
# The paces that each synthesiser keeps by itself; beyond them its sound is stretched.
_KOKORO_SPEEDS = (0.6, 1.6)
_ESPEAK_SPEEDS = (0.5, 2.5)
_KOKORO = frozenset(language.partition("-")[0] for language in LANGUAGES) | LENDERS.keys()


class Speaker:
    """Both synthesisers behind one voice."""

    sample_rate = SAMPLE_RATE

    def __init__(self, kokoro: Kokoro, espeak: Espeak, fitter: KokoroFitter) -> None:
        self._kokoro = kokoro
        self._espeak = espeak
        self._fitter = fitter

    async def start(self) -> None:
        """Load both; idempotent."""
        await asyncio.gather(self._kokoro.start(), asyncio.to_thread(self._espeak.start))

    async def stop(self) -> None:
        """Release both."""
        await self._fitter.stop()
        await self._kokoro.stop()
        await asyncio.to_thread(self._espeak.stop)

    async def say(self, text: str, language: str, voice: VoiceRef, speed: float = 1.0) -> Audio:
        """Speak all of `text`, without silence at the ends; empty where nothing can be said.

        All voices are equally loud, -20 LUFS, in all languages.

        Args:
            text: as a person would read it aloud.
            language: ISO 639-1 of `text`.
            voice: by its fit, if that is Kokoro's, else by its name.
            speed: held within 0.25 and 4.
        """
        speed = min(max(speed, SLOWEST), FASTEST)
        spoken = self._voice(voice)
        pieces = [np.zeros(0, np.float32)]
        for is_neural, group in groupby(
            _merged(text, language), lambda run: run.language in _KOKORO
        ):
            stretch = list(group)
            home = language if language in _KOKORO else stretch[0].language
            say = self._say_neurally if is_neural else self._say_plainly
            samples = await say(stretch, home, spoken, speed)
            # Each synthesiser's by itself, so that a change of language does not jump.
            pieces.append(levelled(Audio(samples, SAMPLE_RATE)).samples)
        return Audio(np.concatenate(pieces), SAMPLE_RATE)

    def _voice(self, wanted: VoiceRef) -> Voice | Timbre:
        named = resolve(wanted.name)
        if wanted.fit is None or wanted.fit.fitter != self._fitter.name:
            return named
        return self._fitter.timbre(wanted.fit, named)

    async def _say_neurally(
        self, stretch: list[Run], language: str, voice: Voice | Timbre, speed: float
    ) -> Samples:
        """Say runs in one breath, all in the style that speaks `language`."""
        found = self._timbre(voice, language)
        if found is None:
            return await self._say_plainly(stretch, language, voice, speed)
        timbre, accent = found
        runs_ = [Run(run.text, accent) if run.language == language else run for run in stretch]
        parts = await asyncio.to_thread(self._parts, runs_)
        return np.concatenate([await self._say_symbols(part, timbre, speed) for part in parts])

    def _timbre(self, voice: Voice | Timbre, language: str) -> tuple[Timbre, str] | None:
        """What speaks `language` for `voice`, and in which accent; None without a neural voice."""
        spoken_by = LENDERS.get(language, language)
        if isinstance(voice, Timbre):
            accent = "en-us" if language == "en" else language
            return (voice, accent) if spoken_by in neural_languages() else None
        sound = sound_for(voice, spoken_by)
        if sound is None:
            return None
        accent = sound.accent if spoken_by == language else language
        return Timbre(self._kokoro.styles.rows(sound), voice), accent

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

    async def _say_plainly(
        self, stretch: list[Run], _: str, voice: Voice | Timbre, speed: float
    ) -> Samples:
        own = min(max(speed, _ESPEAK_SPEEDS[0]), _ESPEAK_SPEEDS[1])
        named = voice.nearest if isinstance(voice, Timbre) else voice
        timbre = EspeakVoice(named.gender, named.espeak, named.espeak_pitch)
        pieces = []
        for run in stretch:
            audio = await self._espeak.speak(run.text, run.language, timbre, own)
            pieces.append(trimmed(audio.samples, audio.sample_rate))
        return stretched(np.concatenate(pieces), SAMPLE_RATE, speed / own)

    def _parts(self, stretch: list[Run]) -> list[str]:
        """Phonemes of `stretch`, cut between words where they do not fit the network at once."""
        parts = [""]
        for run in stretch:
            for symbols in self._halved(run.text, run.language):
                if len(parts[-1]) + 1 + len(symbols) <= MAX_TOKENS:
                    parts[-1] = f"{parts[-1]} {symbols}".strip()
                else:
                    parts.append(symbols)
        return parts

    def _halved(self, text: str, accent: str) -> list[str]:
        symbols = phonemes(text, accent, self._espeak)
        words = boundaries.words(text)
        if len(symbols) <= MAX_TOKENS or len(words) < 2:
            return [symbols]
        middle = words[len(words) // 2].start
        return [*self._halved(text[:middle], accent), *self._halved(text[middle:], accent)]


def _merged(text: str, language: str) -> list[Run]:
    """The runs of `text`; eSpeak NG itself goes over to English inside another language."""
    found = runs(text, language)
    if language in _KOKORO:
        return found
    own = [Run(run.text, language if run.language == "en" else run.language) for run in found]
    return [
        Run("".join(run.text for run in group), name)
        for name, group in groupby(own, lambda run: run.language)
    ]
