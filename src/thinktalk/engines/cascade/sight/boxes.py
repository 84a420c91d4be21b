"""Finds the boxes of a diagram: closed shapes of one colour around text, whatever their outline.

From each piece of text the colour around it is flooded; where that stops at a plain convex outline
it filled a box. Works on dark and light, filled and empty, round and angular shapes alike. Knows
nothing of arrows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from thinktalk.engines.cascade.sight.reading import Box, Line, in_reading_order
from thinktalk.media.types import Pixels

Mask = npt.NDArray[np.uint8]

_TOLERANCE = 4  # between neighbouring pixels: follows a gradient, stops at a faint outline
_MAX_SHAPES = 120
_MAX_OUTLINE = 12


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A closed shape: the contour of its inside, shape (num, 1, 2), and the lines written in it."""

    contour: npt.NDArray[np.int32]
    lines: tuple[Line, ...]
    outline: int  # pixels of it around the contour

    @property
    def box(self) -> Box:
        left, top, width, height = cv2.boundingRect(self.contour)
        return left, top, left + width, top + height

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)

    def holds(self, other: Box) -> bool:
        left, top, right, bottom = self.box
        return left <= other[0] and top <= other[1] and right >= other[2] and bottom >= other[3]

    def drawn_on(self, mask: Mask, value: int) -> None:
        """Fill the shape and its outline."""
        cv2.drawContours(mask, [self.contour], -1, value, cv2.FILLED)
        cv2.drawContours(mask, [self.contour], -1, value, 2 * self.outline + 1)


@dataclass(frozen=True, slots=True)
class Boxes:
    """`nodes` hold text and nothing else; `groups` hold nodes; `loose` is text in no node."""

    nodes: tuple[Shape, ...]
    groups: tuple[Shape, ...]
    loose: tuple[Line, ...]
    paper: tuple[int, int, int]


def find_boxes(pixels: Pixels, lines: Sequence[Line]) -> Boxes:
    """Sort the text of a picture into boxes."""
    flooded = np.zeros((pixels.shape[0] + 2, pixels.shape[1] + 2), np.uint8)
    inside: dict[int, list[Line]] = {}
    canvas = np.ascontiguousarray(pixels)
    for line in lines[:_MAX_SHAPES]:
        x, y = _seed(pixels, line.box)
        value = int(flooded[y + 1, x + 1])
        if not value:
            value = len(inside) + 1
            spread = (_TOLERANCE,) * 3
            flags = 4 | cv2.FLOODFILL_MASK_ONLY | (value << 8)
            cv2.floodFill(canvas, flooded, (x, y), (0, 0, 0), spread, spread, flags)
        inside.setdefault(value, []).append(line)
    paper = _paper(pixels)
    regions = flooded[1:-1, 1:-1]
    shapes = [
        shape
        for value, members in inside.items()
        if (shape := _shape(pixels, regions == value, members, paper)) is not None
    ]
    return _sorted_out(shapes, lines, paper)


