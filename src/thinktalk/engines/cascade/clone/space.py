"""The space of Kokoro's voices: what the stock styles span, and rows for any point of it.

A style is 256 numbers: the first half is timbre (to the decoder), the second prosody (to the
planner). Kokoro keeps 510 rows of each, one per length of text; short texts differ from a voice's
mean in the same way in all voices, so a point of the space gets the rows of that common deviation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thinktalk.errors import EngineFailed

Floats = npt.NDArray[np.float32]

HALF = 128
NUM_ROWS = 510


@dataclass(frozen=True, eq=False)
class StockStyles:
    """All stock styles: `rows` has shape (num_styles, 510, 256), in the order of `names`."""

    names: tuple[str, ...]
    rows: Floats

    @cached_property
    def means(self) -> Floats:
        """Each style's mean row: shape (num_styles, 256)."""
        return np.asarray(self.rows.mean(axis=1))

    def around(self, style: Floats) -> Floats:
        """Rows for a `style` of 256 numbers: shape (510, 1, 256)."""
        return (style + self._deviation)[:, None, :].astype(np.float32)

    @cached_property
    def _deviation(self) -> Floats:
        return np.asarray((self.rows - self.means[:, None, :]).mean(axis=0))


def stock(directory: Path) -> StockStyles:
    """Read every style in `directory`."""
    files = sorted(directory.glob("*.bin"))
    if not files:
        raise EngineFailed(f"no voices (*.bin) in {directory}")
    rows = np.stack([np.fromfile(file, np.float32).reshape(NUM_ROWS, 2 * HALF) for file in files])
    return StockStyles(tuple(file.stem for file in files), rows)
