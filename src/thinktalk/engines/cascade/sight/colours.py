"""Names the main colours of a picture, and tells photographs from drawn pictures.

Knows nothing of objects or text.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from thinktalk.media.types import Pixels

_THUMBNAIL = 96  # pixels a side: enough for shares, cheap for any picture
_MIN_SHARE = 0.08
_MAX_COLOURS = 3
_HUES = (  # upper edge in degrees, name
    (15, "red"),
    (40, "orange"),
    (68, "yellow"),
    (165, "green"),
    (195, "turquoise"),
    (255, "blue"),
    (290, "purple"),
    (340, "pink"),
    (361, "red"),
)


@dataclass(frozen=True, slots=True)
class Colours:
    """`main` are names, most of the picture first.

    `flat` is the share of pixels, in [0, 1], that equal their right neighbour: over 0.8 in
    screenshots and drawings, under 0.6 in photographs.
    """

    main: tuple[str, ...]
    flat: float

    @property
    def is_photo(self) -> bool:
        return self.flat < 0.65


def colours(pixels: Pixels) -> Colours:
    """Measure a picture."""
    height, width = pixels.shape[:2]
    size = (min(width, _THUMBNAIL), min(height, _THUMBNAIL))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    names, counts = np.unique(_names(small.reshape(-1, 3)), return_counts=True)
    ranked = sorted(zip(counts.tolist(), names.tolist(), strict=True), reverse=True)
    total = small.shape[0] * small.shape[1]
    main = [str(name) for count, name in ranked if count >= _MIN_SHARE * total]
    return Colours(tuple(main[:_MAX_COLOURS]), _flatness(pixels))


def _names(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.str_]:
    """Name each colour of shape (num, 3)."""
    hsv = cv2.cvtColor(rgb[None].astype(np.float32) / 255, cv2.COLOR_RGB2HSV)[0]
    hue, saturation, value = hsv[:, 0], hsv[:, 1], hsv[:, 2]
    names = np.full(len(rgb), "grey", dtype="<U9")
    lower = 0.0
    for upper, name in _HUES:
        names[(hue >= lower) & (hue < upper)] = name
        lower = upper
    names[(hue >= 10) & (hue < 48) & (value < 0.62)] = "brown"
    is_grey = saturation < 0.16
    names[is_grey] = "grey"
    names[is_grey & (value > 0.88)] = "white"
    names[(value < 0.16) | (is_grey & (value < 0.24))] = "black"
    return names


def _flatness(pixels: Pixels) -> float:
    step = max(1, max(pixels.shape[:2]) // 1200)
    # Whole rows are kept, or thinning would hide the neighbours that decide.
    rows = pixels[: pixels.shape[0] // step * step : step].astype(np.int16)
    if min(rows.shape[:2]) < 2:
        return 1.0
    across = np.abs(np.diff(rows, axis=1)).max(axis=2)
    return float((across == 0).mean())