def _sorted_out(shapes: list[Shape], lines: Sequence[Line], paper: tuple[int, int, int]) -> Boxes:
    groups = tuple(s for s in shapes if any(o is not s and s.holds(o.box) for o in shapes))
    nodes = tuple(s for s in shapes if s not in groups and _is_filled_by_text(s))
    # A group of things that turned out to be no boxes is none.
    groups = tuple(g for g in groups if any(g.holds(node.box) for node in nodes))
    taken = {id(line) for node in nodes for line in node.lines}
    loose = tuple(line for line in lines if id(line) not in taken)
    ordered = sorted(nodes, key=lambda node: (node.box[1] // 40, node.box[0]))
    return Boxes(tuple(ordered), groups, loose, paper)


def _seed(pixels: Pixels, box: Box) -> tuple[int, int]:
    """A pixel beside the text, of the colour that is commonest on the rim of its box."""
    height, width = pixels.shape[:2]
    left, top = max(0, box[0] - 1), max(0, box[1] - 1)
    right, bottom = min(width - 1, box[2]), min(height - 1, box[3])
    across, down = np.arange(left, right + 1), np.arange(top, bottom + 1)
    xs = np.concatenate([across, across, np.full_like(down, left), np.full_like(down, right)])
    ys = np.concatenate([np.full_like(across, top), np.full_like(across, bottom), down, down])
    levels = (pixels[ys, xs].astype(np.int32) >> 3) @ np.array([4096, 64, 1])
    values, counts = np.unique(levels, return_counts=True)
    first = int(np.flatnonzero(levels == values[counts.argmax()])[0])
    return int(xs[first]), int(ys[first])


def _paper(pixels: Pixels) -> tuple[int, int, int]:
    sample = pixels[::4, ::4].reshape(-1, 3)
    levels = (sample.astype(np.int32) >> 2) @ np.array([4096, 64, 1])
    values, counts = np.unique(levels, return_counts=True)
    red, green, blue = np.median(sample[levels == values[counts.argmax()]], axis=0).astype(int)
    return int(red), int(green), int(blue)


def _shape(
    pixels: Pixels, region: npt.NDArray[np.bool_], lines: list[Line], paper: tuple[int, int, int]
) -> Shape | None:
    """The shape that was flooded, or None if it is the paper or no plain convex shape."""
    height, width = region.shape
    contours, _ = cv2.findContours(
        region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    if not contours:
        return None
    contour = max(contours, key=cv2.contourArea)
    left, top, wide, high = cv2.boundingRect(contour)
    touches = (left <= 1) + (top <= 1) + (left + wide >= width - 1) + (top + high >= height - 1)
    area = cv2.contourArea(contour)
    if touches >= 2 or wide < 20 or high < 14 or area > 0.7 * width * height:
        return None
    hull = np.asarray(cv2.convexHull(contour), np.int32)
    is_convex = area > 0.88 * cv2.contourArea(hull)
    is_plain = area > 0.45 * wide * high  # a diamond fills half of its box
    if not (is_convex and is_plain):
        return None
    return Shape(hull, in_reading_order(lines), _outline(pixels, hull, paper))


def _is_filled_by_text(shape: Shape) -> bool:
    """Whether the text is the shape's own: it fills some of it, or stands in its middle.

    Arrows and boxes that meet all round also enclose paper, with a label somewhere in it.
    """
    left, top, right, bottom = shape.box
    written = sum((line.box[2] - line.box[0]) * line.height for line in shape.lines)
    if written > 0.05 * (right - left) * (bottom - top):
        return True
    x = (min(line.box[0] for line in shape.lines) + max(line.box[2] for line in shape.lines)) / 2
    y = (min(line.box[1] for line in shape.lines) + max(line.box[3] for line in shape.lines)) / 2
    return abs(x - (left + right) / 2) < 0.1 * (right - left) and abs(
        y - (top + bottom) / 2
    ) < 0.1 * (bottom - top)


def _outline(pixels: Pixels, hull: npt.NDArray[np.int32], paper: tuple[int, int, int]) -> int:
    """Pixels from the inside of the shape to the paper around it."""
    points = hull.reshape(-1, 2).astype(np.float64)
    centre = points.mean(axis=0)
    steps = np.linspace(0, len(points), 24, endpoint=False)
    whole = steps.astype(int)
    along = points[whole] + (steps - whole)[:, None] * (
        points[(whole + 1) % len(points)] - points[whole]
    )
    outward = along - centre
    outward /= np.maximum(1e-6, np.linalg.norm(outward, axis=1, keepdims=True))
    widths = []
    for point, direction in zip(along, outward, strict=True):
        for reach in range(1, _MAX_OUTLINE + 1):
            x, y = np.rint(point + reach * direction).astype(int)
            if not (0 <= x < pixels.shape[1] and 0 <= y < pixels.shape[0]):
                break
            if np.abs(pixels[y, x].astype(int) - paper).max() < 24:
                widths.append(reach - 1)
                break
    return int(np.median(widths)) if widths else 3
