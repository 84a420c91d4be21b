"""Fits Kokoro to a sample: the learned encoder gives a first voice, a search improves it.

Candidates are spoken, heard by the speaker encoder and compared with the sample. This finds the
nearest voice that Kokoro can make, and is no copy of the sample's. Knows nothing of requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from thinktalk.engines.base import Recognizer
from thinktalk.engines.cascade.arbiter import Arbiter, run_to_end
from thinktalk.engines.cascade.claims import Claim
from thinktalk.engines.cascade.clone.encoder import SpeakerEncoder
from thinktalk.engines.cascade.clone.learned import LearnedEncoder
from thinktalk.engines.cascade.clone.search import Search
from thinktalk.engines.cascade.clone.space import VoiceSpace, stock_space
from thinktalk.engines.cascade.clone.understanding import missed_words
from thinktalk.engines.cascade.clone.voice import FittedVoice
from thinktalk.engines.cascade.espeak import Espeak
from thinktalk.engines.cascade.kokoro import SAMPLE_RATE, Kokoro
from thinktalk.engines.cascade.kokoro_speech import speak
from thinktalk.engines.cascade.phonemes import phonemes
from thinktalk.engines.cascade.styles import Timbre
from thinktalk.media.types import Audio
from thinktalk.voices.catalog import Voice
from thinktalk.voices.fitting import Effort, VoiceFit

Floats = npt.NDArray[np.float32]
T = TypeVar("T")

# What candidates say, two seconds each.
_PHRASES = (
    "The train to the coast leaves at nine.",
    "Nobody knew why the window was open.",
    "Please put the blue box on the table.",
    "How many people live in this village?",
    "A warm wind came over the hills.",
    "She always reads the last page first.",
    "Just give me a moment to think about it.",
    "We could meet again early next week.",
    "Turn left at the church, then go straight on.",
    "What a lovely morning for a walk!",
    "Their garden is full of yellow flowers.",
    "I never said that it would be easy.",
)
# Steps of the search, and phrases of each. The first answer must not wait for more.
_QUICK_STEPS, _QUICK_PHRASES = 2, 2
_ROUNDS, _ROUND_STEPS, _ROUND_PHRASES = 8, 4, 3
# What rounds are compared by, and what counts as a gain: of one voice, phrases differ by more.
_CHECKED_PHRASES, _LEAST_GAIN = 8, 0.002
# Likeness goes on growing where words begin to be lost; nobody wants such a voice.
_MORE_MISSED = 1
_GAP_S = 0.4
_PHRASE_S = 0.5  # of work, about, on two cores


class KokoroFitter:
    """Implements `voices.fitting.VoiceFitter`.

    Args:
        recognizer: says whether a voice is still understood.
        voices_dir: Kokoro's stock styles.
    """

    name = "kokoro-82m/1"
    method = (
        "the nearest voice that Kokoro can make, by a learned encoder and a search: matched to "
        "the sample, not copied from it"
    )

    def __init__(
        self,
        kokoro: Kokoro,
        espeak: Espeak,
        encoder: SpeakerEncoder,
        recognizer: Recognizer,
        voices_dir: Path,
        arbiter: Arbiter,
    ) -> None:
        self._kokoro, self._espeak, self._encoder = kokoro, espeak, encoder
        self._recognizer = recognizer
        self._voices_dir = voices_dir
        self._arbiter = arbiter
        self._loaded: tuple[LearnedEncoder, VoiceSpace, list[str]] | None = None
        self._space: VoiceSpace | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="fitter")

    async def stop(self) -> None:
        """End the thread."""
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)

    async def fit(
        self,
        sample: Audio,
        *,
        effort: Effort,
        text: str | None = None,
        start: VoiceFit | None = None,
    ) -> VoiceFit:
        learned, space, _ = await self._load()
        target = await self._run(partial(self._encoder.embed, sample))
        search = Search(learned, target)
        if effort == "quick":
            # It is waited for: first in line.
            claim = Claim(asyncio.get_running_loop().time())
            similarity = await self._walk(search, target, _QUICK_STEPS, _QUICK_PHRASES, claim)
            return self._fit(space.voice(search.result), similarity)
        first = FittedVoice.from_bytes(start.data) if start else space.voice(search.result)
        return await self._thorough(search, target, first)

    async def _thorough(self, search: Search, target: Floats, first: FittedVoice) -> VoiceFit:
        """Go on until two rounds bring nothing, or the voice is understood less well.

        Gives way to whatever is waited for.
        """
        _, space, _ = await self._load()
        claim = Claim()
        best, (similarity, allowed) = first, await self._judged(first, target, claim)
        idle_rounds = 0
        for _ in range(_ROUNDS):
            await self._walk(search, target, _ROUND_STEPS, _ROUND_PHRASES, claim)
            voice = space.voice(search.result)
            now, missed = await self._judged(voice, target, claim)
            if missed > allowed + _MORE_MISSED:
                break
            idle_rounds = 0 if now > similarity + _LEAST_GAIN else idle_rounds + 1
            if now > similarity:
                best, similarity = voice, now
            if idle_rounds == 2:
                break
        return self._fit(best, similarity)

    async def _judged(self, voice: FittedVoice, target: Floats, claim: Claim) -> tuple[float, int]:
        """How much the voice is like the target, and how many of its words are not understood."""
        _, _, phrases = await self._load()
        spoken = await self._speak(voice, phrases[:_CHECKED_PHRASES], claim)
        vector = await self._embedded(spoken)
        gap = np.zeros(round(_GAP_S * SAMPLE_RATE), np.float32)
        whole = np.concatenate([part for audio in spoken for part in (audio.samples, gap)])
        missed = await missed_words(
            self._recognizer, Audio(whole, SAMPLE_RATE), _PHRASES[:_CHECKED_PHRASES]
        )
        return float(vector @ target), missed

    async def _walk(
        self, search: Search, target: Floats, num_steps: int, num_phrases: int, claim: Claim
    ) -> float:
        """Take steps, each with other phrases; returns the last likeness that was measured."""
        _, space, phrases = await self._load()
        heard = target
        for _ in range(num_steps):
            first = search.num_steps * num_phrases
            spoken = [phrases[(first + k) % len(phrases)] for k in range(num_phrases)]
            heard = await self._hear(space.voice(search.candidate), spoken, claim)
            search.tell(heard)
        return float(heard @ target)

    def timbre(self, fit: VoiceFit, nearest: Voice) -> Timbre:
        """What speaks in the voice of `fit`. Blocks for a moment when called first.

        Raises:
            EngineFailed: `fit` holds no voice.
        """
        voice = FittedVoice.from_bytes(fit.data)
        if self._space is None:
            self._space = stock_space(self._voices_dir)
        return Timbre(self._space.spoken_rows(voice), nearest, voice.pitch, voice.tract)

    def _fit(self, voice: FittedVoice, similarity: float) -> VoiceFit:
        return VoiceFit(fitter=self.name, data=voice.to_bytes(), similarity=round(similarity, 3))

    async def _hear(self, voice: FittedVoice, phrases: Sequence[str], claim: Claim) -> Floats:
        """How `phrases` sound in `voice`: the mean of their embeddings, a unit vector."""
        return await self._embedded(await self._speak(voice, phrases, claim))

    async def _speak(self, voice: FittedVoice, phrases: Sequence[str], claim: Claim) -> list[Audio]:
        _, space, _ = await self._load()
        rows, spoken = space.spoken_rows(voice), []
        for symbols in phrases:
            async with self._arbiter.exclusive(work_s=_PHRASE_S, claim=claim):
                samples = await speak(
                    self._kokoro, symbols, rows, pitch=voice.pitch, tract=voice.tract
                )
            spoken.append(Audio(samples, SAMPLE_RATE))
        return spoken

    async def _embedded(self, spoken: Sequence[Audio]) -> Floats:
        embed = self._encoder.embed
        vectors = await self._run(lambda: [embed(audio) for audio in spoken])
        mean = np.mean(vectors, axis=0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)

    async def _load(self) -> tuple[LearnedEncoder, VoiceSpace, list[str]]:
        if self._loaded is None:
            self._loaded = await self._run(self._read)
            self._space = self._loaded[1]
        return self._loaded

    def _read(self) -> tuple[LearnedEncoder, VoiceSpace, list[str]]:
        phrases = [phonemes(phrase, "en-us", self._espeak) for phrase in _PHRASES]
        return LearnedEncoder.load(), stock_space(self._voices_dir), phrases

    async def _run(self, work: Callable[[], T]) -> T:
        job = asyncio.get_running_loop().run_in_executor(self._executor, work)
        return await run_to_end(job)
