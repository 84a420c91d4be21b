"""Loudness agrees with FFmpeg's meter; levelled speech is as loud as asked, without clipping."""

from __future__ import annotations

import av
import av.filter
import numpy as np
import pytest

from thinktalk.media.loudness import levelled, loudness, true_peak
from thinktalk.media.types import Audio


def by_ffmpeg(audio: Audio) -> float:
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=audio.sample_rate, format="flt", layout="mono")
    meter = graph.add("ebur128", "metadata=1")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(audio.samples[None], format="flt", layout="mono")
    frame.sample_rate, frame.pts = audio.sample_rate, 0
    source.push(frame)
    source.push(None)
    found = 0.0
    while True:
        try:
            # A last frame of under 100 ms carries no measure.
            found = float(sink.pull().metadata.get("lavfi.r128.I", found))
        except av.EOFError:
            return found


def syllables(sample_rate: int, seconds: float, seed: int = 0) -> Audio:
    """Noise with the rhythm of speech, and, if it is long, a pause in it."""
    rng, t = np.random.default_rng(seed), np.arange(int(seconds * sample_rate)) / sample_rate
    shape = np.sin(2 * np.pi * 2.1 * t) ** 2 * ((np.abs(t - seconds / 2) > 0.6) | (seconds < 2))
    noise = np.convolve(rng.standard_normal(len(t)), np.ones(4) / 4, mode="same")
    return Audio((0.3 * shape * noise).astype(np.float32), sample_rate)


@pytest.mark.parametrize("sample_rate", [16_000, 24_000, 48_000])
def test_loudness_is_what_ffmpeg_measures(sample_rate: int) -> None:
    audio = syllables(sample_rate, 6.0)
    assert loudness(audio) == pytest.approx(by_ffmpeg(audio), abs=0.05)


def test_a_tone_of_full_scale_has_its_documented_loudness() -> None:
    # EBU Tech 3341: a 1 kHz sine at -23 dBFS in both of two channels reads -23 LUFS; in one, -26.
    t = np.arange(72_000) / 24_000
    tone = Audio((10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * t)).astype(np.float32), 24_000)
    assert loudness(tone) == pytest.approx(-26.0, abs=0.1)


@pytest.mark.parametrize("gain", [0.2, 1.0, 6.0])
def test_levelled_speech_is_as_loud_as_asked(gain: float) -> None:
    audio = syllables(24_000, 5.0)
    made = levelled(Audio(audio.samples * np.float32(gain), 24_000), -20.0)
    assert by_ffmpeg(made) == pytest.approx(-20.0, abs=0.3)


def test_a_word_shorter_than_a_block_is_levelled_too() -> None:
    assert loudness(levelled(syllables(24_000, 0.2))) == pytest.approx(-20.0, abs=0.5)


def test_peaks_stay_below_the_limit_and_the_rest_is_untouched() -> None:
    audio = syllables(24_000, 4.0)
    audio.samples[24_000 : 24_000 + 12] = 0.9
    made = levelled(audio)
    assert 20 * np.log10(true_peak(made)) < -1.0
    far = slice(60_000, 90_000)
    ratio = made.samples[far] / np.where(audio.samples[far] == 0, 1, audio.samples[far])
    heard = np.abs(audio.samples[far]) > 1e-4
    assert ratio[heard].std() < 1e-4 * ratio[heard].mean()


def test_a_peak_between_samples_is_found() -> None:
    t = np.arange(24_000)
    tone = Audio(np.sin(np.pi / 2 * t + np.pi / 4).astype(np.float32), 24_000)
    assert np.abs(tone.samples).max() < 0.71
    assert true_peak(tone) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("length", [0, 1, 24_000])
def test_silence_stays_silent(length: int) -> None:
    silence = Audio(np.zeros(length, np.float32), 24_000)
    assert loudness(silence) == -np.inf
    assert np.array_equal(levelled(silence).samples, silence.samples)
