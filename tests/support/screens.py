"""Screen recordings drawn in code: an editor in which somebody types, a terminal that scrolls.

A monospaced font is taken where the system has one; elsewhere Pillow's own does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image as Canvas
from PIL import ImageDraw, ImageFont

Pixels = npt.NDArray[np.uint8]
_MONOSPACED = ("DejaVuSansMono.ttf", "LiberationMono-Regular.ttf", "Menlo.ttc", "consola.ttf")
_PAPER, _CURRENT, _INK, _FAINT = "#1e1e1e", "#2a2d2e", "#d4d4d4", "#858585"
_TAB_PX, _STATUS_PX = 40, 28


def editor(
    code: str,
    *,
    name: str = "main.py",
    size: tuple[int, int] = (1280, 720),
    font_px: int = 22,
    has_numbers: bool = True,
    has_cursor: bool = True,
    first_row: int | None = None,
) -> Pixels:
    """A dark editor window, shape (height, width, 3), the cursor after the last character.

    Args:
        first_row: rows scrolled off the top; by default as many as show the last row.
    """
    canvas = Canvas.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(canvas)
    font, pitch = _font(font_px), round(font_px * 1.45)
    left = round(font_px * 3.6) if has_numbers else font_px
    rows = code.split("\n")
    y = _TAB_PX + 20.0
    if first_row is None:
        first_row = max(0, len(rows) - int((size[1] - _STATUS_PX - y) // pitch))
    for number, row in enumerate(rows[first_row:], first_row + 1):
        if y + pitch > size[1] - _STATUS_PX:
            break
        if number == len(rows):
            pen.rectangle((left - 10, y - 2, size[0], y + pitch - 5), fill=_CURRENT)
        if has_numbers:
            pen.text((left - 20, y), str(number), font=font, fill=_FAINT, anchor="ra")
        pen.text((left, y), row, font=font, fill=_INK)
        if number == len(rows) and has_cursor:
            x = left + round(pen.textlength(row, font=font))
            pen.rectangle((x, y - 1, x + 1, y + font_px + 3), fill=_INK)
        y += pitch
    pen.rectangle((0, 0, size[0], _TAB_PX), fill="#333333")
    pen.text((20, 10), name, font=_plain(18), fill="#cccccc")
    pen.rectangle((0, size[1] - _STATUS_PX, size[0], size[1]), fill="#007acc")
    place = f"Ln {len(rows)}, Col {len(rows[-1]) + 1}    Spaces: 4    UTF-8"
    pen.text((20, size[1] - 22), place, font=_plain(14), fill="white")
    return np.asarray(canvas).copy()


def typing(
    code: str, *, from_s: float = 1.0, characters_per_s: float = 20.0, **look: object
) -> Callable[[float], Pixels]:
    """The editor at a time in seconds, while `code` is typed into it from `from_s` on."""

    def picture_at(time_s: float) -> Pixels:
        num_typed = max(0, round((time_s - from_s) * characters_per_s))
        return editor(code[:num_typed], **look)  # type: ignore[arg-type]

    return picture_at


def terminal(rows: Sequence[str], size: tuple[int, int] = (1280, 720), font_px: int = 20) -> Pixels:
    """The last rows of a terminal, as many as it has room for."""
    canvas = Canvas.new("RGB", size, "black")
    pen = ImageDraw.Draw(canvas)
    pitch = round(font_px * 1.35)
    room = (size[1] - 20) // pitch
    for number, row in enumerate(rows[-room:]):
        pen.text((12, 10 + number * pitch), row, font=_font(font_px), fill="#e0e0e0")
    return np.asarray(canvas).copy()


@cache
def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in _MONOSPACED:
        try:
            return ImageFont.truetype(name, size_px)
        except OSError:
            continue
    return _plain(size_px)


@cache
def _plain(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)
