"""A voice sample is measured, advised on, or refused with the reason."""

from __future__ import annotations

import numpy as np
import pytest

from thinktalk.errors import VoiceSampleRefused
from thinktalk.media.types import Audio
from thinktalk.voices import sample

RATE = 24_000


def voice(
    duration_s: float, pitch_hz: float = 120.0, noise: float = 0.0, gain: float = 0.5
) -> Audio:
    """Something like a vowel in syllables: harmonics of `pitch_hz`, on and off twice a second."""
    time_s = np.arange(int(duration_s * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * k * pitch_hz * time_s) / k for k in range(1, 12))
    syllables = np.clip(3 * np.sin(2 * np.pi * 2 * time_s) + 2, 0, 1)
    hiss = np.random.default_rng(1).normal(0, 1, len(time_s)) * noise
    samples = gain * tone * syllables / 2 + hiss
    return Audio(np.clip(samples, -1, 1).astype(np.float32), RATE)


@pytest.mark.parametrize("pitch_hz", [85.0, 120.0, 180.0, 240.0])
def test_the_pitch_is_measured(pitch_hz: float) -> None:
    assert sample.check(voice(6, pitch_hz)).pitch_hz == pytest.approx(pitch_hz, rel=0.03)


def test_a_clean_sample_needs_no_advice() -> None:
    assert sample.check(voice(20)).advice == ()


def test_a_short_sample_is_advised_to_be_longer() -> None:
    assert any("10 to 20 s" in line for line in sample.check(voice(6)).advice)


def test_noise_is_told_in_numbers() -> None:
    report = sample.check(voice(20, noise=0.05))
    assert report.snr_db < 20
    assert any("quiet room" in line for line in report.advice)


def test_clipping_is_told() -> None:
    assert any("clip" in line for line in sample.check(voice(20, gain=3.0)).advice)


@pytest.mark.parametrize(
    ("audio", "code"),
    [
        (voice(2), "Audio.PreprocessError"),
        (voice(61), "Audio.DurationLimitError"),
        (Audio(np.zeros(RATE * 10, np.float32), RATE), "Audio.PreprocessError"),
        (voice(10, gain=0.0, noise=0.1), "Audio.PreprocessError"),
    ],
    ids=["too short", "too long", "silent", "only noise"],
)
def test_what_cannot_work_is_refused_with_its_code(audio: Audio, code: str) -> None:
    with pytest.raises(VoiceSampleRefused) as refused:
        sample.check(audio)
    assert refused.value.code == code


def test_a_deep_sample_gets_a_man_and_a_high_one_a_woman() -> None:
    assert sample.closest_voice(sample.check(voice(12, 100.0))).gender == "male"
    assert sample.closest_voice(sample.check(voice(12, 215.0))).gender == "female"


def test_the_report_says_that_nothing_was_copied() -> None:
    report = sample.check(voice(12))
    told = sample.told(report, sample.closest_voice(report))
    assert "not copied" in told["method"]
