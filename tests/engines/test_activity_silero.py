"""Voice activity with the real weights, on speech made from text."""

from __future__ import annotations

import numpy as np
import pytest

from support.media_files import tone
from thinktalk.engines.cascade.espeak import Espeak, EspeakVoice
from thinktalk.media.activity import SAMPLE_RATE, WINDOW_SAMPLES, Activity, ActivityStream
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio, Samples
from thinktalk.settings import load
from thinktalk.weights.catalog import Catalog

catalog = Catalog(load().weights)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        catalog.presence("silero-vad") == "missing", reason="weights silero-vad are not present"
    ),
]


def pause(duration_s: float) -> Samples:
    noise = np.random.default_rng(0).standard_normal(round(duration_s * SAMPLE_RATE))
    return (1e-4 * noise).astype(np.float32)


@pytest.fixture(scope="module")
def sentence() -> Samples:
    spoken = Espeak().say("What time does the museum open?", "en", EspeakVoice("male", "m3"), 0.9)
    return resample(spoken, SAMPLE_RATE).samples


@pytest.fixture(scope="module")
def activity() -> Activity:
    return Activity(catalog.path("silero-vad") / "silero_vad_16k_sequence.onnx")


@pytest.fixture
def stream() -> ActivityStream:
    return ActivityStream(catalog.path("silero-vad") / "silero_vad.onnx")


def test_two_sentences_are_two_spans(activity: Activity, sentence: Samples) -> None:
    first_s = len(sentence) / SAMPLE_RATE
    samples = np.concatenate([pause(1.0), sentence, pause(1.5), sentence, pause(1.0)])

    spans = activity.speech_spans(Audio(samples, SAMPLE_RATE))

    assert len(spans) == 2
    assert spans[0][0] == pytest.approx(1.0, abs=0.25)
    assert spans[0][1] == pytest.approx(1.0 + first_s, abs=0.35)
    assert spans[1][0] == pytest.approx(2.5 + first_s, abs=0.25)


@pytest.mark.parametrize("sound", ["silence", "tone", "noise", "nothing"])
def test_other_sounds_are_no_speech(activity: Activity, sound: str) -> None:
    noise = np.random.default_rng(1).standard_normal(3 * SAMPLE_RATE).astype(np.float32)
    samples = {
        "silence": np.zeros(3 * SAMPLE_RATE, np.float32),
        "tone": tone(3.0),
        "noise": 0.05 * noise,
        "nothing": np.zeros(0, np.float32),
    }[sound]

    assert activity.speech_spans(samples) == []


def test_a_stream_judges_as_the_whole_does(
    activity: Activity, stream: ActivityStream, sentence: Samples
) -> None:
    samples = np.concatenate([pause(0.5), sentence, pause(0.5)])

    pieces = [stream.push(piece) for piece in np.array_split(samples, 41)]

    heard = np.concatenate(pieces)
    assert len(heard) == len(samples) // WINDOW_SAMPLES
    assert np.abs(heard - activity.probabilities(samples)[: len(heard)]).max() < 0.01
    assert heard.max() > 0.9


def test_a_stream_that_was_reset_begins_anew(stream: ActivityStream, sentence: Samples) -> None:
    first = stream.push(sentence)
    stream.reset()

    assert np.array_equal(stream.push(sentence), first)


def test_batches_are_joined_without_a_seam(activity: Activity, sentence: Samples) -> None:
    # Two batches of 64 s, whose border lies within the sentence.
    lead = pause(64.0 - 0.5)
    samples = np.concatenate([lead, sentence, pause(5.0)])

    ((start_s, end_s),) = activity.speech_spans(samples)

    assert start_s == pytest.approx(63.5, abs=0.25)
    assert end_s == pytest.approx(63.5 + len(sentence) / SAMPLE_RATE, abs=0.35)


def test_other_sample_rates_are_refused(activity: Activity) -> None:
    with pytest.raises(ValueError, match="needs 16000 Hz; got 24000 Hz"):
        activity.probabilities(Audio(tone(1.0, 24_000), 24_000))
