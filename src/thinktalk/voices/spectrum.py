"""What the spectrum of a sample tells: how high it reaches, mains hum, music.

Knows nothing of speech but that its pitch never stands still.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thinktalk.media.types import Audio

Powers = npt.NDArray[np.float32]

# For the band: short windows, none of them overlapping.
_BAND_WINDOW_S, _BAND_STEP_HZ = 0.032, 250.0
_BAND_RANGE_DB, _BAND_CHANGE_DB = 55.0, 4.0
# For tones: 256 ms every 64 ms.
_TONE_WINDOW_S, _TONE_STEP_S = 0.256, 0.064
_MAINS_HZ, _HUM_HARMONICS, _HUM_PROMINENCE_DB, _HUM_LEAST = (50.0, 60.0), 6, 15.0, 2
_ALWAYS_PERCENTILE = 5  # over time: what is there even in pauses
_PROMINENCE_DB, _PROMINENCE_BINS, _TONE_RANGE_DB = 12.0, 6, 60.0
_HELD_STEPS = 6  # 0.4 s, longer than speech holds a pitch
_NOTES_HZ = (80.0, 3000.0)
_NO_NOTE_SHARE = 0.5  # of the time: a hum or a whistle


@dataclass(frozen=True, slots=True, eq=False)
class Spectrogram:
    """Powers, shape (num_steps, num_bins); bins are `bin_hz` apart."""

    powers: Powers
    bin_hz: float


def bandwidth_hz(audio: Audio) -> float:
    """The frequency above which even the loudest moments hold nothing of the speech.

    Bands 250 Hz wide, each in its loudest 5 % of time, are compared with the highest of them. What
    is as loud in the quietest moments is noise.
    """
    spectrum = _spectrogram(audio, _BAND_WINDOW_S, _BAND_WINDOW_S)
    width = round(_BAND_STEP_HZ / spectrum.bin_hz)
    count = spectrum.powers.shape[1] // width
    bands = spectrum.powers[:, : count * width].reshape(-1, count, width).mean(2)
    quiet, loud = 10 * np.log10(np.percentile(bands, [20, 95], axis=0) + 1e-12)
    heard = np.flatnonzero((loud > loud.max() - _BAND_RANGE_DB) & (loud > quiet + _BAND_CHANGE_DB))
    return float((heard[-1] + 1) * width * spectrum.bin_hz) if len(heard) else 0.0


def tones(audio: Audio) -> Spectrogram:
    """Up to 3 kHz, fine enough to tell one note from the next.

    Args:
        audio: at 16 kHz.
    """
    whole = _spectrogram(audio, _TONE_WINDOW_S, _TONE_STEP_S)
    highest = round(_NOTES_HZ[1] / whole.bin_hz) + 2 * _PROMINENCE_BINS
    return Spectrogram(whole.powers[:, :highest], whole.bin_hz)


def hum_hz(spectrum: Spectrogram) -> float:
    """50 or 60 where at least two harmonics of it stand out all the time, else 0."""
    steady = 10 * np.log10(np.percentile(spectrum.powers, _ALWAYS_PERCENTILE, axis=0) + 1e-12)
    counts = {base: _prominent(steady, base, spectrum.bin_hz) for base in _MAINS_HZ}
    best = max(counts, key=lambda base: counts[base])
    return best if counts[best] >= _HUM_LEAST else 0.0


def music_share(spectrum: Spectrogram) -> float:
    """Share of the time in which a tone is held for longer than speech holds one.

    What is there most of the time, such as mains hum, is not taken for music.
    """
    low, high = (round(hertz / spectrum.bin_hz) for hertz in _NOTES_HZ)
    levels = 10 * np.log10(spectrum.powers + 1e-12)
    here, apart = levels[:, low:high], _PROMINENCE_BINS
    around = np.maximum(
        levels[:, low - apart : high - apart], levels[:, low + apart : high + apart]
    )
    is_tone = (here > levels[:, low - 1 : high - 1]) & (here >= levels[:, low + 1 : high + 1])
    is_tone &= (here > around + _PROMINENCE_DB) & (here > here.max() - _TONE_RANGE_DB)
    constant = is_tone.mean(0) > _NO_NOTE_SHARE
    is_tone[:, constant | np.roll(constant, 1) | np.roll(constant, -1)] = False
    held = is_tone.copy()
    for shift in range(1, _HELD_STEPS):
        held[:-shift] &= is_tone[shift:]
        held[-shift:] = False
    sounding = held.any(1)
    lasting = sounding.copy()
    for shift in range(1, _HELD_STEPS):
        lasting[shift:] |= sounding[:-shift]
    return float(lasting.mean())


def _spectrogram(audio: Audio, window_s: float, step_s: float) -> Spectrogram:
    size, step = round(window_s * audio.sample_rate), round(step_s * audio.sample_rate)
    samples = np.pad(audio.samples, (0, max(0, size - len(audio.samples))))
    windows = np.lib.stride_tricks.sliding_window_view(samples, size)[::step]
    spectra = np.fft.rfft(windows * np.hanning(size).astype(np.float32), axis=1)
    powers = (spectra.real**2 + spectra.imag**2).astype(np.float32)
    return Spectrogram(powers, audio.sample_rate / size)


def _prominent(levels: npt.NDArray[np.float64], base_hz: float, bin_hz: float) -> int:
    """How many of the first harmonics stand out from what lies half way to the next ones."""
    count = 0
    for number in range(1, _HUM_HARMONICS + 1):
        place = number * base_hz / bin_hz
        peak = levels[int(place) - 1 : int(place) + 3].max()
        sides = [levels[round(place + side * base_hz / 2 / bin_hz)] for side in (-1, 1)]
        count += bool(peak - max(sides) > _HUM_PROMINENCE_DB)
    return count
