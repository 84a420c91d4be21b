"""How high a voice is, by autocorrelation. Knows nothing of voices' names."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from thinktalk.media.types import Audio
from thinktalk.voices.levels import framed

_FRAME_S = 0.04
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 400.0
_VOICED = 0.5  # normalised autocorrelation from which a frame counts as voiced
_LOUD_SHARE = 0.25  # of the loud frames' amplitude: what is weaker is not looked at

Pitches = npt.NDArray[np.float64]


def median_pitch_hz(audio: Audio) -> float:
    """Median fundamental frequency of the voiced frames in Hz; 0 where no frame is voiced."""
    pitches = pitches_hz(audio)
    voiced = pitches[pitches > 0]
    return float(np.median(voiced)) if len(voiced) else 0.0


def pitches_hz(audio: Audio) -> Pitches:
    """Fundamental frequency of each 40 ms in Hz, 0 where it is weak or not voiced."""
    frames = framed(audio, _FRAME_S)
    pitches = np.zeros(len(frames))
    if not len(frames):
        return pitches
    energy = np.sqrt((frames**2).mean(1))
    loud = energy > _LOUD_SHARE * np.percentile(energy, 95)
    pitches[loud] = _pitches(frames[loud], audio.sample_rate)
    return pitches


def _pitches(frames: npt.NDArray[np.float32], sample_rate: int) -> Pitches:
    size = frames.shape[1]
    frames = frames - frames.mean(1, keepdims=True)
    # Autocorrelation by FFT, freed of the bias that shrinks longer lags.
    spectra = np.abs(np.fft.rfft(frames, 2 * size, axis=1)) ** 2
    lags = np.fft.irfft(spectra, axis=1)[:, :size]
    lags *= size / (size - np.arange(size))
    lags /= lags[:, :1] + 1e-12
    first = int(sample_rate / _HIGHEST_HZ)
    last = min(int(sample_rate / _LOWEST_HZ), size - 1)
    window = lags[:, first:last]
    strength = window.max(1)
    # The first lag nearly as strong as the best: multiples of the period are as strong as it.
    best = (window >= 0.9 * strength[:, None]).argmax(1) + first
    return np.where(strength > _VOICED, sample_rate / best, 0.0)
