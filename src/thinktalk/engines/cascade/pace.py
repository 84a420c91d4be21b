"""Change how fast speech goes without changing its pitch, and where it begins and ends.

Works on samples alone; knows nothing of text.
"""

from __future__ import annotations

import numpy as np

from thinktalk.media.types import Samples

_AUDIBLE = 10 ** (-50 / 20)  # of full scale
_HEAD_S, _TAIL_S, _FADE_S = 0.015, 0.05, 0.005
_WINDOW_S, _SEARCH_S = 0.03, 0.008


def trimmed(samples: Samples, sample_rate: int) -> Samples:
    """Cut inaudible ends off (below -50 dBFS) and fade both in 5 ms; empty where all is silent."""
    block = sample_rate // 200
    count = len(samples) // block
    if not count:
        return samples[:0]
    levels = np.sqrt(np.mean(samples[: count * block].reshape(count, block) ** 2, axis=1))
    audible = np.flatnonzero(levels > _AUDIBLE)
    if not audible.size:
        return samples[:0]
    first = max(0, int(audible[0] * block - _HEAD_S * sample_rate))
    last = min(len(samples), int((audible[-1] + 1) * block + _TAIL_S * sample_rate))
    return faded(samples[first:last], sample_rate)


def faded(samples: Samples, sample_rate: int) -> Samples:
    """Return a copy that starts and ends at zero, so that joins do not click."""
    result = samples.copy()
    length = min(int(_FADE_S * sample_rate), len(result) // 2)
    ramp = np.linspace(0, 1, length, dtype=np.float32)
    result[:length] *= ramp
    result[len(result) - length :] *= ramp[::-1]
    return result


def stretched(samples: Samples, sample_rate: int, speed: float) -> Samples:
    """Return `samples` at `speed` times their pace, at their own pitch.

    Windows of 30 ms are overlapped by half; each is taken where it continues the last one best
    (WSOLA: Verhelst and Roelands 1993).
    """
    window = int(_WINDOW_S * sample_rate) // 2 * 2
    if speed == 1.0 or len(samples) < 3 * window:
        return samples
    half, reach = window // 2, int(_SEARCH_S * sample_rate)
    taper = np.hanning(window + 1)[:window].astype(np.float32)
    padded = np.pad(samples, (reach, reach + 2 * window))
    num_windows = int(len(samples) / speed) // half
    result = np.zeros((num_windows + 1) * half, np.float32)
    at = reach
    for index in range(num_windows):
        if index:
            wanted = padded[at + half : at + half + window]
            nominal = reach + int(index * half * speed)
            nearby = padded[nominal - reach : nominal + reach + window]
            scores = np.correlate(nearby, wanted, mode="valid")
            at = nominal - reach + int(np.argmax(scores))
        result[index * half : index * half + window] += padded[at : at + window] * taper
    return result
