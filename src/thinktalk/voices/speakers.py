"""Does more than one person speak? By embeddings of windows where they can be had, else by pitch.

Knows nothing of who the speakers are.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import numpy.typing as npt

from thinktalk.media.types import Audio
from thinktalk.voices.pitch import Pitches

Embed = Callable[[Audio], npt.NDArray[np.float32]]
"""Whose voice it is, window by window: unit vectors, shape (num_windows, size)."""

# Pieces of the speech, spread evenly: more would cost more and tell little.
_NUM_PIECES, _PIECE_S = 6, 1.6
_FEWEST = 4
# Measured with Resemblyzer's encoder: 30 samples of one speaker each have 0.84 or more, 69 mixtures
# of two speakers 0.81 or less.
ONE_SPEAKER = 0.825
# By pitch alone: groups that lie apart by so many semitones, with next to nothing between them.
_APART_SEMITONES, _LEAST_SHARE, _BETWEEN_SHARE = 7.0, 0.2, 0.06
_FEW_PITCHES = 60


def likeness(speech: Audio, embed: Embed) -> float:
    """How alike the two parts are into which a sample splits best; 1 where it is too short.

    Args:
        speech: without its pauses.
    Returns:
        Cosine between the means of the two groups of windows, each of two windows or more.
    """
    vectors = embed(_spread(speech))
    # What is said sways one window much, and two together less.
    vectors = (vectors[:-1] + vectors[1:]) * np.float32(0.5)
    if len(vectors) < _FEWEST:
        return 1.0
    ones = _groups(len(vectors)) @ vectors
    others = vectors.sum(0) - ones
    norms = np.linalg.norm(ones, axis=1) * np.linalg.norm(others, axis=1)
    return float(((ones * others).sum(1) / (norms + 1e-9)).min())


def has_two_pitches(pitches: Pitches) -> bool:
    """Whether pitches fall into two groups far apart, as those of a man and a woman do.

    Args:
        pitches: in Hz, 0 where there is none.
    """
    heard = np.sort(12 * np.log2(pitches[pitches > 0]))
    if len(heard) < _FEW_PITCHES:
        return False
    low, high = _two_means(heard)
    if high - low < _APART_SEMITONES:
        return False
    middle = (low + high) / 2
    between = np.mean(np.abs(heard - middle) < (high - low) / 6)
    share = float(np.mean(heard > middle))
    return bool(between < _BETWEEN_SHARE and _LEAST_SHARE < share < 1 - _LEAST_SHARE)


def _spread(speech: Audio) -> Audio:
    """At most six pieces of the speech, joined."""
    size = round(_PIECE_S * speech.sample_rate)
    if len(speech.samples) <= _NUM_PIECES * size:
        return speech
    starts = np.linspace(0, len(speech.samples) - size, _NUM_PIECES).astype(int)
    pieces = [speech.samples[start : start + size] for start in starts]
    return Audio(np.concatenate(pieces), speech.sample_rate)


def _groups(count: int) -> npt.NDArray[np.float32]:
    """Every choice of 2 to half of the windows, as rows of ones and zeros."""
    sizes = range(2, count // 2 + 1)
    chosen = [group for size in sizes for group in combinations(range(count), size)]
    rows = np.zeros((len(chosen), count), np.float32)
    for row, group in zip(rows, chosen, strict=True):
        row[list(group)] = 1
    return rows


def _two_means(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(values, [10, 90])
    for _ in range(20):
        is_high = values > (low + high) / 2
        if is_high.all() or not is_high.any():
            break
        low, high = values[~is_high].mean(), values[is_high].mean()
    return float(low), float(high)
