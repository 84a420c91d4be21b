"""HEIC stills, as phones take them, as pictures of Pillow.

A picture is one coded item or a grid of them, and is turned, mirrored and cropped by properties.
FFmpeg's HEVC decoder opens the items; that there is a grid it does not tell, so that the boxes are
read here. Transparency and depth lie in further items that are passed over, like thumbnails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import av
import numpy as np
import PIL.Image
import PIL.ImageFile
from av.video.reformatter import VideoReformatter

from thinktalk.media.heif_boxes import BrokenHeif, HeifFile, Item, Reader

_MAX_TILES = 4096
_BLOCK = 64
# Of ISO 23091-2, which FFmpeg numbers alike: those that are a matrix and no other transform.
_MATRICES = (1, 4, 5, 6, 7, 9)
_NARROW, _FULL = 1, 2
_TURNS = (
    None,
    PIL.Image.Transpose.ROTATE_90,
    PIL.Image.Transpose.ROTATE_180,
    PIL.Image.Transpose.ROTATE_270,
)
_MIRRORS = (PIL.Image.Transpose.FLIP_TOP_BOTTOM, PIL.Image.Transpose.FLIP_LEFT_RIGHT)


class HeifImage(PIL.ImageFile.ImageFile):
    """A still in RGB. Opening reads its size as it is shown; `load` decodes it, upright.

    Raises `BrokenHeif`, or what FFmpeg raises.
    """

    format = "HEIF"

    def _open(self) -> None:
        self._boxes = HeifFile(cast(BinaryIO, self.fp))
        self._item = self._boxes.items[self._boxes.primary]
        self._mode, self._size = "RGB", _shown_size(self._item)
        self._is_decoded = False

    def load(self) -> Any:
        """Decode, the first time."""
        if not self._is_decoded:
            self._is_decoded = True
            image = _decoded(self._boxes, self._item)
            for name, content in self._item.properties:
                image = _transformed(image, name, Reader(content))
            self.im, self._size = image.im, image.size
        return PIL.Image.Image.load(self)


def _coded_size(item: Item) -> tuple[int, int]:
    extent = item.named(b"ispe")
    extent.take(4)
    width, height = extent.number(4), extent.number(4)
    if not width or not height:
        raise BrokenHeif(f"a picture of {width}x{height}")
    return width, height


def _shown_size(item: Item) -> tuple[int, int]:
    width, height = _coded_size(item)
    for name, content in item.properties:
        if name == b"clap":
            left, top, right, bottom = _clean_aperture(Reader(content), width, height)
            width, height = right - left, bottom - top
        elif name == b"irot" and Reader(content).number(1) % 2:
            width, height = height, width
    return width, height


def _transformed(image: PIL.Image.Image, name: bytes, content: Reader) -> PIL.Image.Image:
    if name == b"clap":
        return image.crop(_clean_aperture(content, image.width, image.height))
    if name == b"irot":
        turn = _TURNS[content.number(1) % 4]
        return image if turn is None else image.transpose(turn)
    if name == b"imir":
        return image.transpose(_MIRRORS[content.number(1) % 2])
    return image


def _clean_aperture(box: Reader, width: int, height: int) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of the part that is shown, within the picture."""

    def fraction(is_signed: bool = False) -> float:
        numerator = int.from_bytes(box.take(4), "big", signed=is_signed)
        return numerator / max(1, box.number(4))

    wide, high = round(fraction()), round(fraction())
    left = round((width - wide) / 2 + fraction(is_signed=True))
    top = round((height - high) / 2 + fraction(is_signed=True))
    if not (0 <= left < left + wide <= width and 0 <= top < top + high <= height):
        raise BrokenHeif("its crop lies outside")
    return left, top, left + wide, top + high


def _decoded(boxes: HeifFile, item: Item) -> PIL.Image.Image:
    """The pixels of an item, before it is turned."""
    width, height = _coded_size(item)
    if item.kind == b"hvc1":
        return _Decoder(item, item).picture(boxes.content(item))
    if item.kind != b"grid":
        raise BrokenHeif(f"its picture is of type {item.kind.decode('latin-1')}")
    grid = _Grid.read(boxes.content(item))
    tiles = [boxes.items[number] for number in item.parts if number in boxes.items]
    if len(tiles) != grid.rows * grid.columns or len(tiles) > _MAX_TILES:
        raise BrokenHeif(f"{len(tiles)} tiles in a grid of {grid.columns}x{grid.rows}")
    wide, high = _coded_size(tiles[0])
    # Tiles may reach over the edge, but none lies beyond it.
    if (grid.width, grid.height) != (width, height) or not (
        (grid.columns - 1) * wide < width <= grid.columns * wide
        and (grid.rows - 1) * high < height <= grid.rows * high
    ):
        raise BrokenHeif("its tiles do not cover it")
    canvas = PIL.Image.new("RGB", (width, height))
    decoder = _Decoder(tiles[0], item)
    for index, tile in enumerate(tiles):
        if tile.kind != b"hvc1" or _coded_size(tile) != (wide, high):
            raise BrokenHeif("its tiles differ")
        if not decoder.fits(tile):
            decoder = _Decoder(tile, item)
        row, column = divmod(index, grid.columns)
        canvas.paste(decoder.picture(boxes.content(tile)), (column * wide, row * high))
    return canvas


@dataclass(frozen=True, slots=True)
class _Grid:
    rows: int
    columns: int
    width: int
    height: int

    @classmethod
    def read(cls, content: bytes) -> _Grid:
        reader = Reader(content, 1)
        wide = 4 if reader.number(1) & 1 else 2
        rows, columns = reader.number(1) + 1, reader.number(1) + 1
        return cls(rows, columns, reader.number(wide), reader.number(wide))


class _Decoder:
    """Decodes items that share their parameter sets, as parts of the item `shown`."""

    def __init__(self, item: Item, shown: Item) -> None:
        self._config = item.named(b"hvcC").data
        self._size = _coded_size(item)
        self._colour = _colour(item) or _colour(shown)
        self._context = av.CodecContext.create("hevc", "r")
        self._context.extradata = self._config
        self._to_rgb = VideoReformatter()

    def fits(self, item: Item) -> bool:
        """Whether it can decode `item` too."""
        return item.named(b"hvcC").data == self._config

    def picture(self, data: bytes) -> PIL.Image.Image:
        frames = [*self._context.decode(av.Packet(data)), *self._context.decode(None)]
        self._context.flush_buffers()
        if not frames:
            raise BrokenHeif("a picture has no pixels")
        frame, (width, height) = frames[0], self._size
        # Codecs fill up to their blocks; giants under a small name are decoded once at most.
        if not (0 <= frame.width - width < _BLOCK and 0 <= frame.height - height < _BLOCK):
            raise BrokenHeif(f"{frame.width}x{frame.height} pixels are called {width}x{height}")
        if self._colour is not None:
            frame.colorspace, frame.color_range = self._colour
        pixels = self._to_rgb.reformat(frame, format="rgb24").to_ndarray()
        return PIL.Image.fromarray(np.ascontiguousarray(pixels[:height, :width]))


def _colour(item: Item) -> tuple[int, int] | None:
    """Matrix and range, where the file states them beside the coded picture."""
    for name, content in item.properties:
        reader = Reader(content)
        if name == b"colr" and reader.take(4) == b"nclx":
            reader.take(4)  # primaries and transfer
            matrix, is_full = reader.number(2), reader.number(1) >> 7
            if matrix in _MATRICES:
                return matrix, _FULL if is_full else _NARROW
    return None
