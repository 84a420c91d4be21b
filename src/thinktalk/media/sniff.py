"""What a file is, by its first bytes; what its sender called it does not count.

The answer serves messages and early refusals. Whether the file can be opened, the decoder says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["audio", "image", "video"]

# Enough for every signature below, including the codec names of an Ogg file's first pages.
HEAD_BYTES = 512


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
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Container("JPEG 2000", "image")),
    (b"fLaC", Container("FLAC", "audio")),
    (b"ID3", Container("MP3", "audio")),
    (b"#!AMR", Container("AMR", "audio")),
    (b"caff", Container("CAF", "audio")),
    (b".snd", Container("AU", "audio")),
    (b"\x1aE\xdf\xa3", Container("Matroska", "video")),
    (b"FLV\x01", Container("FLV", "video")),
    (b"\x00\x00\x01\xba", Container("MPEG", "video")),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Container("ASF", "video")),
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

_IMAGE_BRANDS = {b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"}
_AUDIO_BRANDS = {b"M4A ", b"M4B ", b"F4A "}


def sniff(data: bytes) -> Container | None:
    """The container that `data` starts with, or None for bytes of no known format."""
    head = bytes(data[:HEAD_BYTES])
    if form := _FORMS.get((head[:4], head[8:12])):
        return form
    if head[4:8] == b"ftyp":
        return _iso_media(head[8:12])
    if head[:4] == b"OggS":
        has_pictures = b"theora" in head
        return Container("OGG", "video" if has_pictures else "audio")
    for prefix, container in _PREFIXES:
        if head.startswith(prefix):
            return container
    return _mpeg(head)


def _iso_media(brand: bytes) -> Container:
    if brand in _IMAGE_BRANDS:
        return Container("AVIF" if brand.startswith(b"avi") else "HEIC", "image")
    if brand in _AUDIO_BRANDS:
        return Container("M4A", "audio")
    return Container("MOV" if brand == b"qt  " else "MP4", "video")


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
