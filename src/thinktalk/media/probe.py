"""What a file holds, told by its headers: no sample and no pixel is decoded.

Runs in the decoding process for anything that came from outside. The length of sound alone is
always measured by walking over the packets: by it is decided whether all of it is held, and a
header may lie. That of a video is, where none is stated or such files often state a wrong one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import PIL.Image

from thinktalk.errors import MediaEmpty, MediaUndecodable
from thinktalk.media.decode import open_image
from thinktalk.media.demux import (
    Source,
    audio_stream,
    declared_s,
    opened,
    packets,
    picture_stream,
    start_s,
)
from thinktalk.media.sniff import HEAD_BYTES, Kind, sniff
from thinktalk.media.types import Probe

if TYPE_CHECKING:
    from av.container import InputContainer

# Formats whose length stands in an index of what they hold; the others are guessed from bit rates,
# or were written before the end was known.
_TRUSTED = frozenset({"mov", "mp4", "matroska", "webm", "ogg", "flac", "asf"})
_USUAL_FPS = 25.0
_ORIENTATION, _TURNED = 0x0112, frozenset({5, 6, 7, 8})  # of EXIF: the last four lie on their side


def probe(source: Source, kind: Kind, *, max_pixels: int) -> Probe:
    """Look into a file that was sent as `kind`.

    Args:
        max_pixels: largest picture taken.
    Raises:
        MediaUndecodable, MediaEmpty, ImageShapeRefused.
    """
    head = _head(source)
    if not head and kind != "image":
        raise MediaEmpty
    found = sniff(head)
    name = found.name if found else ""
    if kind == "image":
        image = open_image(source, max_pixels)
        width, height = _upright(image)
        return Probe(kind="image", container=name or image.format or "", width=width, height=height)
    with opened(source, kind) as container:
        has_sound = bool(container.streams.audio)
        pictures = None
        try:
            pictures = picture_stream(container) if kind == "video" else None
        except MediaUndecodable:
            if not has_sound:
                raise
        stream: Any = pictures if pictures is not None else audio_stream(container, kind)
        duration_s = _length_s(container, stream, may_trust=pictures is not None)
        if duration_s <= 0:
            raise MediaEmpty
        if pictures is None:
            return Probe(
                kind="audio",
                container=name,
                duration_s=duration_s,
                has_sound=True,
                sample_rate=stream.codec_context.sample_rate,
            )
        return Probe(
            kind="video",
            container=name,
            duration_s=duration_s,
            # As stored: a turn stands beside the pictures, and changes no cost.
            width=pictures.codec_context.width,
            height=pictures.codec_context.height,
            fps=float(pictures.average_rate or _USUAL_FPS),
            has_sound=has_sound,
        )


def _length_s(container: InputContainer, stream: Any, *, may_trust: bool) -> float:
    stated = declared_s(container)
    if stated and may_trust and not _TRUSTED.isdisjoint(container.format.name.split(",")):
        return stated
    end_s = 0.0
    for packet in packets(container, stream):
        if packet.pts is not None and packet.time_base is not None:
            end_s = max(end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    return max(0.0, end_s - start_s(container)) or stated or 0.0


def _upright(image: PIL.Image.Image) -> tuple[int, int]:
    width, height = image.size
    turned = image.getexif().get(_ORIENTATION, 1) in _TURNED
    return (height, width) if turned else (width, height)


def _head(source: Source) -> bytes:
    if isinstance(source, bytes):
        return source[:HEAD_BYTES]
    source.seek(0)
    return source.read(HEAD_BYTES)
