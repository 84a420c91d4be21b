"""The learned encoder: from how a voice sounds to the point of Kokoro's space that sounds so.

A linear map, learned by ridge regression from speech synthesised in random voices
(training/clone_encoder.py, which also says how other forms compared). Real people are outside of
what it has seen; it answers with the likeliest of Kokoro's voices.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class LearnedEncoder:
    """Maps embeddings (256,) to points (98,), both around their means.

    Attributes:
        to_point: shape (256, 98).
    """

    mean_embedding: Floats
    mean_point: Floats
    to_point: Floats

    def point(self, embedding: Floats) -> Floats:
        """The likeliest point of a voice that sounds like `embedding`."""
        return np.asarray((embedding - self.mean_embedding) @ self.to_point + self.mean_point)

    @staticmethod
    def load() -> LearnedEncoder:
        """The one in this package."""
        source = resources.files(__package__).joinpath("encoder.npz")
        with source.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return LearnedEncoder(**{name: stored[name].astype(np.float32) for name in stored})

    def save(self, file: Path) -> None:
        """Write half-precision numbers, in which nothing audible is lost."""
        arrays = {name: getattr(self, name).astype(np.float16) for name in self.__slots__}
        np.savez_compressed(file, allow_pickle=False, **arrays)
