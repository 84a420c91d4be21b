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
from thinktalk.engines.cascade.espeak import Espeak, EspeakVoice
from thinktalk.engines.cascade.kokoro import MAX_TOKENS, SAMPLE_RATE, Kokoro
from thinktalk.engines.cascade.kokoro_speech import speak
from thinktalk.engines.cascade.pace import limited, stretched, trimmed
from thinktalk.engines.cascade.phonemes import LANGUAGES, LENDERS, phonemes
from thinktalk.engines.cascade.runs import Run, runs
from thinktalk.engines.cascade.speakers import pace_of
from thinktalk.engines.cascade.styles import Timbre
from thinktalk.engines.delivery import NATURAL, Manner
from thinktalk.media.loudness import levelled
from thinktalk.media.types import Audio, Samples
from thinktalk.voices.catalog import Voice, neural_languages, resolve, sound_for

# The paces that eSpeak NG keeps by itself; beyond them its sound is stretched.
_ESPEAK_SPEEDS = (0.5, 2.5)
_ESPEAK_WHISPERS = {"female": "whisperf", "male": "whisper"}
_WHISPER_DB = -6.0  # against the level at which all else is said
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

    async def say(
        self,
        text: str,
        language: str,
        voice: VoiceRef,
        speed: float = 1.0,
        manner: Manner = NATURAL,
    ) -> Audio:
        """Speak all of `text`, without silence at the ends; empty where nothing can be said.

        All voices are equally loud, -20 LUFS, in all languages, but for what the manner changes.

        Args:
            text: as a person would read it aloud.
            language: ISO 639-1 of `text`.
            voice: by its fit, if that is Kokoro's, else by its name.
            speed: held within 0.25 and 4, with the manner's.
        """
        speed = pace_of(speed, manner)
        spoken = self._voice(voice)
        pieces = [np.zeros(0, np.float32)]
        for is_neural, group in groupby(
            _merged(text, language), lambda run: run.language in _KOKORO
        ):
            stretch = list(group)
            home = language if language in _KOKORO else stretch[0].language
            say = self._say_neurally if is_neural else self._say_plainly
            samples = await say(stretch, home, spoken, speed, manner)
            # Each synthesiser's by itself, so that a change of language does not jump.
            pieces.append(levelled(Audio(samples, SAMPLE_RATE)).samples)
        level_db = manner.energy_db + (_WHISPER_DB if manner.whispered else 0.0)
        gain = np.float32(10 ** (level_db / 20))
        return Audio(limited(np.concatenate(pieces) * gain), SAMPLE_RATE)

    def _voice(self, wanted: VoiceRef) -> Voice | Timbre:
        named = resolve(wanted.name)
        if wanted.fit is None or wanted.fit.fitter != self._fitter.name:
            return named
        return self._fitter.timbre(wanted.fit, named)

    async def _say_neurally(
        self,
        stretch: list[Run],
        language: str,
        voice: Voice | Timbre,
        speed: float,
        manner: Manner,
    ) -> Samples:
        """Say runs in one breath, all in the style that speaks `language`."""
        found = self._timbre(voice, language)
        if found is None:
            return await self._say_plainly(stretch, language, voice, speed, manner)
        timbre, accent = found
        runs_ = [Run(run.text, accent) if run.language == language else run for run in stretch]
        parts = await asyncio.to_thread(self._parts, runs_)
        said = [
            await speak(
                self._kokoro,
                part,
                timbre.rows,
                pitch=timbre.pitch,
                tract=timbre.tract,
                speed=speed,
                manner=manner,
            )
            for part in parts
        ]
        return np.concatenate(said)

    def _timbre(self, voice: Voice | Timbre, language: str) -> tuple[Timbre, str] | None:
        """What speaks `language` for `voice`, and in which accent; None without a neural voice."""
        spoken_by = LENDERS.get(language, language)
        if isinstance(voice, Timbre):
            accent = "en-us" if language == "en" else language
            return (voice, accent) if spoken_by in neural_languages() else None
        sound = sound_for(voice, spoken_by, lent=spoken_by != language)
        if sound is None:
            return None
        accent = sound.accent if spoken_by == language else language
        return Timbre(self._kokoro.styles.rows(sound), voice), accent

    async def _say_plainly(
        self, stretch: list[Run], _: str, voice: Voice | Timbre, speed: float, manner: Manner
    ) -> Samples:
        own = min(max(speed, _ESPEAK_SPEEDS[0]), _ESPEAK_SPEEDS[1])
        named = voice.nearest if isinstance(voice, Timbre) else voice
        variant = _ESPEAK_WHISPERS[named.gender] if manner.whispered else named.espeak
        timbre = EspeakVoice(
            named.gender, variant, named.espeak_pitch, manner.pitch, manner.pitch_range
        )
        pieces = []
        for run in stretch:
            audio = await self._espeak.speak(run.text, run.language, timbre, own)
            reached = 1.0
            if own != 1.0 and len(audio.samples):
                natural = await self._espeak.speak(run.text, run.language, timbre)
                reached = natural.duration_s / audio.duration_s
            samples = trimmed(audio.samples, audio.sample_rate)
            pieces.append(stretched(samples, audio.sample_rate, speed / reached))
        return np.concatenate(pieces)

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
