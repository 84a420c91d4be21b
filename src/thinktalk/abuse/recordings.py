"""Recordings that unpack to hours, or state what cannot be. Family `recording`."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache

from thinktalk.abuse.case import EITHER, REFUSED, Case, Expected, Pace
from thinktalk.abuse.samples import sample
from thinktalk.abuse.sending import audio_part, inline

_PACKETS_PER_PAGE = 255
_PACKET_SAMPLES = 5_760  # 120 ms at 48 kHz, the longest an Opus packet can be
# Six frames of 20 ms, each of no bytes: lost, hence silent.
_SILENT_PACKET = b"\x0b\x06"
_SERIAL = 7
_HIDDEN_SAMPLES = 48_000


@cache
def silent_opus(size_bytes: int, *, is_hidden: bool = False) -> bytes:
    """Ogg Opus of silence, 11 hours a megabyte. Hidden: its clock says that it lasts a second."""
    first = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 0, 48_000, 0, 0)
    begin = _page(0, 2, 0, [first]) + _page(1, 0, 0, [b"OpusTags" + struct.pack("<II", 0, 0)])
    packets = [_SILENT_PACKET] * _PACKETS_PER_PAGE
    page_samples = _PACKETS_PER_PAGE * _PACKET_SAMPLES
    # The same page again and again: players count packets, not pages.
    page = _page(2, 0, page_samples, packets)
    num_pages = max(1, size_bytes // len(page))
    end = _HIDDEN_SAMPLES if is_hidden else (num_pages + 1) * page_samples
    return begin + page * num_pages + _page(3, 4, end, packets)


def _page(number: int, flags: int, position: int, packets: list[bytes]) -> bytes:
    """One page of an Ogg file; `position` counts samples at 48 kHz up to its end."""
    sizes = bytes(len(packet) for packet in packets)
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, position, _SERIAL, number, 0)
    page = bytearray(head + bytes([len(packets)]) + sizes + b"".join(packets))
    page[22:26] = struct.pack("<I", _checksum(page))
    return bytes(page)


def _checksum(data: bytes | bytearray) -> int:
    """The CRC of Ogg (RFC 3533): not that of zlib, whose bits run the other way."""
    register = 0
    for byte in data:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1) ^ (0x04C1_1DB7 if register & 0x8000_0000 else 0)
        register &= 0xFFFF_FFFF
    return register


def wave(
    *,
    rate: int = 16_000,
    channels: int = 1,
    bits: int = 16,
    size_bytes: int | None = None,
    data: bytes = bytes(3200),
) -> bytes:
    """A WAV that states whatever it is told to."""
    align = channels * bits // 8
    size = len(data) if size_bytes is None else size_bytes
    fields = (1, channels, rate, (rate * align) & 0xFFFF_FFFF, align & 0xFFFF, bits)
    form = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, *fields)
    return form + struct.pack("<4sI", b"data", size) + data


_STATED: dict[str, tuple[Callable[[], bytes], Expected]] = {
    "no samples": (lambda: wave(data=b""), REFUSED),
    "WAV of 4,294,967,295 Hz": (lambda: wave(rate=0xFFFF_FFFF), REFUSED),
    "WAV of 0 Hz": (lambda: wave(rate=0), REFUSED),
    "WAV of 65,535 channels": (lambda: wave(channels=65_535), REFUSED),
    "WAV of 0 channels": (lambda: wave(channels=0), REFUSED),
    "WAV of 0 bits": (lambda: wave(bits=0), REFUSED),
    "playlist": (lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", REFUSED),
    "MIDI": (lambda: b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0", REFUSED),
    "text": (lambda: b"This is no recording. " * 1000, REFUSED),
}
_ENDLESS: dict[str, tuple[Callable[[], bytes], Expected]] = {
    "zeros": (lambda: bytes(1_000_000), REFUSED),
    "hours of silence in 1 MB": (lambda: silent_opus(1_000_000), EITHER),
    "hours of silence in 1 MB, hidden": (lambda: silent_opus(1_000_000, is_hidden=True), EITHER),
    "WAV that states 4 GB": (lambda: wave(size_bytes=0xFFFF_FFFF), EITHER),
    "WAV of 255 channels": (lambda: wave(channels=255, data=bytes(510 * 1000)), EITHER),
    "WAV of NaN": (lambda: _not_numbers(), EITHER),
    "MP3 with a tag of 256 MB": (lambda: b"ID3\4\0\0\x7f\x7f\x7f\x7f" + sample("mp3"), EITHER),
    "MP3 with a tag of 8 MB": (lambda: _tagged(8 * 1024 * 1024), EITHER),
    "Ogg of 5,000 streams": (lambda: _many_streams(5_000), EITHER),
    "Ogg whose streams change at each page": (lambda: sample("opus") * 300, EITHER),
}


def cases() -> list[Case]:
    stated = [_case(name, make, expected) for name, (make, expected) in _STATED.items()]
    endless = [_case(name, make, expected, "work") for name, (make, expected) in _ENDLESS.items()]
    return [*stated, *endless]


def _case(name: str, make: Callable[[], bytes], expected: Expected, pace: Pace = "header") -> Case:
    send = inline(audio_part, make)
    return Case(family="recording", name=name, send=send, expected=expected, pace=pace)


def _not_numbers() -> bytes:
    """A WAV of 32-bit floats, none of which is a number."""
    plain = bytearray(wave(bits=32, data=struct.pack("<f", float("nan")) * 16_000))
    plain[20:22] = struct.pack("<H", 3)
    return bytes(plain)


def _tagged(size_bytes: int) -> bytes:
    """An MP3 after a tag that holds nothing for a long while."""
    size = bytes(size_bytes >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\4\0\0" + size + bytes(size_bytes) + sample("mp3")


def _many_streams(count: int) -> bytes:
    """The beginnings of many streams side by side."""
    first = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 0, 48_000, 0, 0)
    page = _page(0, 2, 0, [first])
    pages = []
    for serial in range(count):
        numbered = bytearray(page)
        numbered[14:18], numbered[22:26] = struct.pack("<I", serial), bytes(4)
        numbered[22:26] = struct.pack("<I", _checksum(numbered))
        pages.append(bytes(numbered))
    return b"".join(pages)
