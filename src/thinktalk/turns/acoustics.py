"""What a sound is like: its level, pitch, spectrum and movement. Knows nothing of words.

Everything is at 16 kHz. A frame is 40 ms, and the next begins 16 ms later.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from thinktalk.media.types import Samples

SAMPLE_RATE = 16_000
_FRAME, _STEP, _FFT = 640, 256, 1024
_LOWEST_HZ, _HIGHEST_HZ = 70.0, 450.0
_VOICED = 0.5  # normalised autocorrelation from which a frame counts as voiced
_ACTIVE_DB = 25.0  # below the loudest frame: what is weaker is taken for a pause
_QUIETEST_DB = -90.0
_CREST_FRAME = 80  # 5 ms: short enough for a click
# Edges of the bands whose levels tell a timbre, in Hz.
_BANDS_HZ = (80, 250, 450, 700, 1000, 1500, 2200, 3200, 4700, 7600)
_SMALL = 1e-12

Floats = npt.NDArray[np.float64]


def measure(samples: Samples, onset: int) -> dict[str, float]:
    """Traits of what sounds from sample number `onset` on, by name.

    What lies before is the background that it is compared with. Levels are in dB, pitch in
    semitones over 100 Hz, shares within 0 and 1.
    """
    frames = _framed(samples[max(0, onset) :])
    power = (frames**2).mean(1)
    levels = _decibels(power)
    loudest = float(levels.max())
    is_active = levels > max(loudest - _ACTIVE_DB, _QUIETEST_DB)
    spectra = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), _FFT, axis=1)) ** 2 + _SMALL
    active = levels[is_active] if is_active.any() else levels
    background = _framed(samples[: max(0, onset)])
    floor = float(np.percentile(_decibels((background**2).mean(1)), 30))
    traits = {
        "level": float(_decibels(power[is_active].mean())) if is_active.any() else loudest,
        "above_background": loudest - floor,
        "background": floor,
        "active_share": float(is_active.mean()),
        "range": float(np.percentile(active, 90) - np.percentile(active, 10)),
        "rise": float(levels[:5].max() - levels[0]),
        "slope": _slope(levels),
        "last_level": float(levels[-3:].mean()) - loudest,
        "lulls": _lulls(levels),
        **_crest(samples[max(0, onset) :]),
    }
    return traits | _pitch(frames, is_active) | _spectrum(spectra, is_active)


def _pitch(frames: Floats, is_active: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Voicing, pitch and how it moves. Source: autocorrelation, freed of its bias to short lags."""
    centred = frames - frames.mean(1, keepdims=True)
    lags = np.fft.irfft(np.abs(np.fft.rfft(centred, 2 * _FRAME, axis=1)) ** 2, axis=1)[:, :_FRAME]
    lags *= _FRAME / (_FRAME - np.arange(_FRAME))
    lags /= lags[:, :1] + _SMALL
    first, last = int(SAMPLE_RATE / _HIGHEST_HZ), int(SAMPLE_RATE / _LOWEST_HZ)
    window = lags[:, first:last]
    strength = np.clip(window.max(1), 0, 1)
    # The first lag nearly as strong as the best: multiples of the period are as strong as it.
    best = (window >= 0.9 * strength[:, None]).argmax(1) + first
    is_voiced = (strength > _VOICED) & is_active
    pitch = 12 * np.log2(SAMPLE_RATE / best[is_voiced] / 100)
    steps = np.abs(np.diff(pitch))
    return {
        "voiced_share": float(is_voiced.mean()),
        "voicing": float(strength[is_active].mean()) if is_active.any() else 0.0,
        "voiced_run": _longest_run(is_voiced) * _STEP / SAMPLE_RATE,
        "pitch": float(np.median(pitch)) if len(pitch) else 0.0,
        "pitch_range": float(np.ptp(np.percentile(pitch, [10, 90]))) if len(pitch) else 0.0,
        "pitch_slope": _slope(pitch) if len(pitch) > 3 else 0.0,
        "pitch_unrest": float(np.median(steps)) if len(steps) else 0.0,
        "pitch_end": float(pitch[-3:].mean() - np.median(pitch)) if len(pitch) > 3 else 0.0,
    }


def _spectrum(spectra: Floats, is_active: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Timbre and how it changes, over the frames that sound."""
    spectra = spectra[is_active] if is_active.any() else spectra
    hertz = np.fft.rfftfreq(_FFT, 1 / SAMPLE_RATE)
    speech = spectra[:, (hertz > 100) & (hertz < 7000)]
    flatness = np.exp(np.log(speech).mean(1)) / speech.mean(1)
    centroid = np.log2((spectra @ hertz) / spectra.sum(1) / 1000 + _SMALL)
    edges = [int(edge / hertz[1]) for edge in _BANDS_HZ]
    bands = _decibels(np.stack([spectra[:, a:b].sum(1) for a, b in pairwise(edges)], axis=1))
    shape = bands - bands.max(1, keepdims=True)
    change = np.abs(np.diff(bands - bands.mean(1, keepdims=True), axis=0)).mean(1)
    traits = {
        "flatness": float(flatness.mean()),
        "flatness_spread": float(flatness.std()),
        "centroid": float(centroid.mean()),
        "centroid_spread": float(centroid.std()),
        "change": float(change.mean()) if len(change) else 0.0,
        "spread_of_bands": float(shape.std(0).mean()),
    }
    return traits | {f"band_{number}": float(mean) for number, mean in enumerate(shape.mean(0))}


def _crest(samples: Samples) -> dict[str, float]:
    """How far the loudest 5 ms stand out, as those of a click do."""
    count = len(samples) // _CREST_FRAME
    if not count:
        return {"crest": 0.0}
    power = (samples[: count * _CREST_FRAME].reshape(count, -1).astype(np.float64) ** 2).mean(1)
    return {"crest": float(_decibels(power.max()) - _decibels(power.mean()))}


def _lulls(levels: Floats) -> float:
    """How many times a second the level dips by 6 dB between two peaks, as syllables do."""
    dips, high, low = 0, float(levels[0]), float(levels[0])
    for level in levels.tolist():
        low = min(low, level)
        if low < high - 6 and level > low + 6:
            dips, high, low = dips + 1, level, level
        if level > high:
            high = low = level
    return dips / (len(levels) * _STEP / SAMPLE_RATE)


def _framed(samples: Samples) -> Floats:
    """Frames side by side, shape (num_frames, 640); at least one, filled up with silence."""
    missing = max(0, _FRAME - len(samples))
    padded = np.pad(samples, (0, missing)).astype(np.float64)
    return np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_STEP]


def _slope(values: Floats) -> float:
    """Of a line fitted to values a step apart, per second."""
    if len(values) < 2:
        return 0.0
    steps = np.arange(len(values)) - (len(values) - 1) / 2
    return float(steps @ values / (steps @ steps)) * SAMPLE_RATE / _STEP


def _longest_run(flags: npt.NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.r_[False, flags, False].astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _decibels(power: npt.NDArray[np.float64] | np.float64) -> Floats:
    return np.asarray(np.maximum(10 * np.log10(power + _SMALL), _QUIETEST_DB))
