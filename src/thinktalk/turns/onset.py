"""When a sound began that voice activity has named: earlier, where it begins softly."""

from __future__ import annotations

import numpy as np

from thinktalk.media.types import Samples

LONGEST_S = 0.6
"""So much earlier than it was named a sound may have begun."""
BEFORE_S = 0.3
"""Of what was heard before, at least, to tell the background by."""
_RATE, _FRAME = 16_000, 160  # 10 ms
_ABOVE_DB, _QUIETEST_DB = 9.0, -70.0
_LONGEST_LULL = 6  # frames, as within a soft onset
_BACKGROUND_PERCENTILE = 30
_SMALL = 1e-12


def first_sound(samples: Samples, named: int) -> int:
    """Number of the sample from which the level has stood 9 dB over the background.

    Args:
        samples: at 16 kHz; best from 0.9 s before `named` on.
        named: number of the first sample that voice activity takes for speech.
    """
    before = samples[max(0, named - round((LONGEST_S + BEFORE_S) * _RATE)) : named]
    count = len(before) // _FRAME
    if not count:
        return named
    frames = before[-count * _FRAME :].reshape(count, _FRAME).astype(np.float64)
    levels = 10 * np.log10((frames**2).mean(1) + _SMALL)
    background = float(np.percentile(levels, _BACKGROUND_PERCENTILE))
    is_loud = levels > max(background + _ABOVE_DB, _QUIETEST_DB)
    first = count
    for frame in range(count - 1, max(-1, count - 1 - round(LONGEST_S * _RATE / _FRAME)), -1):
        if is_loud[frame]:
            first = frame
        elif first - frame > _LONGEST_LULL:
            break
    return named - (count - first) * _FRAME
