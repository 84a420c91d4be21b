"""Reads the axes of a chart from its texts, and the heights of plain upright bars.

A column of evenly spaced numbers is an axis; everything else follows from it. Knows nothing of
lines, pies or logarithmic axes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from thinktalk.engines.cascade.sight.reading import Line, rows
from thinktalk.media.types import Pixels

_NUMBER = re.compile(r"[-−]?[$€£]?\d[\d,]*(?:\.\d+)?\s?[%kKM]?")
_MIN_TICKS = 3
_MAX_BARS = 40
_MIN_SATURATION = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """`ticks` are (value, y in pixels), top to bottom; `bars` are (category, value), left to right.

    Values of bars are measured from pixels, good to about one per cent of the axis.
    """

    title: str
    categories: tuple[str, ...]
    ticks: tuple[tuple[float, float], ...]
    unit: str = ""
    bars: tuple[tuple[str, float], ...] = ()

    @property
    def low(self) -> float:
        return min(value for value, _ in self.ticks)

    @property
    def high(self) -> float:
        return max(value for value, _ in self.ticks)


def read_chart(pixels: Pixels, lines: Sequence[Line]) -> Chart | None:
    """The chart in a picture, or None if no axis of numbers is found."""
    axis = _axis(lines)
    if axis is None:
        return None
    ticks = tuple((_value(line.text), line.centre[1]) for line in axis)
    bottom = max(line.box[3] for line in axis)
    right = max(line.box[2] for line in axis)
    categories = _categories(lines, axis, right, bottom)
    above = [line for line in lines if line.box[3] < axis[0].centre[1]]
    title = max(above, key=lambda line: line.height, default=None)
    return Chart(
        title=title.text if title else "",
        categories=tuple(line.text for line in categories),
        ticks=ticks,
        unit=_unit(axis),
        bars=_bars(pixels, ticks, categories),
    )


def _axis(lines: Sequence[Line]) -> list[Line] | None:
    """The largest set of numbers below each other whose values change evenly with height."""
    numbers = [line for line in lines if _NUMBER.fullmatch(line.text.strip())]
    best: list[Line] | None = None
    for anchor in numbers:
        column = sorted(
            (n for n in numbers if abs(n.box[2] - anchor.box[2]) < 1.2 * anchor.height),
            key=lambda line: line.centre[1],
        )
        if len(column) >= max(_MIN_TICKS, len(best or ()) + 1) and _is_linear(column):
            best = column
    return best


def _is_linear(column: Sequence[Line]) -> bool:
    heights = np.array([line.centre[1] for line in column])
    values = np.array([_value(line.text) for line in column])
    if not (np.diff(values) < 0).all():
        return False
    slope, offset = np.polyfit(heights, values, 1)
    return bool(np.abs(slope * heights + offset - values).max() < 0.03 * np.ptp(values))


def _value(text: str) -> float:
    scale = {"k": 1e3, "K": 1e3, "M": 1e6}.get(text.strip()[-1], 1.0)
    digits = re.sub(r"[^\d.]", "", text)
    return (-scale if text.strip()[0] in "-−" else scale) * float(digits)


def _unit(axis: Sequence[Line]) -> str:
    found = re.search(r"[$€£%]", axis[0].text)
    return found.group() if found else ""


def _categories(
    lines: Sequence[Line], axis: Sequence[Line], right: float, bottom: float
) -> list[Line]:
    """The first row of text below the axis."""
    height = axis[0].height
    below = [
        line
        for line in lines
        if line.centre[0] > right and bottom - height < line.centre[1] < bottom + 4 * height
    ]
    grouped = [row for row in rows(below) if len(row) >= 2]
    return grouped[0] if grouped else []


def _bars(
    pixels: Pixels, ticks: tuple[tuple[float, float], ...], categories: Sequence[Line]
) -> tuple[tuple[str, float], ...]:
    """The height of the bar over each category; none unless every category has one."""
    if not 1 < len(categories) <= _MAX_BARS:
        return ()
    values, heights = np.array(ticks).T
    slope, offset = np.polyfit(heights, values, 1)
    top, base = float(heights.min()), float(heights.max())
    bars = []
    for category in categories:
        edge = _bar_top(pixels, round(category.centre[0]), top, base)
        if edge is None:
            return ()
        bars.append((category.text, float(slope * edge + offset)))
    return tuple(bars)


def _bar_top(pixels: Pixels, x: int, top: float, base: float) -> float | None:
    """Where one flat colour, other than the paper's, ends above the baseline at `x`."""
    foot = round(base) - 4
    if not (0 <= x < pixels.shape[1] and 0 < foot < pixels.shape[0]):
        return None
    colour = pixels[foot, x].astype(int)
    if _saturation(colour) < _MIN_SATURATION:
        return None
    column = pixels[: foot + 1, x].astype(int)
    differs = np.flatnonzero(np.abs(column - colour).max(axis=1) > 24)
    edge = float(differs.max() + 1) if len(differs) else 0.0
    return edge if edge >= top - 0.1 * (base - top) else None


def _saturation(colour: npt.NDArray[np.int_]) -> int:
    pixel = colour.astype(np.uint8).reshape(1, 1, 3)
    return int(cv2.cvtColor(pixel, cv2.COLOR_RGB2HSV)[0, 0, 1])
