"""The search: aims beside the sample until the voice that comes out is heard where it should be.

The learned encoder, asked for a voice, gives one that sounds somewhat different: Kokoro cannot do
everything, and the encoder errs. The difference is measured and added to what it is asked for next
(a fixed-point iteration with the encoder as its preconditioner), so every voice that is tried is
one that the encoder holds likely. The phrases change from step to step and what was aimed at is
averaged, so that the result fits the speaker, not the phrase. It has to be ended in time: after
some ten to twenty steps it leaves what Kokoro can do, and likeness falls. Knows nothing of sound.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from thinktalk.engines.cascade.clone.learned import LearnedEncoder

Floats = npt.NDArray[np.float32]

_STEP = 0.8
_SETTLED_AFTER = 8  # steps; from there on they are half as long
_IGNORED = 4  # first steps, which the average leaves out
_NEW_SHARE = 0.4  # of the latest aim in the average


class Search:
    """Measure the `candidate`, `tell` its embedding, and so on; `result` is the voice to keep.

    `num_steps` have been taken.

    Args:
        target: the sample's embedding, a unit vector.
    """

    def __init__(self, encoder: LearnedEncoder, target: Floats) -> None:
        self._encoder, self._target = encoder, target
        self._aim = target
        self._average: Floats | None = None
        self.num_steps = 0

    @property
    def candidate(self) -> Floats:
        """The point to measure next: shape (98,)."""
        return self._encoder.point(self._aim)

    @property
    def result(self) -> Floats:
        """The point that the steps so far lead to, averaged over the later ones."""
        return self._encoder.point(self._aim if self._average is None else self._average)

    def tell(self, measured: Floats) -> None:
        """Say how the candidate sounds: the unit embedding of some phrases in its voice."""
        step = _STEP if self.num_steps < _SETTLED_AFTER else _STEP / 2
        self._aim = self._aim + np.float32(step) * (self._target - measured)
        self.num_steps += 1
        if self._average is None and self.num_steps > _IGNORED:
            self._average = self._aim
        elif self._average is not None:
            self._average = self._average + np.float32(_NEW_SHARE) * (self._aim - self._average)
