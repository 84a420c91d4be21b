"""A sound is dated back to where it begins, and no further."""

from __future__ import annotations

import numpy as np
import pytest

from thinktalk.turns.onset import LONGEST_S, first_sound

RATE = 16_000
NAMED = RATE


def heard(began: int, *, gap_s: float = 0.0) -> np.ndarray:
    """Faint noise, and a hum from sample number `began` on, with a gap just before it is named."""
    random = np.random.default_rng(5)
    samples = 1e-3 * random.standard_normal(2 * RATE)
    hum = 0.02 * np.sin(2 * np.pi * 160 * np.arange(2 * RATE) / RATE)
    hum[:began] = 0
    hum[NAMED - round(gap_s * RATE) : NAMED] = 0
    return (samples + hum).astype(np.float32)


@pytest.mark.parametrize("late_s", [0.0, 0.1, 0.45])
def test_a_soft_onset_is_found_however_late_it_was_named(late_s: float) -> None:
    began = NAMED - round(late_s * RATE)
    assert first_sound(heard(began), NAMED) == pytest.approx(began, abs=RATE // 50)


def test_what_sounded_before_a_pause_is_another_sound() -> None:
    assert first_sound(heard(NAMED - RATE // 3, gap_s=0.1), NAMED) == NAMED
    assert first_sound(heard(NAMED - RATE // 3, gap_s=0.03), NAMED) < NAMED - RATE // 4


def test_a_sound_without_a_past_began_when_it_was_named() -> None:
    assert first_sound(np.zeros(0, np.float32), 0) == 0
    silence = np.zeros(2 * RATE, np.float32)
    assert first_sound(silence, NAMED) == NAMED
    steady = heard(0)  # louder than nothing that was heard before
    assert NAMED - first_sound(steady, NAMED) <= LONGEST_S * RATE
