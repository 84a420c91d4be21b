"""Pictures drawn in code: text, diagrams, charts, scenes; each knows what is written where.

Drawn at twice the size and scaled down, so that edges are as soft as a screenshot's. Pillow's own
font is used: it is everywhere the tests run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from PIL import Image as Canvas
from PIL import ImageDraw, ImageFont

from thinktalk.engines.cascade.sight.reading import Line, in_reading_order
from thinktalk.media.types import Image

Point = tuple[float, float]
Place = tuple[float, float, float, float]  # centre x, centre y, width, height
_SCALE = 2


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture, and its text as a perfect reader would give it."""

    image: Image
    lines: tuple[Line, ...]


class _Sheet:
    """A canvas that remembers what was written on it."""

    def __init__(self, size: tuple[int, int], paper: str) -> None:
        self.canvas = Canvas.new("RGB", (size[0] * _SCALE, size[1] * _SCALE), paper)
        self.pen = ImageDraw.Draw(self.canvas)
        self.lines: list[Line] = []

    def write(self, centre: Point, text: str, size_px: int, ink: str) -> None:
        """Write centred; a newline starts a new line below."""
        rows = text.split("\n")
        for number, row in enumerate(rows):
            y = centre[1] + (number - (len(rows) - 1) / 2) * size_px * 1.25
            self._put((centre[0], y), row, size_px, ink, "mm")

    def write_from(self, left: Point, text: str, size_px: int, ink: str) -> None:
        """Write from the middle of the left edge on."""
        self._put(left, text, size_px, ink, "lm")

    def _put(self, place: Point, text: str, size_px: int, ink: str, anchor: str) -> None:
        at, font = (place[0] * _SCALE, place[1] * _SCALE), _font(size_px)
        self.pen.text(at, text, font=font, fill=ink, anchor=anchor)
        left, top, right, bottom = self.pen.textbbox(at, text, font=font, anchor=anchor)
        # Detectors leave some room around the letters.
        box = (left // _SCALE - 3, top // _SCALE - 3, right // _SCALE + 3, bottom // _SCALE + 3)
        left, top, right, bottom = (round(edge) for edge in box)
        self.lines.append(Line(text, (left, top, right, bottom), 0.99))

    def finished(self) -> Drawn:
        half = (self.canvas.width // _SCALE, self.canvas.height // _SCALE)
        pixels = np.asarray(self.canvas.resize(half, Canvas.Resampling.BOX)).copy()
        return Drawn(Image(pixels), in_reading_order(self.lines))


def text_picture(
    lines: Sequence[str],
    *,
    size: tuple[int, int] = (900, 400),
    font_px: int = 20,
    ink: str = "black",
    paper: str = "white",
) -> Drawn:
    """Lines of text below each other; leading spaces indent."""
    sheet = _Sheet(size, paper)
    for number, line in enumerate(lines):
        text = line.lstrip()
        x = 20 + 0.55 * font_px * (len(line) - len(text))
        sheet.write_from((x, 30 + number * font_px * 1.6), text, font_px, ink)
    return sheet.finished()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a diagram is drawn."""

    shape: Literal["rectangle", "rounded", "ellipse", "diamond"] = "rectangle"
    paper: str = "white"
    ink: str = "black"
    fill: str | None = None
    line_px: float = 2
    head: Literal["solid", "open", "none"] = "solid"
    head_px: float = 14
    dashed: bool = False
    elbow: bool = False
    font_px: int = 18


def diagram(
    places: Mapping[str, Place],
    arrows: Sequence[tuple[str, str, str]],
    look: Look | None = None,
    *,
    size: tuple[int, int] = (1000, 600),
    title: str = "",
) -> Drawn:
    """Boxes at `places` (a newline in a name breaks it) and (from, to, label) `arrows`."""
    look = look or Look()
    sheet = _Sheet(size, look.paper)
    for name, place in places.items():
        _draw_node(sheet, name, place, look)
    for source, target, label in arrows:
        path = _path(places[source], places[target], look.elbow)
        _draw_arrow(sheet.pen, path, look)
        if label:
            middle = _beside(*_longest(path), label, look.font_px)
            sheet.write(middle, label, round(look.font_px * 0.85), look.ink)
    if title:
        sheet.write((size[0] / 2, 28), title, round(look.font_px * 1.4), look.ink)
    return sheet.finished()


def bar_chart(
    values: Mapping[str, float],
    *,
    title: str,
    top: float,
    num_ticks: int = 5,
    size: tuple[int, int] = (900, 600),
    bar: str = "#4472c4",
) -> Drawn:
    """Upright bars over a baseline at zero, ticks from 0 to `top` on the left."""
    sheet = _Sheet(size, "white")
    left, right, high, base = 90.0, size[0] - 30.0, 80.0, size[1] - 70.0
    _line(sheet.pen, [(left, high), (left, base), (right, base)], "black", 2)
    for tick in range(num_ticks + 1):
        y = base - (base - high) * tick / num_ticks
        _line(sheet.pen, [(left - 6, y), (left, y)], "black", 2)
        sheet.write((left - 36, y), f"{top * tick / num_ticks:g}", 18, "black")
    step = (right - left) / len(values)
    for number, (name, value) in enumerate(values.items()):
        x = left + step * (number + 0.5)
        y = base - (base - high) * value / top
        corners = [(x - step * 0.3) * _SCALE, y * _SCALE, (x + step * 0.3) * _SCALE, base * _SCALE]
        sheet.pen.rectangle(corners, fill=bar)
        sheet.write((x, base + 24), name, 18, "black")
    sheet.write((size[0] / 2, 36), title, 26, "black")
    return sheet.finished()


def scene(seed: int = 0, size: tuple[int, int] = (320, 240)) -> Image:
    """Soft blobs with grain: no text, no flat areas, nothing anyone could name."""
    random = np.random.default_rng(seed)
    coarse = random.integers(40, 215, (8, 10, 3), dtype=np.uint8)
    soft = np.asarray(Canvas.fromarray(coarse).resize(size, Canvas.Resampling.BICUBIC), np.float32)
    grain = random.normal(0, 9, soft.shape)
    return Image(np.clip(soft + grain, 0, 255).astype(np.uint8))


def plain(colour: str = "white", size: tuple[int, int] = (320, 240)) -> Image:
    return Image(np.asarray(Canvas.new("RGB", size, colour)).copy())


def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px * _SCALE)


def _line(draw: ImageDraw.ImageDraw, path: Sequence[Point], ink: str, width: float) -> None:
    scaled = [(x * _SCALE, y * _SCALE) for x, y in path]
    draw.line(scaled, fill=ink, width=round(width * _SCALE), joint="curve")


def _draw_node(sheet: _Sheet, name: str, place: Place, look: Look) -> None:
    x, y, width, height = place
    box = (
        (x - width / 2) * _SCALE,
        (y - height / 2) * _SCALE,
        (x + width / 2) * _SCALE,
        (y + height / 2) * _SCALE,
    )
    style = {"outline": look.ink, "fill": look.fill, "width": round(look.line_px * _SCALE)}
    if look.shape == "rounded":
        sheet.pen.rounded_rectangle(box, radius=14 * _SCALE, **style)
    elif look.shape == "ellipse":
        sheet.pen.ellipse(box, **style)
    elif look.shape == "diamond":
        middle_x, middle_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        corners = [(middle_x, box[1]), (box[2], middle_y), (middle_x, box[3]), (box[0], middle_y)]
        sheet.pen.polygon(corners, **style)
    else:
        sheet.pen.rectangle(box, **style)
    sheet.write((x, y), name, look.font_px, look.ink)


def _draw_arrow(draw: ImageDraw.ImageDraw, path: list[Point], look: Look) -> None:
    (x1, y1), (x2, y2) = path[-2:]
    angle = math.atan2(y2 - y1, x2 - x1)
    barbs = [
        (x2 - look.head_px * math.cos(angle + turn), y2 - look.head_px * math.sin(angle + turn))
        for turn in (0.42, -0.42)
    ]
    if look.head == "solid":
        # The line stops inside the head, or its square end would blunt the tip.
        back = look.head_px * 0.6
        path = [*path[:-1], (x2 - back * math.cos(angle), y2 - back * math.sin(angle))]
    if look.dashed:
        for start, end in pairwise(path):
            _dash(draw, start, end, look)
    else:
        _line(draw, path, look.ink, look.line_px)
    if look.head == "solid":
        tip = [(x * _SCALE, y * _SCALE) for x, y in ((x2, y2), *barbs)]
        draw.polygon(tip, fill=look.ink)
    elif look.head == "open":
        _line(draw, [barbs[0], (x2, y2), barbs[1]], look.ink, look.line_px)


def _dash(draw: ImageDraw.ImageDraw, start: Point, end: Point, look: Look) -> None:
    length = math.dist(start, end)
    for number in range(int(length // 14) + 1):
        near, far = number * 14 / length, min(1.0, (number * 14 + 8) / length)
        piece = [
            (start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part)
            for part in (near, far)
        ]
        _line(draw, piece, look.ink, look.line_px)


def _path(source: Place, target: Place, elbow: bool) -> list[Point]:
    """From the side of `source` that faces `target` to the side of `target` that faces back."""
    dx, dy = target[0] - source[0], target[1] - source[1]
    across = abs(dx) > (source[2] + target[2]) / 2 + 40
    if across:
        sign = math.copysign(1, dx)
        start = (source[0] + sign * source[2] / 2, source[1])
        end = (target[0] - sign * target[2] / 2, target[1])
        bend = [((start[0] + end[0]) / 2, start[1]), ((start[0] + end[0]) / 2, end[1])]
    else:
        sign = math.copysign(1, dy)
        start = (source[0], source[1] + sign * source[3] / 2)
        end = (target[0], target[1] - sign * target[3] / 2)
        bend = [(start[0], (start[1] + end[1]) / 2), (end[0], (start[1] + end[1]) / 2)]
    is_straight = start[1] == end[1] if across else start[0] == end[0]
    return [start, *bend, end] if elbow and not is_straight else [start, end]


def _beside(start: Point, end: Point, label: str, font_px: int) -> Point:
    """Where a label stands clear of the piece of line that it belongs to."""
    length = math.dist(start, end)
    right, down = (start[1] - end[1]) / length, (end[0] - start[0]) / length
    if right < 0 or (right == 0 and down > 0):
        right, down = -right, -down
    clear = 10 + abs(right) * len(label) * font_px * 0.26 + abs(down) * font_px * 0.45
    return (start[0] + end[0]) / 2 + right * clear, (start[1] + end[1]) / 2 + down * clear


def _longest(path: list[Point]) -> tuple[Point, Point]:
    return max(pairwise(path), key=lambda piece: math.dist(*piece))
