"""Whether a sound is what was just played, come back through the room. Knows nothing of words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from thinktalk.media.types import Samples

LONGEST_DELAY_S = 0.6
"""So much later than it was played may a sound come back, devices and network included."""
_SAMPLE_RATE, _FACTOR = 16_000, 4
_RATE = _SAMPLE_RATE // _FACTOR
_HIGHEST_HZ = 1_900.0
_PRE_EMPHASIS = 0.9
_TAPS, _EARLY_TAPS = 64, 6  # 16 ms of the room's response, a little of it before its peak
_RIDGE = 1e-2
_FEWEST = 4 * _TAPS  # samples at 4 kHz
_SMALL = 1e-9

Floats = npt.NDArray[np.float64]


def explained(samples: Samples, played: Samples) -> float:
    """Share of the power of `samples` that a short linear filter makes of `played`.

    Below 2 kHz, at the delay that fits best; near 0 for two sounds that have nothing in common.

    Args:
        samples: at 16 kHz.
        played: at 16 kHz, up to the same moment as `samples`; the 0.6 s before their start are
            looked at, too.
    """
    heard, source = _narrowed(samples), _narrowed(played)
    longest = round(LONGEST_DELAY_S * _RATE)
    missing = len(heard) + longest + _TAPS - len(source)
    source = np.pad(source, (max(0, missing), 0))[-(len(heard) + longest + _TAPS) :]
    if len(heard) < _FEWEST or source @ source < _SMALL or heard @ heard < _SMALL:
        return 0.0
    start = longest + _TAPS - _delay(heard, source, longest) + _EARLY_TAPS
    padded = np.pad(source, (0, _EARLY_TAPS))
    # Column k: the source k samples later than the earliest tap.
    columns = np.stack([padded[start - k : start - k + len(heard)] for k in range(_TAPS)], axis=1)
    gram = columns.T @ columns
    gram += _RIDGE * (np.trace(gram) / _TAPS + _SMALL) * np.eye(_TAPS)
    rest = heard - columns @ np.linalg.solve(gram, columns.T @ heard)
    return float(np.clip(1 - (rest @ rest) / (heard @ heard), 0, 1))


def _delay(heard: Floats, source: Floats, longest: int) -> int:
    """Samples at 4 kHz by which `source` is best moved; both end at the same moment."""
    size = 1 << (len(source) + len(heard)).bit_length()
    cross = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(source, size))
    # Half whitened: a sharper peak than correlation has, less noise than full whitening lets in.
    correlation = np.abs(np.fft.irfft(cross / np.sqrt(np.abs(cross) + _SMALL), size))
    # Moved by -k means: heard[0] is source[k]; without delay that is source[longest + _TAPS].
    moved = correlation[-np.arange(_TAPS, longest + _TAPS + 1)]
    return longest - int(moved.argmax())


def _narrowed(samples: Samples) -> Floats:
    """At 4 kHz, higher sounds raised."""
    count = len(samples) // _FACTOR
    if not count:
        return np.zeros(0)
    spectrum = np.fft.rfft(samples[-count * _FACTOR :].astype(np.float64))[: count // 2 + 1]
    spectrum[round(_HIGHEST_HZ / _RATE * count) :] = 0
    narrow = np.fft.irfft(spectrum, count)
    return np.append(narrow[:1], narrow[1:] - _PRE_EMPHASIS * narrow[:-1])
