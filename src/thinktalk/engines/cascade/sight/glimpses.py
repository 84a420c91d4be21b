"""Glimpses: what a frame looks like in a few thousand numbers, enough to see what changed.

Grey levels say that something changed, colours that it is another picture altogether, and edges
what became of writing: more is written where edges come, something has gone where edges go. Knows
nothing of text or scenes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from thinktalk.media.types import Frame

_LONG_SIDE, _SHORT_SIDE = 128, 72
_STEP = 16.0  # grey levels of 255 by which a cell has changed, noise has not
_EDGE_STEP = 8.0
_SPECK = 8  # cells with edges: less than a word
_BINS = 16
_MAX_SHIFT = 48
_MOVED = 0.6  # correlation; pages that share but their layout have under 0.5
_SMOOTH = np.array([0.25, 0.5, 0.25])

_Cells = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """A frame scaled down to 128x72 cells (72x128 if it is upright).

    Attributes:
        grey: mean grey level of each cell, in [0, 255].
        edges: mean difference between neighbours in a row within each cell, in [0, 255].
        colours: shares of 16 levels of red, green and blue, shape (3, 16); each row sums to 1.
    """

    time_s: float
    grey: _Cells
    edges: _Cells
    colours: npt.NDArray[np.float64]


def glimpse(frame: Frame) -> Glimpse:
    """Some 2 ms for a frame of 1280x720."""
    pixels = frame.image.pixels
    is_wide = frame.image.width >= frame.image.height
    size = (_LONG_SIDE, _SHORT_SIDE) if is_wide else (_SHORT_SIDE, _LONG_SIDE)
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    edges = cv2.absdiff(grey[:, 1:], grey[:, :-1]) if frame.image.width > 1 else grey * 0
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return Glimpse(
        frame.time_s,
        np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32),
        np.asarray(cv2.resize(edges, size, interpolation=cv2.INTER_AREA), np.float32),
        _colours(small),
    )


def changed(one: Glimpse, other: Glimpse) -> float:
    """Share of the cells that differ, in [0, 1]."""
    return float((np.abs(one.grey - other.grey) > _STEP).mean())


def recoloured(one: Glimpse, other: Glimpse) -> float:
    """How differently the two are coloured, wherever in the picture: 0 for alike, 1 for wholly."""
    return float(np.abs(one.colours - other.colours).sum() / 6)


def lost(before: Glimpse, *after: Glimpse) -> int:
    """Number of cells whose edges are in none of those after: writing that has gone."""
    most = np.max([glimpse.edges for glimpse in after], axis=0)
    return int((before.edges - most > _EDGE_STEP).sum())


def written(one: Glimpse) -> int:
    """Number of cells with edges: how much is written or drawn."""
    return int((one.edges > _EDGE_STEP).sum())


def is_plain(one: Glimpse) -> bool:
    """Whether it is of one grey level all over, without a word, as before a film fades in."""
    low, high = np.percentile(one.grey, (2, 98))
    return bool(high - low < _STEP) and written(one) < _SPECK


def replaced(before: Glimpse, after: Glimpse) -> float:
    """Share of what is written before or after that is not the same in both, in [0, 1]."""
    change = np.abs(before.edges - after.edges) > _EDGE_STEP
    either = np.maximum(before.edges, after.edges) > _EDGE_STEP
    return float(change.sum() / max(1, int(either.sum())))


def is_scrolled(before: Glimpse, after: Glimpse) -> bool:
    """Whether what is written moved up or down and mostly stayed on the screen."""
    ups = [up for up in range(-_MAX_SHIFT, _MAX_SHIFT + 1) if up]
    best = max(_overlap(before.edges, after.edges, up) for up in ups)
    # Pages of one layout are alike as well, but most so where they are.
    in_place = _overlap(before.edges, after.edges, 0)
    return best > _MOVED and best > in_place


def _overlap(before: _Cells, after: _Cells, up: int) -> float:
    """Correlation of the rows that are left after moving `before` up (or down, if negative)."""
    height = len(before)
    one = before[max(0, up) : height + min(0, up)].ravel()
    other = after[max(0, -up) : height - max(0, up)].ravel()
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / scale if scale > 0 else 0.0


def _colours(small: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    levels = small.reshape(-1, 3) // (256 // _BINS)
    counts = np.array([np.bincount(levels[:, channel], minlength=_BINS) for channel in range(3)])
    # Smoothed, or a flat background at the edge of a bin would flicker between two.
    padded = np.pad(counts.astype(np.float64), ((0, 0), (1, 1)), mode="edge")
    smooth = np.stack([np.convolve(row, _SMOOTH, mode="valid") for row in padded])
    return np.asarray(smooth / smooth.sum(axis=1, keepdims=True))


def glimpses(frames: Sequence[Frame]) -> list[Glimpse]:
    """Of each frame."""
    return [glimpse(frame) for frame in frames]
