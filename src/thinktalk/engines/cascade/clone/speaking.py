"""Speaks phonemes in a voice of the space: pitch and vocal tract are Kokoro's plan, bent."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr

from thinktalk.engines.cascade.kokoro import SAMPLE_RATE, Kokoro, shaped
from thinktalk.media.types import Samples


async def speak(
    kokoro: Kokoro,
    symbols: str,
    rows: npt.NDArray[np.float32],
    *,
    pitch: float = 1.0,
    tract: float = 1.0,
    speed: float = 1.0,
) -> Samples:
    """Say `symbols`; empty where none of them is a sound.

    Args:
        rows: a style, shape (510, 1, 256).
        pitch: factor on the planned pitch, before the tract changes it.
        tract: factor on the length of the vocal tract: sound is made faster by as much and then
            played slower, which moves its formants and its pitch.
    """
    plan = await kokoro.plan(symbols, rows, speed * tract)
    if plan is None:
        return np.zeros(0, np.float32)
    audio = await kokoro.decode(shaped(plan, pitch=pitch))
    if tract == 1.0:
        return audio.samples
    return np.asarray(soxr.resample(audio.samples, SAMPLE_RATE, SAMPLE_RATE * tract), np.float32)
