"""Pictures and archives written byte by byte: what no encoder would write."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable
from functools import cache

from thinktalk.abuse.samples import gradient, picture_file, sample

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MIB = 1024 * 1024
_IDAT_AT = 33  # after the signature and the header


@cache
def zeros_packed(size_mib: int, *, as_gzip: bool = False) -> bytes:
    """Zeros by deflate, a thousandth of their size."""
    packer = zlib.compressobj(9, wbits=-15)
    # What follows a full flush refers to nothing before it, so that it may be repeated.
    block = packer.compress(bytes(_MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = block * size_mib + packer.flush()
    size = size_mib * _MIB
    if not as_gzip:
        return b"\x78\xda" + packed + struct.pack(">I", (size % 65_521) << 16 | 1)
    check = 0
    for _ in range(size_mib):
        check = zlib.crc32(bytes(_MIB), check)
    return b"\x1f\x8b\x08" + bytes(7) + packed + struct.pack("<II", check, size % 2**32)


def png(width: int, height: int, size_mib: int = 0) -> bytes:
    """A PNG, RGB, of a stated size, whose pixels unpack to `size_mib` of zeros."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [_chunk(b"IHDR", header), _chunk(b"IDAT", zeros_packed(size_mib))]
    return PNG_SIGNATURE + b"".join(chunks) + _chunk(b"IEND", b"")


def png_with(chunks: Iterable[tuple[bytes, bytes]]) -> bytes:
    """An honest PNG with further chunks (kind, content) after its header."""
    honest = sample("png")
    return honest[:_IDAT_AT] + b"".join(_chunk(*chunk) for chunk in chunks) + honest[_IDAT_AT:]


def gif(width: int, height: int, num_frames: int = 1) -> bytes:
    """A GIF of a stated size, with frames of one pixel."""
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return screen + frame * num_frames + b"\x3b"


def bmp(width: int, height: int) -> bytes:
    information = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 154, 0, 0, 54) + information + bytes(100)


def jpeg(width: int, height: int) -> bytes:
    """An honest JPEG whose header states another size."""
    data = bytearray(sample("jpeg"))
    start = data.index(b"\xff\xc0") + 5
    data[start : start + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def jpeg_scans(count: int) -> bytes:
    """A progressive JPEG that repeats its last scan: each is decoded over the whole picture."""
    data = picture_file(gradient(2000, 2000), "JPEG", progressive=True, quality=10)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last[:2000] * count + data[-2:]


def jpeg_with_comment(comment: bytes) -> bytes:
    data = sample("jpeg")
    return data[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + data[2:]


def tiff(width: int, height: int) -> bytes:
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1)]
    entries += [
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, 64),
    ]
    return b"II*\0" + struct.pack("<I", 8) + _directory(entries, following=0)


def tiff_loop() -> bytes:
    """A TIFF whose directory is followed by itself."""
    entries = [(256, 4, 1, 64), (257, 4, 1, 64), (273, 4, 1, 8), (279, 4, 0xFFFF_FFFF, 8)]
    return b"II*\0" + struct.pack("<I", 8) + _directory(entries, following=8)


def icon(picture: bytes) -> bytes:
    """An icon of a stated 64x64 that holds any PNG."""
    entry = struct.pack("<BBBBHHII", 64, 64, 0, 0, 1, 32, len(picture), 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + picture


@cache
def zip_bomb(size_mib: int = 64) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("picture.png", bytes(size_mib * _MIB))
    return file.getvalue()


def small_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("run.sh", "echo hello")
    return file.getvalue()


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def _directory(entries: list[tuple[int, int, int, int]], following: int) -> bytes:
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<H", len(entries)) + packed + struct.pack("<I", following) + bytes(64)
