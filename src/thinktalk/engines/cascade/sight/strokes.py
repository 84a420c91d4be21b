"""Follows the lines between the boxes of a diagram: which boxes they join, which end has a head.

Every connected stroke is looked at as a whole, so that bends and dashes do not matter; where
strokes cross, ends that a straight line joins belong together. What stays ambiguous is counted, not
guessed. Knows nothing of text.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import cv2
import numpy as np
import numpy.typing as npt

from thinktalk.engines.cascade.sight.boxes import Boxes, Mask
from thinktalk.engines.cascade.sight.reading import Line
from thinktalk.media.types import Pixels

Points = npt.NDArray[np.float64]  # (num, 2), x and y

_MIN_CONTRAST = 48
_REACH = 12  # pixels that an arrow may end before its box
_MIN_LENGTH = 12
_DASH_GAP = 15
_MIN_DASHES = 6
_CLEARER = 1.5  # of two ends that look like heads, one this much wider is the only one
_HEAD_RINGS = np.arange(2.0, 12.0)  # farther off, a bend would look as wide as a head
_SHAFT_RINGS = np.arange(22.0, 31.0)


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """A line from box to box (positions in `Boxes.nodes`), with heads at either, both or no end."""

    start: int
    end: int
    is_start_head: bool
    is_end_head: bool
    points: Points


@dataclass(frozen=True, slots=True, eq=False)
class _End:
    """Where a stroke meets a node."""

    node: int
    tip: tuple[float, float]
    head: float  # how many times wider than the shaft; 0 without a head

    @property
    def is_head(self) -> bool:
        return self.head > 0


def follow(pixels: Pixels, boxes: Boxes, lines: Sequence[Line]) -> tuple[list[Stroke], int]:
    """The strokes between the nodes, and how many could not be followed."""
    if not boxes.nodes:
        return [], 0
    nodes = np.zeros(pixels.shape[:2], np.uint8)
    for shape in boxes.nodes:
        shape.drawn_on(nodes, 255)
    distance, nearest = _nearest_node(nodes, boxes)
    ink = _closed(_without_text(_ink(pixels, boxes, nodes), lines), bool(boxes.groups))
    strokes: list[Stroke] = []
    num_unresolved = 0
    for mask, offset in _components(ink):
        ends = _ends(mask, offset, distance, nearest)
        found = _joined(ends, mask, offset)
        strokes += found
        num_unresolved += _is_unresolved(ends, found, mask)
    return strokes, num_unresolved


def _is_unresolved(ends: Sequence[_End], found: Sequence[Stroke], mask: Mask) -> bool:
    """Whether a stroke touches a node that nothing found leads to; specks do not count."""
    joined = {node for stroke in found for node in (stroke.start, stroke.end)}
    is_long = max(mask.shape) > 3 * _MIN_LENGTH
    return is_long and any(end.node not in joined for end in ends)


def _ink(pixels: Pixels, boxes: Boxes, nodes: Mask) -> Mask:
    """What differs from the paper, or from the fill of the group around it, outside all nodes."""
    paper = np.empty_like(pixels)
    paper[:] = boxes.paper
    rims = nodes.copy()
    for group in sorted(
        boxes.groups, key=lambda group: cv2.contourArea(group.contour), reverse=True
    ):
        inside = np.zeros(nodes.shape, np.uint8)
        cv2.drawContours(inside, [group.contour], -1, 255, cv2.FILLED)
        fill = np.median(pixels[(inside > 0) & (nodes == 0)], axis=0)
        paper[inside > 0] = fill.astype(np.uint8)
        cv2.drawContours(rims, [group.contour], -1, 255, 2 * group.outline + 3)
    contrast = cv2.absdiff(pixels, paper).max(axis=2)
    return np.where((contrast > _MIN_CONTRAST) & (rims == 0), 255, 0).astype(np.uint8)


def _without_text(ink: Mask, lines: Sequence[Line]) -> Mask:
    """Drop what lies wholly in boxes of text; a line that runs through one stays."""
    written = np.zeros(ink.shape, np.uint8)
    for line in lines:
        if len(line.text) == 1:
            continue  # an arrow's head is often read as a letter
        left, top, right, bottom = line.box
        written[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1] = 1
    number, labels = cv2.connectedComponents(ink, connectivity=8)
    total = np.bincount(labels.ravel(), minlength=number)
    covered = np.bincount(labels.ravel(), weights=written.ravel(), minlength=number)
    is_text = covered >= 0.85 * total
    is_text[0] = True
    return np.where(is_text[labels], 0, 255).astype(np.uint8)


def _closed(ink: Mask, is_cut: bool) -> Mask:
    """Join dashes along their own direction, so that neighbouring lines stay apart."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    sizes = stats[1:, 2:4].max(axis=1)
    num_dashes = int(((sizes >= 3) & (sizes < 2 * _DASH_GAP)).sum())
    if num_dashes < _MIN_DASHES and not is_cut:
        return ink
    closed = ink.copy()
    middle = _DASH_GAP // 2
    for angle in np.arange(0, 180, 15):
        kernel = np.zeros((_DASH_GAP, _DASH_GAP), np.uint8)
        dx, dy = math.cos(math.radians(angle)) * middle, math.sin(math.radians(angle)) * middle
        ends = [(round(middle - dx), round(middle - dy)), (round(middle + dx), round(middle + dy))]
        cv2.line(kernel, ends[0], ends[1], 1, 1)
        closed |= np.asarray(cv2.morphologyEx(ink, cv2.MORPH_CLOSE, kernel), np.uint8)
    return closed


