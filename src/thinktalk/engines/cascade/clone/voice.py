"""A voice that was fitted to a sample, as it is kept: 258 numbers.

Knows nothing of how it was found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thinktalk.errors import EngineFailed

STYLE_SIZE = 256
_NUM_FLOATS = STYLE_SIZE + 2


@dataclass(frozen=True, slots=True, eq=False)
class FittedVoice:
    """How Kokoro sounds like somebody.

    Attributes:
        style: 256 numbers, finite.
        pitch: factor on the planned pitch.
        tract: length of the vocal tract against the network's own; 1.05 sounds 5 % longer, its
            formants lower by as much.
    """

    style: npt.NDArray[np.float32]
    pitch: float = 1.0
    tract: float = 1.0

    def to_bytes(self) -> bytes:
        """258 floats, little-endian."""
        numbers = [*self.style, self.pitch, self.tract]
        return np.array(numbers, "<f4").tobytes()

    @staticmethod
    def from_bytes(data: bytes) -> FittedVoice:
        """What `to_bytes` wrote.

        Raises:
            EngineFailed: it is something else.
        """
        if len(data) != 4 * _NUM_FLOATS:
            raise EngineFailed(f"a fitted voice has {4 * _NUM_FLOATS} bytes, not {len(data)}")
        numbers = np.frombuffer(data, "<f4").astype(np.float32)
        if not np.isfinite(numbers).all() or (numbers[STYLE_SIZE:] <= 0).any():
            raise EngineFailed("a fitted voice holds numbers that are none")
        pitch, tract = (float(number) for number in numbers[STYLE_SIZE:])
        return FittedVoice(numbers[:STYLE_SIZE], pitch, tract)
