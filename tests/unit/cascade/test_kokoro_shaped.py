"""A planned speech in another manner: higher, livelier, louder, whispered."""

from __future__ import annotations

import numpy as np
import pytest

from thinktalk.engines.cascade.kokoro import Plan, shaped

# A contour of two octaves around 200 Hz, with a voiceless sound in it.
CONTOUR = np.array([8, 200, 250, 300, 40, 6, 5, 45, 150, 180, 200, 210, 8, 8], np.float32)
VOICED = CONTOUR > 60


def plan(contour: np.ndarray = CONTOUR) -> Plan:
    frames = len(contour) // 2
    return Plan(
        np.zeros((1, 512, frames), np.float32),
        contour[None],
        np.full((1, len(contour)), 5, np.float32),
        np.zeros((1, 256), np.float32),
        0,
        frames,
    )


def semitones(contour: np.ndarray) -> np.ndarray:
    return np.asarray(12 * np.log2(contour[VOICED] / np.median(contour[VOICED])))


def test_nothing_asked_is_nothing_changed() -> None:
    same = shaped(plan())
    assert np.array_equal(same.pitch, plan().pitch)
    assert same.gain == 1.0


@pytest.mark.parametrize("factor", [0.85, 1.2])
def test_pitch_moves_the_median_and_keeps_the_melody(factor: float) -> None:
    moved = shaped(plan(), pitch=factor).pitch[0]
    assert np.median(moved[VOICED]) == pytest.approx(200 * factor, rel=0.01)
    assert semitones(moved) == pytest.approx(semitones(CONTOUR), abs=0.05)


@pytest.mark.parametrize("spread", [0.5, 1.4])
def test_range_keeps_the_median_and_scales_the_melody(spread: float) -> None:
    moved = shaped(plan(), pitch_range=spread).pitch[0]
    assert np.median(moved[VOICED]) == pytest.approx(200, rel=0.01)
    assert semitones(moved) == pytest.approx(spread * semitones(CONTOUR), abs=0.05)


def test_what_is_voiceless_stays_so_and_the_rest_stays_within_a_throat() -> None:
    moved = shaped(plan(), pitch=3.0, pitch_range=3.0).pitch[0]
    assert np.array_equal(moved[CONTOUR < 20], CONTOUR[CONTOUR < 20])
    assert moved.max() <= 500
    assert shaped(plan(), pitch=0.2).pitch[0][VOICED].min() >= 60


def test_a_whisper_has_no_voice() -> None:
    assert shaped(plan(), whispered=True, pitch=1.5).pitch.max() < 10


def test_nothing_voiced_is_left_alone() -> None:
    breath = np.full(8, 7, np.float32)
    assert np.array_equal(shaped(plan(breath), pitch=1.3, pitch_range=2.0).pitch[0], breath)


def test_energy_is_a_gain_and_adds_up() -> None:
    assert shaped(shaped(plan(), energy_db=3), energy_db=3).gain == pytest.approx(10 ** (6 / 20))
