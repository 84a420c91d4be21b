"""Says clauses in cloned voices, and leaves the rest to the stock voices.

pocket-tts speaks one language a model and has no voice without a sample: the catalogue's voices,
and clauses in other languages, are the stock speaker's.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np

from thinktalk.engines.base import VoiceRef
from thinktalk.engines.cascade.pace import stretched, trimmed
from thinktalk.engines.cascade.pocket_tts.fitter import PocketFitter
from thinktalk.engines.cascade.pocket_tts.model import PocketModel
from thinktalk.engines.cascade.speakers import ClauseSpeaker, Voicing, pace_of
from thinktalk.engines.delivery import NATURAL, Manner
from thinktalk.media.loudness import levelled
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio
from thinktalk.settings import Settings
from thinktalk.weights.catalog import Catalog


def build(settings: Settings, catalog: Catalog, stock: Voicing) -> Voicing:
    """The factory that `speakers` names."""
    model = PocketModel(settings.pocket_tts.model, settings.weights)
    return replace(
        stock,
        speaker=PocketSpeaker(model, stock.speaker),
        about=f"{model.about} for cloned voices, {stock.about}",
        fitter=PocketFitter(model),
    )


class PocketSpeaker:
    """Implements `speakers.ClauseSpeaker`."""

    def __init__(self, model: PocketModel, stock: ClauseSpeaker) -> None:
        self._model, self._stock = model, stock

    @property
    def sample_rate(self) -> int:
        return self._stock.sample_rate

    async def start(self) -> None:
        """Load both; idempotent."""
        await asyncio.gather(self._stock.start(), self._model.start())

    async def stop(self) -> None:
        """Release both."""
        await self._stock.stop()
        await self._model.stop()

    async def say(
        self,
        text: str,
        language: str,
        voice: VoiceRef,
        speed: float = 1.0,
        manner: Manner = NATURAL,
    ) -> Audio:
        """As `ClauseSpeaker.say`, as loud as the stock voices; for `speed` it is stretched."""
        fit = voice.fit
        if fit is None or fit.fitter != self._model.name or language != self._model.language:
            return await self._stock.say(text, language, voice, speed, manner)
        if not any(letter.isalnum() for letter in text):
            return Audio(np.zeros(0, np.float32), self.sample_rate)
        audio = await self._model.say(text, fit.data)
        pace = pace_of(speed, manner)
        samples = stretched(trimmed(audio.samples, audio.sample_rate), audio.sample_rate, pace)
        return levelled(resample(Audio(samples, audio.sample_rate), self.sample_rate))
