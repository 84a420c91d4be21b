"""Change how fast speech goes without changing its pitch, its peaks, and where it begins and ends.

Works on samples alone; knows nothing of text.
"""

from __future__ import annotations

import numpy as np

from thinktalk.media.types import Samples

_AUDIBLE = 10 ** (-50 / 20)  # of full scale
_HEAD_S, _TAIL_S = 0.015, 0.05
_FADE_IN_S, _FADE_OUT_S, _LEAST_FADE_S = 0.01, 0.04, 0.005
_KNEE, _CEILING = 0.7, 0.97  # of full scale
_WINDOW_S, _SEARCH_S = 0.03, 0.008


def trimmed(samples: Samples, sample_rate: int) -> Samples:
    """Cut inaudible ends off (below -50 dBFS) and fade both; empty where all is silent.

    15 ms stay before what is heard and 50 ms after it; the fades lie in those, so that the noise of
    the voice runs out before the digital silence of a pause begins.
    """
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
    head_s = (audible[0] * block - first) / sample_rate
    tail_s = (last - (audible[-1] + 1) * block) / sample_rate
    return faded(
        samples[first:last], sample_rate, min(_FADE_IN_S, head_s), min(_FADE_OUT_S, tail_s)
    )


def faded(
    samples: Samples, sample_rate: int, in_s: float = _FADE_IN_S, out_s: float = _FADE_OUT_S
) -> Samples:
    """Return a copy that starts and ends at zero, so that joins do not click.

    The fades are halves of a cosine, at least 5 ms long.
    """
    result = samples.copy()
    most = len(result) // 2
    rise, fall = (min(int(max(s, _LEAST_FADE_S) * sample_rate), most) for s in (in_s, out_s))
    result[:rise] *= _ramp(rise)
    result[len(result) - fall :] *= _ramp(fall)[::-1]
    return result


def _ramp(length: int) -> Samples:
    return np.asarray(0.5 - 0.5 * np.cos(np.linspace(0, np.pi, length)), np.float32)


def limited(samples: Samples) -> Samples:
    """Return `samples` with peaks above 0.7 bent so that none reaches 0.97; the rest stays."""
    peaks = np.abs(samples)
    if not len(samples) or peaks.max() <= _KNEE:
        return samples
    room = _CEILING - _KNEE
    bent = _KNEE + room * np.tanh((peaks - _KNEE) / room)
    return np.where(peaks > _KNEE, np.copysign(bent, samples), samples).astype(np.float32)


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
