"""The ends of a piece of speech, and its pace."""

from __future__ import annotations

import numpy as np
import pytest

from thinktalk.engines.cascade.pace import faded, limited, stretched, trimmed
from thinktalk.media.types import Audio, Samples
from thinktalk.voices.pitch import median_pitch_hz

RATE = 24_000


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE), np.float32)


def hum(seconds: float, pitch_hz: float = 150.0) -> Samples:
    time_s = np.arange(int(seconds * RATE)) / RATE
    harmonics = [np.sin(2 * np.pi * k * pitch_hz * time_s) / k for k in range(1, 8)]
    return (0.3 * np.sum(harmonics, axis=0)).astype(np.float32)


def test_silence_at_both_ends_goes_but_for_an_instant() -> None:
    piece = trimmed(np.concatenate([silence(0.5), hum(1.0), silence(0.7)]), RATE)
    assert 1.0 <= len(piece) / RATE < 1.1


def test_silence_inside_stays() -> None:
    piece = trimmed(np.concatenate([hum(0.3), silence(0.4), hum(0.3)]), RATE)
    assert len(piece) / RATE == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("samples", [silence(1.0), silence(0.0), hum(0.001)])
def test_nothing_audible_is_nothing(samples: Samples) -> None:
    assert not len(trimmed(samples, RATE))


def test_a_piece_starts_and_ends_at_zero_and_the_original_stays() -> None:
    samples = np.full(RATE, 0.5, np.float32)
    piece = faded(samples, RATE)
    assert piece[0] == piece[-1] == 0
    assert np.abs(np.diff(piece)).max() < 0.01
    assert samples[0] == np.float32(0.5)


@pytest.mark.parametrize("speed", [0.4, 0.8, 1.25, 2.5])
def test_a_stretched_piece_keeps_its_pitch_and_level(speed: float) -> None:
    samples = hum(2.0)
    piece = stretched(samples, RATE, speed)
    assert len(piece) / len(samples) == pytest.approx(1 / speed, rel=0.05)
    natural_hz = median_pitch_hz(Audio(samples, RATE))
    assert median_pitch_hz(Audio(piece, RATE)) == pytest.approx(natural_hz, rel=0.02)
    middle = piece[len(piece) // 4 : -len(piece) // 4]
    assert np.std(middle) == pytest.approx(np.std(samples), rel=0.1)


def test_natural_pace_changes_nothing() -> None:
    samples = hum(0.5)
    assert stretched(samples, RATE, 1.0) is samples


def test_the_noise_of_a_voice_runs_out_before_a_pause() -> None:
    breath = np.random.default_rng(5).normal(0, 10 ** (-53 / 20), RATE // 5).astype(np.float32)
    piece = trimmed(np.concatenate([breath, hum(0.5), breath]), RATE)
    levels = [np.std(piece[-length:]) for length in (120, 240, 480, 960)]
    assert levels == sorted(levels)
    assert levels[0] < 0.2 * levels[-1]


def test_what_is_too_loud_is_bent_and_the_rest_stays() -> None:
    samples = np.linspace(-2, 2, 4001, dtype=np.float32)
    bent = limited(samples)
    assert np.abs(bent).max() < 0.98
    quiet = np.abs(samples) <= 0.7
    assert np.array_equal(bent[quiet], samples[quiet])
    assert np.all(np.diff(bent) >= 0)
    assert not len(limited(samples[:0]))
