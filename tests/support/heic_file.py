"""HEIC stills made in code: coded by x265, laid into boxes here."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import Any

import av
import numpy as np

from support.media_files import Pixels

_Property = tuple[bytes, bytes]


def heic_file(
    pixels: Pixels,
    *,
    tile: tuple[int, int] | None = None,
    transforms: Sequence[_Property] = (),
    pix_fmt: str = "yuv420p",
    in_meta: bool = False,
    brand: bytes = b"heic",
) -> bytes:
    """A still as phones write them.

    Args:
        pixels: shape (height, width, 3).
        tile: (width, height) of the tiles of a grid; None codes the picture whole.
        transforms: what to do to it when it is shown: `turned`, `mirrored`, `cropped`.
        in_meta: the coded bytes lie in an `idat` box instead of behind it all.
    """
    height, width = pixels.shape[:2]
    wide, high = tile or (width, height)
    coded = [
        _coded(pixels[y : y + high, x : x + wide], (wide, high), pix_fmt)
        for y in range(0, height, high)
        for x in range(0, width, wide)
    ]
    config = coded[0][0]
    pieces = [data for _, data in coded]
    properties = [(b"hvcC", config), _extent(wide, high), _extent(width, height), *transforms]
    extra = list(range(4, 4 + len(transforms)))
    tiles = range(1, len(pieces) + 1)
    kinds = dict.fromkeys(tiles, b"hvc1")
    applied = {number: [1, 2] for number in tiles}
    references, primary = b"", 1
    if tile:
        primary = len(pieces) + 1
        columns, rows = -(-width // wide), -(-height // high)
        pieces.append(struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height))
        kinds[primary] = b"grid"
        applied[primary] = [3]
        parts = struct.pack(f">HH{len(tiles)}H", primary, len(tiles), *tiles)
        references = _box(b"iref", bytes(4) + _box(b"dimg", parts))
    applied[primary] += extra
    return _file(brand, primary, kinds, pieces, properties, applied, references, in_meta)


def turned(quarters: int) -> _Property:
    """Counterclockwise."""
    return b"irot", bytes([quarters])


def mirrored(left_right: bool) -> _Property:
    return b"imir", bytes([left_right])


def cropped(width: int, height: int, right: int, down: int) -> _Property:
    """To a middle part, moved by `right` and `down`."""
    return b"clap", struct.pack(">IIIIiIiI", width, 1, height, 1, right, 1, down, 1)


def _coded(pixels: Pixels, size: tuple[int, int], pix_fmt: str) -> tuple[bytes, bytes]:
    """Parameter sets (`hvcC`) and one coded picture, filled up to `size` by its last pixels."""
    rest = [(0, size[1] - pixels.shape[0]), (0, size[0] - pixels.shape[1]), (0, 0)]
    padded = np.ascontiguousarray(np.pad(pixels, rest, mode="edge"))
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        options = {"x265-params": "log-level=none:keyint=1", "crf": "5"}
        stream: Any = output.add_stream("libx265", rate=1, options=options)
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        output.mux(stream.encode(av.VideoFrame.from_ndarray(padded, "rgb24")))
        output.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as coded:
        config = coded.streams.video[0].codec_context.extradata
        packet = next(coded.demux(coded.streams.video[0]))
        assert config is not None
        return config, bytes(packet)


def _file(
    brand: bytes,
    primary: int,
    kinds: dict[int, bytes],
    pieces: list[bytes],
    properties: list[_Property],
    applied: dict[int, list[int]],
    references: bytes,
    in_meta: bool,
) -> bytes:
    entries = b"".join(
        _box(b"infe", struct.pack(">IHH4sB", 2 << 24, number, 0, kind, 0))
        for number, kind in kinds.items()
    )
    container = _box(b"ipco", b"".join(_box(*content) for content in properties))
    associations = struct.pack(">II", 0, len(applied)) + b"".join(
        struct.pack(">HB", number, len(indexes)) + bytes(indexes)
        for number, indexes in applied.items()
    )

    def meta(offset: int) -> bytes:
        places = b""
        for number, piece in zip(kinds, pieces, strict=True):
            places += struct.pack(">HHHHII", number, in_meta, 0, 1, offset, len(piece))
            offset += len(piece)
        return _box(
            b"meta",
            bytes(4)
            + _box(b"hdlr", struct.pack(">II4s12sB", 0, 0, b"pict", bytes(12), 0))
            + _box(b"pitm", struct.pack(">IH", 0, primary))
            + _box(b"iinf", struct.pack(">IH", 0, len(kinds)) + entries)
            + references
            + _box(b"iprp", container + _box(b"ipma", associations))
            + _box(b"iloc", struct.pack(">IHH", 1 << 24, 0x4400, len(kinds)) + places)
            + (_box(b"idat", b"".join(pieces)) if in_meta else b""),
        )

    head = _box(b"ftyp", brand + bytes(4) + b"mif1heic")
    if in_meta:
        return head + meta(0)
    offset = len(head) + len(meta(0)) + 8
    return head + meta(offset) + _box(b"mdat", b"".join(pieces))


def _extent(width: int, height: int) -> _Property:
    return b"ispe", struct.pack(">III", 0, width, height)


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content
