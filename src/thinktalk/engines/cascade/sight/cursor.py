"""Paints over the cursor at the end of a row of code, which is read as a letter otherwise.

Knows nothing of what the row says.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from thinktalk.engines.cascade.sight.reading import Box
from thinktalk.media.types import Image

_INK = 40  # grey levels
_MARGIN = 0.4  # of the height of the row, around its box
_MAX_WIDTH = 0.2  # of the height of the bar
_FILLED = 0.85


def without_cursor(image: Image, box: Box) -> Image | None:
    """The row in `box` as a picture of its own, without the bar at its right end; None without one.

    A bar is narrow, filled, and reaches as high and as low as any letter of the row.
    """
    strip = _strip(image, box)
    grey = np.asarray(cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY), np.int16)
    ink = np.abs(grey - np.median(grey)) > _INK
    columns = np.flatnonzero(ink.any(axis=0))
    if not len(columns):
        return None
    # The rightmost run of columns with ink.
    breaks = np.flatnonzero(np.diff(columns) > 1)
    first = int(columns[breaks[-1] + 1]) if len(breaks) else int(columns[0])
    last = int(columns[-1])
    if not _is_bar(ink, first, last):
        return None
    paper = np.median(strip.reshape(-1, 3), axis=0).astype(np.uint8)
    strip[:, max(0, first - 1) : last + 2] = paper
    return Image(strip)


def _strip(image: Image, box: Box) -> npt.NDArray[np.uint8]:
    left, top, right, bottom = box
    margin = round(_MARGIN * (bottom - top))
    return image.pixels[
        max(0, top - margin // 4) : bottom + margin // 4, max(0, left - margin) : right + margin
    ].copy()


def _is_bar(ink: npt.NDArray[np.bool_], first: int, last: int) -> bool:
    bar, rest = ink[:, first : last + 1], ink[:, :first]
    rows, others = np.flatnonzero(bar.any(axis=1)), np.flatnonzero(rest.any(axis=1))
    if not len(others):
        return False
    top, bottom = int(rows[0]), int(rows[-1])
    height = bottom - top + 1
    is_narrow = last - first + 1 <= max(2, _MAX_WIDTH * height)
    is_filled = float(bar[top : bottom + 1].mean()) >= _FILLED
    return is_narrow and is_filled and top <= others[0] + 1 and bottom >= others[-1] - 1
