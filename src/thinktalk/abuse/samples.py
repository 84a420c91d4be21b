"""Small honest files of every format that servers take, made in code: what gets damaged."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import av
import numpy as np
import PIL.Image

# name -> (container, codec), as FFmpeg calls them
SOUNDS = {
    "wav": ("wav", "pcm_s16le"),
    "mp3": ("mp3", "libmp3lame"),
    "opus": ("ogg", "libopus"),
    "flac": ("flac", "flac"),
    "m4a": ("ipod", "aac"),
    "aac": ("adts", "aac"),
    "webm-sound": ("webm", "libopus"),
    "aiff": ("aiff", "pcm_s16be"),
    "wma": ("asf", "wmav2"),
    "mp2": ("mp2", "mp2"),
}
VIDEOS = {
    "mp4": ("mp4", "libx264"),
    "mov": ("mov", "libx264"),
    "mkv": ("matroska", "libx264"),
    "webm": ("webm", "libvpx-vp9"),
    "avi": ("avi", "mpeg4"),
    "flv": ("flv", "flv"),
    "wmv": ("asf", "wmv2"),
    "ts": ("mpegts", "mpeg2video"),
    "3gp": ("3gp", "h263"),
}
PICTURES = {
    "png": "PNG",
    "jpeg": "JPEG",
    "webp": "WEBP",
    "gif": "GIF",
    "bmp": "BMP",
    "tiff": "TIFF",
    "avif": "AVIF",
    "ico": "ICO",
    "ppm": "PPM",
}
FORMATS = (*SOUNDS, *VIDEOS, *PICTURES)
_RATE = 16_000


def kind_of(name: str) -> str:
    """`audio`, `video` or `image`."""
    return "audio" if name in SOUNDS else "video" if name in VIDEOS else "image"


@cache
def sample(name: str) -> bytes:
    """A whole file of the format: a tone of 0.3 s, a moving picture of as long, or a picture."""
    if name in PICTURES:
        return picture_file(gradient(), PICTURES[name])
    if name in SOUNDS:
        return _sound_file(*SOUNDS[name])
    return video_file(*VIDEOS[name])


def gradient(width: int = 64, height: int = 48) -> PIL.Image.Image:
    """A picture that no codec makes to nothing."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x * 255 // width, y * 255 // height, (x ^ y) & 0xFF], -1)
    return PIL.Image.fromarray(pixels.astype(np.uint8))


def picture_file(picture: PIL.Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, file_format, **options)
    return file.getvalue()


def _sound_file(container: str, codec: str, duration_s: float = 0.3) -> bytes:
    file = io.BytesIO()
    times_s = np.arange(round(duration_s * _RATE)) / _RATE
    samples = (0.4 * np.sin(2 * np.pi * 440 * times_s)).astype(np.float32)
    with av.open(file, "w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=_RATE, layout="mono")
        stream.bit_rate = 32_000
        for start in range(0, len(samples), 1024):
            frame = av.AudioFrame.from_ndarray(samples[None, start : start + 1024], "fltp", "mono")
            frame.sample_rate, frame.pts = _RATE, start
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def video_file(
    container: str,
    codec: str,
    *,
    num_frames: int = 8,
    size: tuple[int, int] = (176, 144),
    fps: int = 25,
) -> bytes:
    """A silent video of `size` (width, height) whose pictures differ."""
    file = io.BytesIO()
    picture = np.asarray(gradient(*size))
    with av.open(file, "w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for number in range(num_frames):
            moved = np.ascontiguousarray(np.roll(picture, 4 * number, axis=1))
            output.mux(stream.encode(av.VideoFrame.from_ndarray(moved, "rgb24")))
        output.mux(stream.encode(None))
    return file.getvalue()
