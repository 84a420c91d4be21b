"""Videos with floods of frames or sizes that cannot be, and lists of thousands. Family `video`."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache

from thinktalk.abuse import crafted
from thinktalk.abuse.case import EITHER, REFUSED, Case, Expected, Pace
from thinktalk.abuse.samples import sample, video_file
from thinktalk.abuse.sending import Body, data_url, inline, parts, video_part

_MANIFEST = b'<?xml version="1.0"?><MPD><BaseURL>file:///etc/</BaseURL></MPD>'


@cache
def _flood(num_frames: int, fps: int) -> bytes:
    return video_file("mp4", "mpeg4", num_frames=num_frames, size=(32, 32), fps=fps)


_FILES: dict[str, tuple[Callable[[], bytes], Expected, Pace]] = {
    "6,000 frames in 6 s": (lambda: _flood(6_000, 1_000), EITHER, "work"),
    "6,000 frames in 100 minutes": (lambda: _flood(6_000, 1), EITHER, "work"),
    "AVI of 65,535 x 65,535": (lambda: _avi_of(65_535, 65_535), EITHER, "work"),
    "MP4 of 65,535 x 65,535": (lambda: _mp4_of(65_535, 65_535), EITHER, "work"),
    "MP4 that states 100 days": (lambda: _mp4_lasting(0x7FFF_FFFF), EITHER, "work"),
    "MP4 with boxes in boxes, 20,000 deep": (lambda: _nested_boxes(20_000), EITHER, "work"),
    "MP4 with a box of 2^63 bytes": (lambda: _vast_box(), REFUSED, "work"),
    "MKV of unknown length, cut": (lambda: sample("mkv")[:-200], EITHER, "work"),
    "animated GIF of 20,000 frames": (lambda: crafted.gif(64, 64, 20_000), EITHER, "work"),
    "zip bomb": (crafted.zip_bomb, REFUSED, "header"),
    "playlist": (lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", REFUSED, "header"),
    "manifest": (lambda: _MANIFEST, REFUSED, "header"),
}


def cases() -> list[Case]:
    files = [
        Case(family="video", name=name, send=inline(video_part, make), expected=expected, pace=pace)
        for name, (make, expected, pace) in _FILES.items()
    ]
    return [
        *files,
        _list("no frame", 0, REFUSED),
        _list("1,000 frames", 1_000, EITHER),
        _list("5,000 frames", 5_000, REFUSED),
        _list("100,000 frames", 100_000, REFUSED),
        _listed("a list within the list", [["http://example.com"]]),
        _listed("numbers for frames", [1, 2, 3]),
        _hinted("1e308 frames a second", fps=1e308),
        _hinted("-1 frames a second", fps=-1),
        _hinted("-1 pixels", min_pixels=-1, max_pixels=-1),
        _hinted("2^63 pixels", total_pixels=2**63),
    ]


def _list(name: str, count: int, expected: Expected) -> Case:
    def content(_: object) -> list[Body]:
        picture = data_url(sample("png")) if expected is EITHER else "data:;base64,AAAA"
        return [{"type": "video", "video": [picture] * count}]

    pace: Pace = "header" if expected is REFUSED else "work"
    return Case(
        family="video", name=f"list of {name}", send=parts(content), expected=expected, pace=pace
    )


def _listed(name: str, video: object) -> Case:
    return Case(
        family="video", name=name, send=parts(lambda _: [{"type": "video", "video": video}])
    )


def _hinted(name: str, **hints: object) -> Case:
    def content(_: object) -> list[Body]:
        return [{**video_part(data_url(sample("mp4"))), **hints}]

    return Case(family="video", name=name, send=parts(content), expected=EITHER, pace="work")


def _avi_of(width: int, height: int) -> bytes:
    data = bytearray(sample("avi"))
    start = data.index(b"strf") + 12
    data[start : start + 8] = struct.pack("<II", width, height)
    return bytes(data)


def _mp4_of(width: int, height: int) -> bytes:
    data = bytearray(sample("mp4"))
    start = data.index(b"avc1", data.index(b"stsd")) + 28
    data[start : start + 4] = struct.pack(">HH", width, height)
    return bytes(data)


def _mp4_lasting(ticks: int) -> bytes:
    """Of 250 ticks a second, more or less: the header states it, the tables do not."""
    data = bytearray(sample("mp4"))
    for box, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        start = data.index(box) + offset
        data[start : start + 4] = struct.pack(">I", ticks)
    return bytes(data)


def _nested_boxes(depth: int) -> bytes:
    boxes = b"".join(struct.pack(">I4s", 8 * (depth - n), b"moov") for n in range(depth))
    return sample("mp4")[:32] + boxes


def _vast_box() -> bytes:
    return sample("mp4")[:32] + struct.pack(">I4sQ", 1, b"mdat", 2**63 - 1) + bytes(64)
