"""A perceptron with one hidden layer, small enough to be part of the package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_FARTHEST = 4.0  # standard deviations: what lies further out was not learnt from


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """Traits by name to probabilities of kinds.

    Attributes:
        names: of the traits that it looks at.
        kinds: what it tells apart.
        mean, scale: shape (num_names,).
        hidden, hidden_bias: shapes (num_names, num_hidden) and (num_hidden,).
        output, output_bias: shapes (num_hidden, num_kinds) and (num_kinds,).
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    mean: Floats
    scale: Floats
    hidden: Floats
    hidden_bias: Floats
    output: Floats
    output_bias: Floats

    def probabilities(self, traits: Mapping[str, float]) -> dict[str, float]:
        """How likely each kind is; they add up to 1."""
        values = np.array([traits[name] for name in self.names], np.float32)
        inputs = np.clip((values - self.mean) / self.scale, -_FARTHEST, _FARTHEST)
        scores = np.tanh(inputs @ self.hidden + self.hidden_bias) @ self.output + self.output_bias
        weights = np.exp(scores - scores.max())
        shares = weights / weights.sum()
        return dict(zip(self.kinds, shares.tolist(), strict=True))


@cache
def trained() -> Classifier:
    """The one in the package, made by `training/interruptions.py`."""
    path = resources.files("thinktalk.turns").joinpath("interruptions.npz")
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return Classifier(
            tuple(arrays["names"].tolist()),
            tuple(arrays["kinds"].tolist()),
            *(
                arrays[name]
                for name in ("mean", "scale", "hidden", "hidden_bias", "output", "output_bias")
            ),
        )