def _components(ink: Mask) -> Iterator[tuple[Mask, tuple[int, int]]]:
    """Each stroke as a small mask with a rim of one pixel, and where its corner lies (x, y)."""
    number, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    for label in range(1, number):
        left, top, width, height, _ = stats[label].tolist()
        if max(width, height) >= _MIN_LENGTH:
            mask = (labels[top : top + height, left : left + width] == label).astype(np.uint8)
            yield np.pad(mask, 1), (left - 1, top - 1)


def _nearest_node(
    nodes: Mask, boxes: Boxes
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """For every pixel the distance to the nearest node, and which it is."""
    distance, labels = cv2.distanceTransformWithLabels(
        255 - nodes, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_CCOMP
    )
    owner = np.zeros(int(labels.max()) + 1, np.int32)
    for number, shape in enumerate(boxes.nodes):
        left, top, right, bottom = shape.box
        owner[labels[(top + bottom) // 2, (left + right) // 2]] = number
    return np.asarray(distance, np.float32), owner[labels]


def _ends(
    mask: Mask,
    offset: tuple[int, int],
    distance: npt.NDArray[np.float32],
    nearest: npt.NDArray[np.int32],
) -> list[_End]:
    x, y = offset
    window = (slice(max(0, y), y + mask.shape[0]), slice(max(0, x), x + mask.shape[1]))
    inner = mask[max(0, -y) :, max(0, -x) :][
        : distance[window].shape[0], : distance[window].shape[1]
    ]
    near = ((inner > 0) & (distance[window] <= _REACH)).astype(np.uint8)
    number, labels = cv2.connectedComponents(near, connectivity=8)
    tips: list[tuple[int, tuple[float, float]]] = []
    for label in range(1, number):
        ys, xs = np.nonzero(labels == label)
        gaps = distance[window][ys, xs]
        if max(np.ptp(ys), np.ptp(xs)) > 4 * _REACH and gaps.min() > _REACH / 3:
            continue  # passes the box without touching it
        at_tip = gaps <= gaps.min() + 0.7
        node = int(nearest[window][ys[at_tip][0], xs[at_tip][0]])
        tips.append((node, (float(xs[at_tip].mean()), float(ys[at_tip].mean()))))
    shift = (max(0, x), max(0, y))
    pixels = np.argwhere(inner > 0)[:, ::-1].astype(np.float64)
    scores = _head_scores([tip for _, tip in tips], pixels, inner)
    return [
        _End(node, (tip[0] + shift[0], tip[1] + shift[1]), head)
        for (node, tip), head in zip(tips, scores, strict=True)
    ]


def _head_scores(tips: Sequence[tuple[float, float]], ink: Points, mask: Mask) -> list[float]:
    """How much wider a stroke is near each tip than behind, 0 where that makes no head.

    Lines that fan out from one point are wide behind as well, so the width near the tip is
    compared with the width of all that leaves it.
    """
    depth = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    heads: list[float] = []
    for tip in tips:
        others = [math.dist(tip, other) for other in tips if other is not tip]
        room = min(others, default=math.inf) / 2
        away = np.hypot(ink[:, 0] - tip[0], ink[:, 1] - tip[1])
        near = _width(away, _below(_HEAD_RINGS, max(8.0, room))).max()
        shaft_rings = _below(_SHAFT_RINGS, max(14.0, room))
        if not len(shaft_rings):
            shaft_rings = np.arange(max(8.0, room * 0.8), max(10.0, room * 1.2))
        shaft = max(1.0, float(np.median(_width(away, shaft_rings))))
        within = ink[away < 18].astype(int)
        deepest = float(depth[within[:, 1], within[:, 0]].max()) if len(within) else 0.0
        beyond = ink[(away >= shaft_rings.min()) & (away <= shaft_rings.max())].astype(int)
        usual = float(depth[beyond[:, 1], beyond[:, 0]].max()) if len(beyond) else deepest
        is_wide = near >= 1.9 * shaft + 1.6
        is_thick = deepest >= 1.6 * usual + 0.6 and near >= 1.25 * shaft
        widest = max(near / shaft, deepest / max(usual, 0.5))
        heads.append(float(widest) if is_wide or is_thick else 0.0)
    return heads


def _below(rings: Points, limit: float) -> Points:
    kept: Points = rings[np.less(rings, limit)]
    return kept


def _width(away: npt.NDArray[np.float64], rings: npt.NDArray[np.float64]) -> Points:
    """Pixels of ink on each ring around a tip."""
    return np.array([((away >= ring) & (away < ring + 1)).sum() for ring in rings], np.float64)


def _joined(ends: Sequence[_End], mask: Mask, offset: tuple[int, int]) -> list[Stroke]:
    """Pair the ends of one stroke."""
    if len(ends) == 2:
        start, end = ends
        if start.head > _CLEARER * end.head:
            start, end = end, start
        if end.head > _CLEARER * start.head:
            start = replace(start, head=0.0)  # a bend or a blot
        return [_stroke(start, end, mask, offset)] if _is_apart(start, end) else []
    heads = [end for end in ends if end.is_head]
    tails = [end for end in ends if not end.is_head]
    pairs = [
        (tail, head)
        for tail, head in product(tails, heads)
        if tail.node != head.node and _is_straight(tail.tip, head.tip, mask, offset)
    ]
    if len(tails) == 1:
        pairs = [(tails[0], head) for head in heads if head.node != tails[0].node]
    elif len(heads) == 1:
        pairs = [(tail, heads[0]) for tail in tails if tail.node != heads[0].node]
    return [_stroke(tail, head, None, offset) for tail, head in pairs]


def _is_apart(one: _End, other: _End) -> bool:
    return one.node != other.node or math.dist(one.tip, other.tip) > 2 * _REACH


def _stroke(start: _End, end: _End, mask: Mask | None, offset: tuple[int, int]) -> Stroke:
    """`mask` is the stroke's own ink, None where it shares ink with others."""
    points: Points = np.linspace(start.tip, end.tip, 40)
    if mask is not None:
        points = np.argwhere(mask > 0)[::5, ::-1].astype(np.float64) + offset
    return Stroke(start.node, end.node, start.is_head, end.is_head, points)


def _is_straight(
    start: tuple[float, float], end: tuple[float, float], mask: Mask, offset: tuple[int, int]
) -> bool:
    steps = np.linspace(start, end, max(2, int(math.dist(start, end)))) - np.asarray(offset)
    xs = np.rint(steps[:, 0]).astype(int).clip(0, mask.shape[1] - 1)
    ys = np.rint(steps[:, 1]).astype(int).clip(0, mask.shape[0] - 1)
    wide = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    return bool((wide[ys, xs] > 0).mean() >= 0.94)
