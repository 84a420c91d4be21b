"""The end of a turn by its sound, with the real network, on speech made from text."""

from __future__ import annotations

import numpy as np
import pytest

from support import stock_voices
from thinktalk.engines.cascade.espeak import Espeak
from thinktalk.engines.cascade.phonemes import phonemes
from thinktalk.media.resample import resample
from thinktalk.media.types import Samples
from thinktalk.turns.prosody import SAMPLE_RATE, Prosody, log_mel

NEEDED = ("kokoro-82m", "kokoro-voices", "smart-turn")
absent = [name for name in NEEDED if stock_voices.catalog.presence(name) == "missing"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(absent), reason=f"weights {absent} are not present"),
]


async def say(text: str) -> Samples:
    """`text` and the 0.2 s after it."""
    kokoro, espeak = stock_voices.kokoro(), Espeak()
    await kokoro.start()
    plan = await kokoro.plan(phonemes(text, "en", espeak), kokoro.styles.stock("am_michael"))
    assert plan is not None
    spoken = resample(await kokoro.decode(plan), SAMPLE_RATE).samples
    await kokoro.stop()
    espeak.stop()
    noise = np.random.default_rng(0).standard_normal(len(spoken) + SAMPLE_RATE // 5)
    return (np.pad(spoken, (0, SAMPLE_RATE // 5)) + 1e-4 * noise).astype(np.float32)


async def test_a_question_sounds_finished_and_a_filler_does_not() -> None:
    prosody = Prosody(stock_voices.catalog.path("smart-turn") / "smart-turn-v3.2-cpu.onnx")

    assert prosody.finished(await say("What is the weather like in Lisbon this weekend?")) > 0.7
    assert prosody.finished(await say("I would like to, um,")) < 0.3


def test_the_spectrogram_is_whispers() -> None:
    from faster_whisper.feature_extractor import FeatureExtractor

    samples = np.random.default_rng(0).standard_normal(8 * SAMPLE_RATE).astype(np.float32)
    normal = (samples - samples.mean()) / samples.std()

    theirs = FeatureExtractor(feature_size=80)(normal, padding=0)[:, :800]

    assert np.allclose(log_mel(0.1 * samples), theirs, atol=1e-4)
