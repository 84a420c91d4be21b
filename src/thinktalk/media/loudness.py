"""Loudness as EBU R128 has it, and speech brought to one loudness.

Source: ITU-R BS.1770-4 (weighting, gates); the filters' analogue form for any sample rate is that
of B. De Man, "Evaluation of implementations of the EBU R128 loudness measurement" (2018). Works on
samples alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr

from thinktalk.media.types import Audio, Samples

SPEECH_LUFS = -20.0
_BLOCK_S, _HOP_S = 0.4, 0.1
_OFFSET, _ABSOLUTE_GATE, _RELATIVE_GATE = -0.691, -70.0, -10.0
# A gain above this would raise what is hardly speech at all.
_MOST_GAIN_DB = 20.0
_CEILING = 10 ** (-1.5 / 20)  # of true peaks; half a decibel below the limit of -1 dBTP
_OVERSAMPLING = 4
_HOLD_S = 0.005


def loudness(audio: Audio) -> float:
    """Integrated loudness in LUFS; -inf where nothing is above -70.

    What is shorter than a block of 400 ms is measured as one block.
    """
    powers = _block_powers(audio)
    powers = powers[_lufs(powers) > _ABSOLUTE_GATE]
    if not powers.size:
        return -np.inf
    gate = float(_lufs(powers.mean())) + _RELATIVE_GATE
    return float(_lufs(powers[_lufs(powers) > gate].mean()))


def true_peak(audio: Audio) -> float:
    """The highest absolute value between the samples, found at four times their rate."""
    return float(_oversampled(audio).max(initial=0.0))


def levelled(audio: Audio, target: float = SPEECH_LUFS) -> Audio:
    """Return `audio` at `target` LUFS, its true peaks below -1 dBTP.

    Silence stays as it is. Peaks that would reach higher are turned down for some milliseconds
    around them instead of being cut.
    """
    now = loudness(audio)
    if not np.isfinite(now):
        return audio
    gain = np.float32(10 ** (min(target - now, _MOST_GAIN_DB) / 20))
    return _limited(Audio(audio.samples * gain, audio.sample_rate))


def _limited(audio: Audio) -> Audio:
    # Between samples it is not twice as high as on them in what a synthesiser makes.
    if np.abs(audio.samples).max(initial=0.0) < _CEILING / 2:
        return audio
    peaks = _oversampled(audio)
    if peaks.max(initial=0.0) <= _CEILING:
        return audio
    needed = np.minimum(1.0, _CEILING / np.maximum(peaks, 1e-9))
    reach = int(_HOLD_S * audio.sample_rate)
    held = np.lib.stride_tricks.sliding_window_view(
        np.pad(needed, 2 * reach, mode="edge"), 2 * reach + 1
    ).min(axis=1)
    # As wide as what was held, so that no peak is turned down less than it needs.
    taper = np.hanning(2 * reach + 3)[1:-1]
    gains = np.convolve(held, taper / taper.sum(), mode="valid")
    return Audio(audio.samples * gains.astype(np.float32), audio.sample_rate)


def _oversampled(audio: Audio) -> Samples:
    """For each sample the highest absolute value until the next one."""
    rate = audio.sample_rate
    fine: Samples = np.abs(soxr.resample(audio.samples, rate, _OVERSAMPLING * rate))
    fine = np.pad(fine, (0, _OVERSAMPLING))[: _OVERSAMPLING * len(audio.samples)]
    fine = np.pad(fine, (0, _OVERSAMPLING * len(audio.samples) - len(fine)))
    peaks: Samples = fine.reshape(-1, _OVERSAMPLING).max(axis=1)
    return np.maximum(peaks, np.abs(audio.samples))


def _block_powers(audio: Audio) -> npt.NDArray[np.float64]:
    """Mean squares of blocks of 400 ms that begin every 100 ms, after weighting."""
    if not len(audio.samples):
        return np.zeros(0)
    squares = _weighted(audio) ** 2
    hop, length = int(_HOP_S * audio.sample_rate), int(_BLOCK_S * audio.sample_rate)
    if len(squares) < length:
        return np.array([squares.mean()])
    sums = np.concatenate([[0.0], np.cumsum(squares)])
    starts = np.arange(0, len(squares) - length + 1, hop)
    return np.asarray((sums[starts + length] - sums[starts]) / length)


def _weighted(audio: Audio) -> npt.NDArray[np.float64]:
    """The samples after both filters of K-weighting, applied to their spectrum."""
    size = len(audio.samples) + audio.sample_rate // 4  # room for the filters to ring out
    spectrum = np.fft.rfft(audio.samples.astype(np.float64), size)
    delay = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    for above, below in (_shelf(audio.sample_rate), _high_pass(audio.sample_rate)):
        spectrum *= np.polyval(above[::-1], delay) / np.polyval(below[::-1], delay)
    return np.fft.irfft(spectrum, size)[: len(audio.samples)]


def _shelf(sample_rate: int) -> tuple[list[float], list[float]]:
    k, q = np.tan(np.pi * 1681.974450955533 / sample_rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    above = [high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k]
    return above, [1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k]


def _high_pass(sample_rate: int) -> tuple[list[float], list[float]]:
    k, q = np.tan(np.pi * 38.13547087602444 / sample_rate), 0.5003270373238773
    first = 1 + k / q + k * k
    return [first, -2 * first, first], [first, 2 * (k * k - 1), 1 - k / q + k * k]


def _lufs(power: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.asarray(_OFFSET + 10 * np.log10(np.maximum(power, 1e-12)))
