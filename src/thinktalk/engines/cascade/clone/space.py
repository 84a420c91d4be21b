"""The space of Kokoro's voices: points of it, and how each is spoken.

A style is 256 numbers: the first half is timbre (to the decoder), the second prosody (to the
planner). The stock styles' principal axes span each half; a point is its coordinates along them, in
standard deviations, and two more: the logarithms of a factor on pitch and of one on the length of
the vocal tract. Kokoro keeps 510 rows of a style, one per length of text; short texts differ from a
voice's mean in the same way in all voices, so every point gets the rows of that common deviation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thinktalk.engines.cascade.clone.voice import STYLE_SIZE, FittedVoice
from thinktalk.errors import EngineFailed

Floats = npt.NDArray[np.float32]

HALF = STYLE_SIZE // 2
NUM_AXES = 48  # of each half; the other five hold a thousandth of the variance
POINT_SIZE = 2 * NUM_AXES + 2
_NUM_ROWS = 510
# One unit of the last two coordinates.
_PITCH_UNIT, _TRACT_UNIT = 0.12, 0.075


@dataclass(frozen=True, eq=False)
class VoiceSpace:
    """Spanned by the stock styles: `rows` has shape (num_styles, 510, 256), ordered as `names`."""

    names: tuple[str, ...]
    rows: Floats

    @cached_property
    def means(self) -> Floats:
        """Each style's mean row: shape (num_styles, 256)."""
        return np.asarray(self.rows.mean(axis=1))

    def point(self, voice: FittedVoice) -> Floats:
        """Where `voice` lies: shape (98,). What no axis holds is lost."""
        halves = [
            (voice.style[half] - mean) @ axes.T / scales for half, mean, axes, scales in self._axes
        ]
        factors = [np.log(voice.pitch) / _PITCH_UNIT, np.log(voice.tract) / _TRACT_UNIT]
        return np.concatenate([*halves, factors]).astype(np.float32)

    def voice(self, point: Floats) -> FittedVoice:
        """The voice at `point`."""
        style = np.empty(STYLE_SIZE, np.float32)
        for index, (half, mean, axes, scales) in enumerate(self._axes):
            part = point[index * NUM_AXES : (index + 1) * NUM_AXES]
            style[half] = mean + (part * scales) @ axes
        pitch, tract = np.exp(point[-2] * _PITCH_UNIT), np.exp(point[-1] * _TRACT_UNIT)
        return FittedVoice(style, float(pitch), float(tract))

    def spoken_rows(self, voice: FittedVoice) -> Floats:
        """Kokoro's rows for `voice`: shape (510, 1, 256)."""
        return np.asarray((voice.style + self._deviation)[:, None, :], np.float32)

    @cached_property
    def _deviation(self) -> Floats:
        return np.asarray((self.rows - self.means[:, None, :]).mean(axis=0))

    @cached_property
    def _axes(self) -> list[tuple[slice, Floats, Floats, Floats]]:
        """Of each half: its place, its mean, unit axes and the standard deviation along them."""
        found = []
        for half in (slice(0, HALF), slice(HALF, STYLE_SIZE)):
            own = self.means[:, half]
            mean = own.mean(axis=0)
            parts = np.linalg.svd(own - mean, full_matrices=False)
            scales = parts.S[:NUM_AXES] / np.sqrt(len(own) - 1)
            found.append((half, mean, parts.Vh[:NUM_AXES], scales))
        return found


def stock_space(directory: Path) -> VoiceSpace:
    """The space of the styles in `directory`.

    Raises:
        EngineFailed: a file is missing or of another shape.
    """
    files = sorted(directory.glob("*.bin"))
    styles = [np.fromfile(file, np.float32) for file in files]
    if len(files) <= NUM_AXES or any(s.size != _NUM_ROWS * STYLE_SIZE for s in styles):
        raise EngineFailed(f"Kokoro's voices are not all there ({len(files)} files)")
    rows = np.stack(styles).reshape(-1, _NUM_ROWS, STYLE_SIZE)
    return VoiceSpace(tuple(file.stem for file in files), rows)
