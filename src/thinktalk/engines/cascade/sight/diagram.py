"""Reads a diagram: boxes with text, arrows between them, labels beside the arrows.

Prefers silence to saying what is not there: a picture without an arrow that joins two boxes is no
diagram. Knows nothing of what the boxes mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from thinktalk.engines.cascade.sight.boxes import Boxes, Shape, find_boxes
from thinktalk.engines.cascade.sight.graph import Arrow, Graph
from thinktalk.engines.cascade.sight.reading import Line
from thinktalk.engines.cascade.sight.strokes import Stroke, follow
from thinktalk.media.types import Pixels

_MAX_SIDE = 1400  # keeps lines a few pixels wide and the work bounded
_MAX_LINES = 120  # more text than this is a page, not a diagram


def read_diagram(pixels: Pixels, lines: Sequence[Line]) -> Graph | None:
    """The graph of a diagram, or None if the picture shows none."""
    if not 2 <= len(lines) <= _MAX_LINES:
        return None
    pixels, lines = _scaled(pixels, lines)
    boxes = find_boxes(pixels, lines)
    if len(boxes.nodes) < 2:
        return None
    strokes, num_unresolved = follow(pixels, boxes, lines)
    num_heads = sum(stroke.is_start_head or stroke.is_end_head for stroke in strokes)
    if not num_heads and len(strokes) < 2:
        return None
    labels, rest = _labels(strokes, boxes)
    title, other = _title(rest, boxes)
    graph = Graph(
        boxes=tuple(node.text for node in boxes.nodes),
        arrows=tuple(
            arrow
            for stroke, label in zip(strokes, labels, strict=True)
            for arrow in _arrows(stroke, label)
        ),
        groups=_groups(boxes),
        title=title,
        other_text=tuple(line.text for line in other),
        num_unresolved=num_unresolved,
    )
    return graph.in_flow()


def _scaled(pixels: Pixels, lines: Sequence[Line]) -> tuple[Pixels, Sequence[Line]]:
    scale = min(1.0, _MAX_SIDE / max(pixels.shape[:2]))
    if scale == 1.0:
        return pixels, lines
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return small, [_shrunk(line, scale) for line in lines]


def _shrunk(line: Line, scale: float) -> Line:
    left, top, right, bottom = (round(edge * scale) for edge in line.box)
    return replace(line, box=(left, top, right, bottom))


def _arrows(stroke: Stroke, label: str) -> list[Arrow]:
    forward = Arrow(stroke.start, stroke.end, label)
    backward = Arrow(stroke.end, stroke.start, label)
    if stroke.is_start_head and stroke.is_end_head:
        return [forward, backward]
    if stroke.is_start_head:
        return [backward]
    return [forward if stroke.is_end_head else replace(forward, is_directed=False)]


def _labels(strokes: Sequence[Stroke], boxes: Boxes) -> tuple[list[str], list[Line]]:
    """The label of each stroke, and the loose text that belongs to none."""
    labels: list[list[str]] = [[] for _ in strokes]
    rest: list[Line] = []
    for line in boxes.loose:
        gaps = [_gap(stroke, line) for stroke in strokes]
        nearest = int(np.argmin(gaps)) if gaps else -1
        if len(line.text) == 1 and (not line.text.isdigit() or min(gaps, default=9) < 2):
            continue  # an arrow's head, read as a letter
        if gaps and gaps[nearest] <= 1.2 * line.height:
            labels[nearest].append(line.text)
        else:
            rest.append(line)
    return [" ".join(words) for words in labels], rest


def _gap(stroke: Stroke, line: Line) -> float:
    """Pixels between a stroke and a box of text; ties go to the stroke nearer its middle."""
    left, top, right, bottom = line.box
    xs, ys = stroke.points[:, 0], stroke.points[:, 1]
    across = np.maximum(np.maximum(left - xs, xs - right), 0)
    down = np.maximum(np.maximum(top - ys, ys - bottom), 0)
    x, y = line.centre
    return float(np.hypot(across, down).min() + 0.05 * np.hypot(xs - x, ys - y).min())


def _title(rest: Sequence[Line], boxes: Boxes) -> tuple[str, list[Line]]:
    """The largest text above all boxes."""
    first = min(node.box[1] for node in boxes.nodes)
    above = [line for line in rest if line.centre[1] < first and not _heads_group(line, boxes)]
    title = max(above, key=lambda line: line.height, default=None)
    return (title.text if title else ""), [line for line in rest if line is not title]


def _heads_group(line: Line, boxes: Boxes) -> bool:
    return any(group.holds(line.box) for group in boxes.groups)


def _groups(boxes: Boxes) -> dict[str, tuple[int, ...]]:
    """The nodes in each named frame; its name is its first line of text."""
    named: dict[str, tuple[int, ...]] = {}
    for group in boxes.groups:
        members = tuple(number for number, node in enumerate(boxes.nodes) if group.holds(node.box))
        named[_name(group)] = members
    return named


def _name(group: Shape) -> str:
    return min(group.lines, key=lambda line: line.box[1]).text
