"""Says phonemes with Kokoro: in a style, at a pace, in a manner. Knows nothing of text or names."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr

from thinktalk.engines.cascade.kokoro import SAMPLE_RATE, Kokoro, shaped
from thinktalk.engines.cascade.pace import stretched, trimmed
from thinktalk.engines.delivery import NATURAL, Manner
from thinktalk.media.types import Samples

# The paces that the network keeps by itself; beyond them its sound is stretched.
_SPEEDS = (0.6, 1.6)


async def speak(
    kokoro: Kokoro,
    symbols: str,
    rows: npt.NDArray[np.float32],
    *,
    pitch: float = 1.0,
    tract: float = 1.0,
    speed: float = 1.0,
    manner: Manner = NATURAL,
) -> Samples:
    """Say `symbols` without silence at the ends; empty where none of them is a sound.

    Args:
        rows: a style, shape (510, 1, 256).
        pitch: factor on the planned pitch, before the tract changes it.
        tract: factor on the length of the vocal tract: sound is made faster by as much and then
            played slower, which moves its formants and its pitch.
        speed: against the natural pace, the manner's included.
        manner: of which the level is left to the caller.
    """
    own = min(max(speed, _SPEEDS[0]), _SPEEDS[1])
    plan = await kokoro.plan(symbols, rows, own * tract)
    if plan is None:
        return np.zeros(0, np.float32)
    natural = plan if own == 1.0 else await kokoro.plan(symbols, rows, tract) or plan
    # At another pace the network plans another pitch, too: by 1.3 semitones at half of it.
    drift = natural.pitch_hz / plan.pitch_hz if plan.pitch_hz else 1.0
    # No sound is planned shorter than a frame: at 1.25 times the pace it reaches only 1.16.
    reached = natural.duration_s / plan.duration_s
    plan = shaped(
        plan,
        pitch=pitch * manner.pitch * drift,
        pitch_range=manner.pitch_range,
        whispered=manner.whispered,
    )
    samples = (await kokoro.decode(plan)).samples
    if tract != 1.0:
        samples = soxr.resample(samples, SAMPLE_RATE, SAMPLE_RATE * tract)
    kept = trimmed(np.asarray(samples, np.float32), SAMPLE_RATE)
    return stretched(kept, SAMPLE_RATE, speed / reached)
