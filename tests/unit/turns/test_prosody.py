"""The spectrogram that smart-turn hears; the network itself is tested with its weights."""

from __future__ import annotations

import numpy as np
import pytest

from thinktalk.turns.prosody import INPUT_S, SAMPLE_RATE, log_mel


def tone(hertz: float, duration_s: float) -> np.ndarray:
    times = np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    return np.sin(2 * np.pi * hertz * times).astype(np.float32)


def test_what_is_short_stands_at_the_end() -> None:
    mel = log_mel(tone(440, 2.0))

    assert mel.shape == (80, 800)
    assert mel[:, 620:780].max(axis=0).min() > mel[:, :580].max() + 0.5


def test_of_what_is_long_the_end_counts() -> None:
    end = tone(300, INPUT_S)

    assert np.array_equal(log_mel(np.concatenate([tone(2000, 3.0), end])), log_mel(end))


def test_loudness_does_not_matter() -> None:
    assert np.allclose(log_mel(tone(440, 2.0)), log_mel(0.05 * tone(440, 2.0)), atol=1e-3)


@pytest.mark.parametrize(("hertz", "band"), [(200, 4), (1000, 26), (4000, 62)])
def test_a_tone_lies_in_its_band(hertz: float, band: int) -> None:
    assert abs(int(log_mel(tone(hertz, 8.0)).mean(axis=1).argmax()) - band) <= 1
