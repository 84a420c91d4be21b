"""The judge with real voices, real voice activity and the real recogniser."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest

from thinktalk.engines.cascade.ears import WhisperRecognizer
from thinktalk.engines.cascade.espeak import Espeak
from thinktalk.engines.cascade.kokoro import Kokoro
from thinktalk.engines.cascade.phonemes import phonemes
from thinktalk.media.activity import WINDOW_S, WINDOW_SAMPLES, Activity
from thinktalk.media.resample import resample
from thinktalk.media.types import Samples
from thinktalk.session.overhearing import READ_FROM_S
from thinktalk.settings import load
from thinktalk.turns import phrases
from thinktalk.turns.classifier import trained
from thinktalk.turns.interrupt import DECIDED_BY_S, Judge, Verdict
from thinktalk.turns.overlap import Overlap
from thinktalk.weights.catalog import Catalog

pytestmark = pytest.mark.slow

RATE = 16_000
ONSET_S = 0.512
SAID = "The museum was founded two hundred years ago"


class Listener:
    def __init__(self) -> None:
        catalog = Catalog(load().weights)
        vad = catalog.path("silero-vad") / "silero_vad_16k_sequence.onnx"
        model = catalog.path("kokoro-82m") / "kokoro-v1.0.int8.onnx"
        self.kokoro = Kokoro(model, catalog.path("kokoro-voices"), threads=2)
        self.ears = WhisperRecognizer(catalog.path("whisper-base"), vad, threads=2)
        self.activity = Activity(vad)
        self.espeak = Espeak()

    async def said(self, text: str, voice: str) -> Samples:
        plan = await self.kokoro.plan(
            phonemes(text, "en", self.espeak), self.kokoro.styles.stock(voice)
        )
        assert plan is not None
        return resample(await self.kokoro.decode(plan), RATE).samples

    async def verdict(self, sound: Samples, played: Samples | None = None) -> Verdict:
        """What is decided when it is due, the first quarter of a second recognised."""
        random = np.random.default_rng(3)
        heard = (1e-4 * random.standard_normal(3 * RATE)).astype(np.float32)
        onset = round(ONSET_S * RATE)
        part = sound[: len(heard) - onset]
        heard[onset : onset + len(part)] += part
        first, windows = onset // WINDOW_SAMPLES, round(DECIDED_BY_S / WINDOW_S)
        end = (first + windows) * WINDOW_SAMPLES
        start = heard[onset - RATE // 5 : onset + round(READ_FROM_S * RATE)]
        glimpse = await self.ears.glance(start, "en", phrases.prompt("en"))
        overlap = Overlap(
            samples=heard[:end],
            speech_probabilities=self.activity.probabilities(heard)[first : first + windows],
            text=glimpse.text,
            readings=glimpse.readings,
            no_speech=glimpse.no_speech,
            language="en",
            assistant_text=SAID,
            assistant_samples=played if played is None else played[:end],
        )
        return Judge(trained()).judge(overlap)


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    made = Listener()
    await made.kokoro.start()
    await made.ears.start()
    yield made
    await made.kokoro.stop()
    await made.ears.stop()
    made.espeak.stop()


async def test_a_bid_stops_the_assistant_and_its_echo_and_a_cough_do_not(
    listener: Listener,
) -> None:
    for voice in ("af_heart", "am_michael"):
        bid = await listener.said("Wait, I have another question.", voice)
        assert (await listener.verdict(bid)).kind == "interruption"

    speech = 0.3 * await listener.said(SAID + ".", "bf_emma")
    played = np.zeros(3 * RATE, np.float32)
    part = speech[: 2 * RATE]
    played[round(ONSET_S * RATE) :][: len(part)] = part
    assert (await listener.verdict(0.2 * speech, played)).kind == "echo"

    time_s = np.arange(RATE // 3) / RATE
    burst = np.random.default_rng(4).standard_normal(len(time_s)) * np.exp(-time_s / 0.06)
    assert (await listener.verdict(0.2 * burst.astype(np.float32))).kind == "noise"
