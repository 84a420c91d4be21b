"""How long a room rings on, told from how fast speech fades in it.

In a dry room some sounds end within milliseconds; in one that reverberates none does, and the
steepest decays are the room's own. Knows nothing of rooms.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from thinktalk.media.types import Audio

_SIZE, _STEP = 256, 128  # samples at 16 kHz: 16 and 8 ms
_BANDS_HZ = ((500.0, 1000.0), (1000.0, 2000.0), (2000.0, 3500.0))
_FIT_STEPS = 14  # 112 ms
_ABOVE_FLOOR_DB, _STILL_ABOVE_DB = 25.0, 6.0
_STEEPEST = 90  # percentile
_FEW_DECAYS = 12


def decay_s(audio: Audio) -> float:
    """Time in which the steeper decays would fall by 60 dB, the median over three bands.

    Args:
        audio: at 16 kHz.
    Returns:
        0 where too little of it fades.
    Source: the idea of Wen, Habets and Naylor 2008 (blind reverberation time from the
        distribution of decay rates); the rule here is simpler.
    """
    windows = np.lib.stride_tricks.sliding_window_view(audio.samples, _SIZE)[::_STEP]
    spectra = np.fft.rfft(windows * np.hanning(_SIZE).astype(np.float32), axis=1)
    powers = spectra.real**2 + spectra.imag**2
    bin_hz = audio.sample_rate / _SIZE
    times = []
    for low, high in _BANDS_HZ:
        band = powers[:, round(low / bin_hz) : round(high / bin_hz)].sum(1)
        times.append(_decay_s(10 * np.log10(band + 1e-9), _STEP / audio.sample_rate))
    known = [time for time in times if time > 0]
    return float(np.median(known)) if known else 0.0


def _decay_s(levels: npt.NDArray[np.float64], step_s: float) -> float:
    """From the slopes of lines fitted to the level where it falls."""
    if len(levels) <= _FIT_STEPS:
        return 0.0
    floor = float(np.percentile(levels, 5))
    pieces = np.lib.stride_tricks.sliding_window_view(levels, _FIT_STEPS)
    steps = np.arange(_FIT_STEPS) - (_FIT_STEPS - 1) / 2
    slopes = pieces @ steps / (steps @ steps)
    falls = (pieces[:, 0] > floor + _ABOVE_FLOOR_DB) & (pieces[:, -1] > floor + _STILL_ABOVE_DB)
    falls &= slopes < 0
    if falls.sum() < _FEW_DECAYS:
        return 0.0
    return float(-60 * step_s / np.percentile(slopes[falls], 100 - _STEEPEST))
