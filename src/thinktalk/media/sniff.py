"""What a file is, by its bytes; what its sender called it does not count.

The answer serves messages and early refusals. Whether the file can be opened, the decoder says.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

Kind = Literal["audio", "image", "video"]

# Enough for every signature below, and for the names of the codecs that come first in a file.
HEAD_BYTES = 4096
_MAX_BOXES = 100_000  # a live recording has two a second or so


@dataclass(frozen=True, slots=True)
class Container:
    """A file format, and what such files mostly hold. An MP4 may still be sound only."""

    name: str
    kind: Kind


_PREFIXES: tuple[tuple[bytes, Container], ...] = (
    (b"\x89PNG\r\n\x1a\n", Container("PNG", "image")),
    (b"\xff\xd8\xff", Container("JPEG", "image")),
    (b"GIF87a", Container("GIF", "image")),
    (b"GIF89a", Container("GIF", "image")),
    (b"II*\x00", Container("TIFF", "image")),
    (b"MM\x00*", Container("TIFF", "image")),
    (b"BM", Container("BMP", "image")),
    (b"\x00\x00\x01\x00", Container("ICO", "image")),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Container("JPEG 2000", "image")),
    (b"\xff\x4f\xff\x51", Container("JPEG 2000", "image")),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", Container("JPEG XL", "image")),
    (b"\xff\x0a", Container("JPEG XL", "image")),
    (b"8BPS", Container("PSD", "image")),
    (b"fLaC", Container("FLAC", "audio")),
    (b"ID3", Container("MP3", "audio")),
    (b"#!AMR", Container("AMR", "audio")),
    (b"caff", Container("CAF", "audio")),
    (b".snd", Container("AU", "audio")),
    (b"MThd", Container("MIDI", "audio")),
    (b"\x0b\x77", Container("AC-3", "audio")),
    (b"riff\x2e\x91\xcf\x11", Container("Wave64", "audio")),
    (b"FLV\x01", Container("FLV", "video")),
    (b"\x00\x00\x01\xba", Container("MPEG", "video")),
)

# Not media, but sent as such all the same.
_DOCUMENTS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"PK\x03\x04", "ZIP (also DOCX, XLSX, PPTX)"),
    (b"\xd0\xcf\x11\xe0", "DOC, XLS or PPT"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"\x1f\x8b", "gzip"),
    (b"{\\rtf", "RTF"),
    (b"#EXTM3U", "a playlist"),
)
_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(!doctype )?(\w+)", re.S | re.I
)

# RIFF and IFF files name their form at offset 8.
_FORMS: dict[tuple[bytes, bytes], Container] = {
    (b"RIFF", b"WAVE"): Container("WAV", "audio"),
    (b"RF64", b"WAVE"): Container("WAV", "audio"),
    (b"RIFF", b"AVI "): Container("AVI", "video"),
    (b"RIFF", b"WEBP"): Container("WebP", "image"),
    (b"FORM", b"AIFF"): Container("AIFF", "audio"),
    (b"FORM", b"AIFC"): Container("AIFF", "audio"),
}

_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AUDIO_BRANDS = {b"M4A ", b"M4B ", b"F4A "}

_EBML, _ASF = b"\x1aE\xdf\xa3", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"
_ASF_PICTURES = b"\xc0\xef\x19\xbc\x4d\x5b\xcf\x11"
_ASF_SOUND = b"\x40\x9e\x69\xf8\x4d\x5b\xcf\x11"
_TRACK_KIND = re.compile(rb"hdlr.{8}(vide|soun)", re.S)


def sniff(data: bytes) -> Container | None:
    """The container that `data` starts with, or None for bytes of no known format.

    The first `HEAD_BYTES` are enough; given more, a file with sound alone is told from a video.
    """
    head = bytes(data[:HEAD_BYTES])
    if form := _FORMS.get((head[:4], head[8:12])):
        return form
    if head[4:8] == b"ftyp":
        return _iso_media(data)
    if head[:4] == b"OggS":
        return Container("OGG", "video" if b"theora" in head else "audio")
    if head.startswith(_EBML):
        has_pictures = b"V_" in head or b"A_" not in head
        name = "WebM" if b"webm" in head[:64] else "Matroska"
        return Container(name, "video" if has_pictures else "audio")
    if head.startswith(_ASF):
        has_pictures = _ASF_PICTURES in head or _ASF_SOUND not in head
        return Container("WMV", "video") if has_pictures else Container("WMA", "audio")
    for prefix, container in _PREFIXES:
        if head.startswith(prefix):
            return container
    return _mpeg(head)


def name_of(data: bytes) -> str | None:
    """What the bytes look like, also where that is no medium; None for nothing known."""
    if container := sniff(data):
        return container.name
    head = bytes(data[:HEAD_BYTES])
    for prefix, name in _DOCUMENTS:
        if head.startswith(prefix):
            return name
    if markup := _MARKUP.match(head):
        root = markup[2].lower()
        return {b"svg": "SVG", b"html": "HTML"}.get(root, "HTML or XML")
    return None


def iso_boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of the outermost boxes of an MP4 and its kin, as far as they go."""
    start = 0
    for _ in range(_MAX_BOXES):
        file.seek(start)
        head = file.read(16)
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:], "big")
        if len(head) < 8 or size < 8:  # the last one may state no size
            if len(head) >= 8 and size == 0:
                yield head[4:8], start, file.seek(0, 2)
            return
        yield head[4:8], start, start + size
        start += size


def _iso_media(data: bytes) -> Container:
    size = int.from_bytes(data[:4], "big")
    brands = {bytes(data[at : at + 4]) for at in (8, *range(16, min(size, HEAD_BYTES), 4))}
    brand = bytes(data[8:12])
    if brand in _AVIF_BRANDS or (brand in _HEIC_BRANDS and brands & _AVIF_BRANDS):
        return Container("AVIF", "image")
    if brand in _HEIC_BRANDS:
        return Container("HEIC", "image")
    if brand in _AUDIO_BRANDS:
        return Container("M4A", "audio")
    name = "MOV" if brand == b"qt  " else "3GP" if brand[:3] in (b"3gp", b"3g2") else "MP4"
    return Container(name, "audio" if _is_sound_alone(data) else "video")


def _is_sound_alone(data: bytes) -> bool:
    for name, start, end in iso_boxes(io.BytesIO(data)):
        if name == b"moov" and end <= len(data):
            return set(_TRACK_KIND.findall(data, start, end)) == {b"soun"}
    return False


def _mpeg(head: bytes) -> Container | None:
    """MPEG streams have no signature, only a sync word of 11 or 12 bits at each frame."""
    if len(head) > 188 and head[0] == 0x47 and head[188] == 0x47:
        return Container("MPEG-TS", "video")
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        return Container("AAC", "audio")
    layer, bit_rate, sample_rate = head[1] & 0x06, head[2] >> 4, head[2] >> 2 & 0x03
    if head[1] & 0xE0 == 0xE0 and layer and bit_rate != 15 and sample_rate != 3:
        return Container("MP3", "audio")
    return None
