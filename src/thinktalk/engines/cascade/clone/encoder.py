"""Whose voice is it? A unit vector per stretch of speech; close vectors are close voices.

The network is Resemblyzer's (see encoder_onnx.py), run by ONNX Runtime. Blocking. Knows nothing of
synthesisers.
"""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from thinktalk.engines.cascade.clone.encoder_onnx import (
    INPUT_NAME,
    NUM_MELS,
    OUTPUT_NAME,
    WINDOW_FRAMES,
    build,
)
from thinktalk.media.types import Audio, Samples

Floats = npt.NDArray[np.float32]

_SAMPLE_RATE, _FFT, _HOP = 16_000, 400, 160
# The features are powers, so a voice at another level looks like another voice. Published code only
# raises what is under -30 dBFS; here all speech is brought to one level.
_LEVEL_DB = -24.0
_WINDOWS_PER_S = 1.3
_MIN_COVERAGE = 0.75  # of the last window, by speech; else it is left out
# Silence longer than this is shortened: frames so far under the loud ones, with 4 frames kept on
# either side.
_FRAME, _SILENT_DB, _KEPT_FRAMES = 480, 35.0, 4


class SpeakerEncoder:
    """Loaded on first use; may be called from any thread."""

    def __init__(self, checkpoint: Path, *, threads: int) -> None:
        self._checkpoint = checkpoint
        self._threads = threads
        self._lock = threading.Lock()
        self._session: Any = None

    def embed(self, audio: Audio) -> Floats:
        """The speaker of `audio`: shape (256,), unit norm, none negative.

        Args:
            audio: speech of one person, any rate. The mean over windows of 1.6 s, as published.
        """
        return _unit(self.windows(audio).mean(axis=0))

    def windows(self, audio: Audio) -> Floats:
        """One unit vector per window of 1.6 s, 1.3 windows a second: shape (num_windows, 256)."""
        samples = _prepared(audio)
        step = round(_SAMPLE_RATE / _WINDOWS_PER_S / _HOP)
        num_frames = -(-len(samples) // _HOP)
        starts = list(range(0, max(1, num_frames - WINDOW_FRAMES + step), step))
        covered = (num_frames - starts[-1]) / WINDOW_FRAMES
        if covered < _MIN_COVERAGE and len(starts) > 1:
            starts.pop()
        size = (starts[-1] + WINDOW_FRAMES) * _HOP
        mels = mel_powers(np.pad(samples, (0, max(0, size - len(samples)))))
        batch = np.stack([mels[start : start + WINDOW_FRAMES] for start in starts])
        (vectors,) = self._loaded().run([OUTPUT_NAME], {INPUT_NAME: batch})
        result: Floats = vectors
        return result

    def _loaded(self) -> Any:
        import onnxruntime

        with self._lock:
            if self._session is None:
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = self._threads
                options.log_severity_level = 3
                options.add_session_config_entry("session.intra_op.allow_spinning", "0")
                self._session = onnxruntime.InferenceSession(
                    build(self._checkpoint), options, providers=["CPUExecutionProvider"]
                )
            return self._session


def mel_powers(samples: Samples) -> Floats:
    """Mel power spectrogram of 16 kHz `samples`: shape (1 + num_samples // 160, 40), no logarithm.

    Source: the features that resemblyzer takes from librosa (Hann window of 25 ms, centred, mel
    scale of Slaney with filters of equal area).
    """
    padded = np.pad(samples, _FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FFT) / _FFT)
    spectra = np.fft.rfft(frames * window.astype(np.float32), axis=1)
    powers = spectra.real**2 + spectra.imag**2
    return np.asarray(powers.astype(np.float32) @ _filters().T)


def _prepared(audio: Audio) -> Samples:
    """At 16 kHz, at one level, and without long silences."""
    samples = soxr.resample(audio.samples, audio.sample_rate, _SAMPLE_RATE)
    level_db = 10 * np.log10(np.mean(samples**2) + 1e-12)
    samples = samples * np.float32(10 ** ((_LEVEL_DB - level_db) / 20))
    num_frames = len(samples) // _FRAME
    if not num_frames:
        return np.asarray(samples, np.float32)
    frames = samples[: num_frames * _FRAME].reshape(num_frames, _FRAME)
    levels = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
    heard = levels > np.percentile(levels, 95) - _SILENT_DB
    near = np.convolve(heard, np.ones(2 * _KEPT_FRAMES + 1), "same")[:num_frames] > 0
    return np.asarray(frames[near].reshape(-1), np.float32)


@cache
def _filters() -> Floats:
    """Triangles over the bins of the transform: shape (40, 201)."""
    edges = _hertz(np.linspace(0.0, _mel(_SAMPLE_RATE / 2), NUM_MELS + 2))
    bins = np.linspace(0, _SAMPLE_RATE / 2, _FFT // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    areas = 2 / (edges[2:] - edges[:-2])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * areas[:, None], np.float32)


# Slaney's scale: linear to 1 kHz, then 27 steps for each factor of 6.4.
_KNEE_HZ, _HZ_A_MEL, _MELS_A_FACTOR = 1000.0, 200 / 3, 27 / np.log(6.4)


def _mel(hertz: float) -> float:
    knee = _KNEE_HZ / _HZ_A_MEL
    return float(knee + np.log(hertz / _KNEE_HZ) * _MELS_A_FACTOR)


def _hertz(mels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    knee = _KNEE_HZ / _HZ_A_MEL
    above = _KNEE_HZ * np.exp((mels - knee) / _MELS_A_FACTOR)
    return np.asarray(np.where(mels < knee, mels * _HZ_A_MEL, above))


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / (np.linalg.norm(vector) + 1e-9), np.float32)
