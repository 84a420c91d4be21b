"""The real recogniser on speech made from text, and on sound that is none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import numpy as np
import pytest

from thinktalk.engines.base import RecognizeOptions, Segment
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.ears import WhisperRecognizer
from thinktalk.engines.cascade.espeak import Espeak, EspeakVoice
from thinktalk.errors import InvalidField, NotReady
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio, Recording, Samples
from thinktalk.settings import load
from thinktalk.weights.catalog import Catalog

RATE = 16_000
MUSEUM = "What time does the museum open on Sunday morning?"
THEATRE = "Buenos días, me gusta mucho la música y el teatro."

catalog = Catalog(load().weights)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "missing" in {catalog.presence("whisper-base"), catalog.presence("silero-vad")},
        reason="weights whisper-base and silero-vad are not present",
    ),
]


def speech(text: str, language: str = "en") -> Samples:
    spoken = Espeak().say(text, language, EspeakVoice("male", "m3"), 0.9)
    return resample(spoken, RATE).samples


def pause(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


@pytest.fixture(scope="module")
def museum() -> Samples:
    return speech(MUSEUM)


@pytest.fixture
async def ears() -> AsyncIterator[WhisperRecognizer]:
    recognizer = WhisperRecognizer(
        catalog.path("whisper-base"),
        catalog.path("silero-vad") / "silero_vad_16k_sequence.onnx",
        threads=2,
        arbiter=Arbiter(alternate=True),
    )
    await recognizer.start()
    yield recognizer
    await recognizer.stop()


async def hear(
    ears: WhisperRecognizer,
    samples: Samples,
    options: RecognizeOptions | None = None,
    sample_rate: int = RATE,
) -> list[Segment]:
    audio = Audio(samples, sample_rate)
    async with aclosing(ears.recognize(audio, options or RecognizeOptions())) as segments:
        return [segment async for segment in segments]


def written(segments: list[Segment]) -> str:
    return "".join(segment.text for segment in segments).strip()


async def test_a_question_is_written_down_with_its_language_and_times(
    ears: WhisperRecognizer, museum: Samples
) -> None:
    samples = np.concatenate([pause(1.0), museum, pause(1.0)])
    [segment] = await hear(ears, samples)
    assert segment.text.strip().lower() == MUSEUM.lower()
    assert segment.language == "en"
    assert segment.start_s == pytest.approx(1.0, abs=0.2)
    assert segment.end_s == pytest.approx(1.0 + len(museum) / RATE, abs=0.4)
    assert segment.tokens
    assert -0.6 < segment.avg_logprob < 0
    assert segment.no_speech_prob < 0.3


async def test_words_have_times_in_order_within_their_segment(
    ears: WhisperRecognizer, museum: Samples
) -> None:
    [segment] = await hear(ears, museum, RecognizeOptions(word_times=True))
    assert "".join(word.text for word in segment.words) == segment.text
    times = [time for word in segment.words for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert segment.start_s <= times[0] < times[-1] <= segment.end_s
    sunday = next(word for word in segment.words if "Sunday" in word.text)
    assert 0.5 * len(museum) / RATE < sunday.start_s < 0.9 * len(museum) / RATE


async def test_another_language_is_detected_kept_and_translated(ears: WhisperRecognizer) -> None:
    samples = speech(THEATRE, "es")
    segments = await hear(ears, samples)
    assert {segment.language for segment in segments} == {"es"}
    assert "me gusta mucho la música" in written(segments)
    english = written(await hear(ears, samples, RecognizeOptions(translate=True))).lower()
    assert "music" in english
    assert "gusta" not in english


async def test_the_language_can_be_given_by_name_and_an_unknown_one_is_refused(
    ears: WhisperRecognizer,
) -> None:
    segments = await hear(ears, speech(THEATRE, "es"), RecognizeOptions(language="Spanish"))
    assert segments[0].language == "es"
    with pytest.raises(InvalidField, match="klingon"):
        await hear(ears, pause(1.0), RecognizeOptions(language="klingon"))


@pytest.mark.parametrize("change", ["44100 Hz", "faint", "clipped", "hiss at 20 dB"])
async def test_poor_sound_is_still_understood(
    ears: WhisperRecognizer, museum: Samples, change: str
) -> None:
    sample_rate, samples = RATE, museum
    if change == "44100 Hz":
        sample_rate, samples = 44_100, resample(Audio(museum, RATE), 44_100).samples
    elif change == "faint":
        samples = museum * np.float32(0.005)
    elif change == "clipped":
        samples = np.clip(museum * np.float32(8), -1, 1)
    else:
        level = np.sqrt(float(np.mean(museum**2)) / 100)
        samples = museum + level * np.random.default_rng(0).standard_normal(
            len(museum), dtype=np.float32
        )
    heard = written(await hear(ears, samples.astype(np.float32), sample_rate=sample_rate))
    assert "museum" in heard
    assert "Sunday morning" in heard


NUM = 8 * RATE
TIME_S = np.arange(NUM) / RATE
CHORD = sum(np.sin(2 * np.pi * hertz * TIME_S) for hertz in (220, 277, 330))
SOUNDS = {
    "nothing": np.zeros(0),
    "one sample": np.ones(1),
    "silence": np.zeros(NUM),
    "white noise": 0.1 * np.random.default_rng(0).standard_normal(NUM),
    "a chord with a beat": 0.15 * CHORD * (np.sin(2 * np.pi * 2 * TIME_S) > 0),
    "a click": np.eye(1, NUM, 900)[0],
}


@pytest.mark.parametrize("sound", SOUNDS)
async def test_sound_without_speech_has_no_words(ears: WhisperRecognizer, sound: str) -> None:
    assert await hear(ears, np.asarray(SOUNDS[sound], np.float32)) == []


async def test_long_recordings_are_heard_in_order_and_completely(
    ears: WhisperRecognizer, museum: Samples
) -> None:
    # Three one-minute windows of speech detection, with speech across both edges.
    once = np.concatenate([museum, pause(0.7)])
    times = 1 + round(130 / (len(once) / RATE))
    segments = await hear(ears, np.tile(once, times))
    assert written(segments).lower().count("museum") >= 0.95 * times
    starts = [segment.start_s for segment in segments]
    assert starts == sorted(starts)
    assert segments[-1].end_s == pytest.approx(times * len(once) / RATE, abs=1.5)


async def test_a_sentence_in_another_language_is_not_swallowed(
    ears: WhisperRecognizer, museum: Samples
) -> None:
    segments = await hear(ears, np.concatenate([museum, pause(0.8), speech(THEATRE, "es")]))
    assert "museum" in written(segments)
    assert "música" in written(segments)


async def test_first_words_of_a_long_recording_come_early_and_closing_stops_the_work(
    ears: WhisperRecognizer, museum: Samples
) -> None:
    samples = np.tile(np.concatenate([museum, pause(0.7)]), 200)
    started = time.perf_counter()
    async with aclosing(ears.recognize(Audio(samples, RATE), RecognizeOptions())) as segments:
        first = await anext(segments)
    closed = time.perf_counter()
    assert "museum" in first.text
    assert written(await hear(ears, museum)).lower() == MUSEUM.lower()
    # The whole would take 20 s and more: neither the first words nor the next request waited.
    assert closed - started < 8
    assert time.perf_counter() - closed < 8


async def test_cancelling_a_task_leaves_the_recogniser_in_order(
    ears: WhisperRecognizer, museum: Samples
) -> None:
    samples = np.tile(museum, 50)
    for delay_s in (0.0, 0.02, 0.2, 0.5):
        task = asyncio.create_task(hear(ears, samples))
        await asyncio.sleep(delay_s)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert written(await hear(ears, museum)).lower() == MUSEUM.lower()


async def test_several_recordings_at_once_do_not_mix(
    ears: WhisperRecognizer, museum: Samples
) -> None:
    spanish = speech(THEATRE, "es")
    heard = await asyncio.gather(*(hear(ears, s) for s in (museum, spanish, museum, spanish)))
    assert [segments[0].language for segments in heard] == ["en", "es", "en", "es"]
    assert written(heard[0]) == written(heard[2])
    assert written(heard[1]) == written(heard[3])


async def test_it_can_be_stopped_and_started_again(museum: Samples) -> None:
    recognizer = WhisperRecognizer(
        catalog.path("whisper-base"),
        catalog.path("silero-vad") / "silero_vad_16k_sequence.onnx",
        threads=2,
    )
    with pytest.raises(NotReady):
        await hear(recognizer, museum)
    await recognizer.start()
    await recognizer.start()
    await recognizer.stop()
    with pytest.raises(NotReady):
        await hear(recognizer, museum)
    await recognizer.start()
    assert "museum" in written(await hear(recognizer, museum))
    await recognizer.stop()


async def test_a_recording_that_is_read_in_pieces_is_heard_like_one_in_memory(
    ears: WhisperRecognizer, museum: Samples
) -> None:
    samples = np.concatenate([np.concatenate([pause(0.7), museum]) for _ in range(30)])
    held: list[int] = []

    async def pieces(start_s: float) -> AsyncGenerator[Samples, None]:
        for start in range(round(start_s * RATE), len(samples), 7 * RATE):
            held.append(start)
            yield samples[start : start + 7 * RATE]

    recording = Recording(len(samples) / RATE, "digest", pieces)
    found: list[Segment] = []
    async with aclosing(ears.recognize(recording, RecognizeOptions())) as segments:
        async for segment in segments:
            if not found:
                assert len(held) < len(samples) / (7 * RATE)
            found.append(segment)

    whole = await hear(ears, samples)
    assert written(found).lower().count("open on sunday morning") == 30
    assert abs(found[-1].end_s - whole[-1].end_s) < 0.5
    assert [s.start_s for s in found] == sorted(s.start_s for s in found)
