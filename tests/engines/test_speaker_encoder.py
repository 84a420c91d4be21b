"""The speaker encoder with its real weights: one voice is near itself and far from others."""

from __future__ import annotations

import numpy as np
import pytest

from thinktalk.engines.cascade.clone.encoder import SpeakerEncoder, mel_powers
from thinktalk.engines.cascade.espeak import Espeak, EspeakVoice
from thinktalk.media.types import Audio
from thinktalk.settings import load
from thinktalk.weights.catalog import Catalog

pytestmark = pytest.mark.slow

TEXTS = (
    "The harbour was quiet when the last boat came in this evening.",
    "Nobody expected the meeting to take more than half an hour today.",
)


@pytest.fixture(scope="module")
def encoder() -> SpeakerEncoder:
    directory = Catalog(load().weights).pull("resemblyzer")
    return SpeakerEncoder(directory / "pretrained.pt", threads=2)


def test_two_texts_of_one_voice_are_nearer_than_two_voices(encoder: SpeakerEncoder) -> None:
    espeak = Espeak()
    low, high = EspeakVoice("male", "m1"), EspeakVoice("female", "f4")
    first, again = (encoder.embed(espeak.say(text, "en", low)) for text in TEXTS)
    other = encoder.embed(espeak.say(TEXTS[1], "en", high))
    assert first @ again > 0.85
    assert first @ again > first @ other + 0.15


def test_a_voice_is_the_same_at_any_rate_and_level(encoder: SpeakerEncoder) -> None:
    audio = Espeak().say(TEXTS[0], "en", EspeakVoice("male", "m3"))
    quiet = Audio(audio.samples * np.float32(0.02), audio.sample_rate)
    half = Audio(np.ascontiguousarray(mean_pairs(audio.samples)), audio.sample_rate // 2)
    assert encoder.embed(audio) @ encoder.embed(quiet) > 0.98
    assert encoder.embed(audio) @ encoder.embed(half) > 0.75


def test_less_than_one_window_has_a_speaker_too(encoder: SpeakerEncoder) -> None:
    vector = encoder.embed(Espeak().say("Hello.", "en", EspeakVoice("male", "m3")))
    assert vector.shape == (256,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)


def test_a_tone_lies_in_its_mel_band() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32)
    bands = mel_powers(tone)[50]
    # 1 kHz is 15 of the 45.2 mels of 8 kHz, and 41 steps lead there: the fourteenth filter.
    assert int(np.argmax(bands)) == 13


def mean_pairs(samples: np.ndarray) -> np.ndarray:
    return samples[: len(samples) // 2 * 2].reshape(-1, 2).mean(axis=1)
