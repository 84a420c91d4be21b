"""Sound made ready for recognition."""

from __future__ import annotations

import numpy as np
import pytest

from thinktalk.engines.cascade.ears import joined, quietest
from thinktalk.engines.cascade.tape import Tape
from thinktalk.media.types import Audio, Samples

RATE = 16_000


def tone(seconds: float, level: float, rate: int = RATE) -> Samples:
    time_s = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * 200 * time_s)).astype(np.float32)


def prepared(audio: Audio) -> Samples:
    tape = Tape(audio)
    return tape.clip(0.0, tape.end_s)


def test_any_rate_becomes_16_khz() -> None:
    assert len(prepared(Audio(tone(1.0, 0.5, 48_000), 48_000))) == RATE


def test_faint_sound_is_made_as_loud_as_speech() -> None:
    faint = prepared(Audio(tone(1.0, 0.02), RATE))
    assert 0.4 < np.abs(faint).max() < 0.6


def test_a_click_does_not_keep_faint_speech_faint() -> None:
    samples = tone(1.0, 0.02)
    samples[4000:4004] = 1.0
    assert np.quantile(np.abs(prepared(Audio(samples, RATE))), 0.9) > 0.3


def test_good_sound_is_handed_on_as_it_is() -> None:
    samples = tone(1.0, 0.5)
    assert np.shares_memory(prepared(Audio(samples, RATE)), samples)


def test_digital_silence_and_emptiness_stay_so() -> None:
    assert not prepared(Audio(np.zeros(RATE, np.float32), RATE)).any()
    assert len(prepared(Audio(np.zeros(0, np.float32), RATE))) == 0


def test_an_offset_is_removed() -> None:
    samples = tone(1.0, 0.3) + np.float32(0.2)
    assert abs(float(prepared(Audio(samples, RATE)).mean())) < 1e-3


def test_the_callers_samples_are_never_changed() -> None:
    samples = tone(1.0, 0.02) + np.float32(0.2)
    before = samples.copy()
    prepared(Audio(samples, RATE))
    assert np.array_equal(samples, before)


def test_the_quietest_moment_is_found() -> None:
    samples = tone(4.0, 0.5)
    samples[round(2.4 * RATE) : round(2.55 * RATE)] = 0.0
    assert quietest(samples[RATE : round(3.5 * RATE)], 1.0, 3.5) == pytest.approx(2.475, abs=0.05)


def test_speech_across_the_edge_of_two_windows_is_one_span() -> None:
    assert joined([(1.0, 2.0), (58.0, 60.0)], [(60.0, 61.0)]) == [(1.0, 2.0), (58.0, 61.0)]
    assert joined([(1.0, 2.0)], [(60.5, 61.0)]) == [(1.0, 2.0), (60.5, 61.0)]
    assert joined([], [(60.5, 61.0)]) == [(60.5, 61.0)]
