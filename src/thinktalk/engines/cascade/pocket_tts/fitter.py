"""Clones by hearing: the fit is the model's own state after the sample."""

from __future__ import annotations

from thinktalk.engines.cascade.pocket_tts.model import PocketModel
from thinktalk.media.types import Audio
from thinktalk.voices.fitting import Effort, VoiceFit

# More makes each clause slower and the fit larger (0.3 MB a second).
_LONGEST_S = 20.0


class PocketFitter:
    """Implements `voices.fitting.VoiceFitter`. One pass does all: effort makes no difference."""

    method = "the voice itself, copied from the sample by pocket-tts"

    def __init__(self, model: PocketModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    async def fit(
        self,
        sample: Audio,
        *,
        effort: Effort,
        text: str | None = None,
        start: VoiceFit | None = None,
    ) -> VoiceFit:
        """Hear the first 20 s of `sample`; an earlier fit of it is given back as it is."""
        if start is not None and start.fitter == self.name:
            return start
        await self._model.start()
        heard = Audio(sample.samples[: int(_LONGEST_S * sample.sample_rate)], sample.sample_rate)
        data = await self._model.hear(heard)
        # The state is the sample in another form: who has the model could make it sound again.
        facts = {"heard_s": round(heard.duration_s, 2), "holds_sample": True}
        return VoiceFit(fitter=self.name, data=data, facts=facts)
