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
"""The speaker of a stretch of speech as a unit vector."""

_NUM_WINDOWS, _WINDOW_S, _SHORTEST_S = 6, 2.4, 1.6
# Measured with Resemblyzer's encoder: the halves of 30 samples of one speaker each are 0.87 alike
# or more, those of 132 mixtures of two speakers 0.79 at most.
ONE_SPEAKER = 0.82
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
    length_s = min(_WINDOW_S, max(_SHORTEST_S, speech.duration_s / _NUM_WINDOWS))
    size = round(length_s * speech.sample_rate)
    # Windows may overlap by half.
    count = min(_NUM_WINDOWS, int(2 * len(speech.samples) / size) - 1)
    if count < 4:
        return 1.0
    starts = np.linspace(0, len(speech.samples) - size, count).astype(int)
    pieces = [Audio(speech.samples[start : start + size], speech.sample_rate) for start in starts]
    vectors = np.stack([embed(piece) for piece in pieces])
    return min(_cosine(vectors, group) for group in _groups(count))


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


def _groups(count: int) -> list[list[int]]:
    """Every choice of 2 to half of the windows; the others are the second group."""
    sizes = range(2, count // 2 + 1)
    return [list(group) for size in sizes for group in combinations(range(count), size)]


def _cosine(vectors: npt.NDArray[np.float32], group: list[int]) -> float:
    one = vectors[group].mean(0)
    other = np.delete(vectors, group, 0).mean(0)
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other) + 1e-9))


def _two_means(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(values, [10, 90])
    for _ in range(20):
        is_high = values > (low + high) / 2
        if is_high.all() or not is_high.any():
            break
        low, high = values[~is_high].mean(), values[is_high].mean()
    return float(low), float(high)
