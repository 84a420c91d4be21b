"""Draws `traceback_1280x720.png`, the screenshot that the sight benchmark reads.

The picture is committed because its font may differ elsewhere; its text lies beside it.

    python benchmarks/pictures/render_traceback.py
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_HERE = Path(__file__).parent
_FONTS = ("DejaVuSansMono.ttf", "LiberationMono-Regular.ttf", "Menlo.ttc", "consola.ttf")


def main() -> None:
    lines = (_HERE / "traceback.txt").read_text().splitlines()
    canvas = Image.new("RGB", (1280, 720), (24, 26, 31))
    draw, font = ImageDraw.Draw(canvas), _monospaced(18)
    for number, line in enumerate(lines):
        ink = (240, 98, 98) if number == len(lines) - 1 else (220, 220, 220)
        draw.text((24, 30 + number * 33), line, font=font, fill=ink)
    canvas.save(_HERE / "traceback_1280x720.png", optimize=True)


def _monospaced(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size_px)
        except OSError:
            continue
    return ImageFont.load_default(size_px)


if __name__ == "__main__":
    main()
