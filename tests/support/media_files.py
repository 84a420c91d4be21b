"""Media files made in code, as bytes, in place of files that would have to be kept."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import PIL.Image

Pixels = npt.NDArray[np.uint8]


def tone(
    duration_s: float, sample_rate: int = 16_000, *, hz: float = 440.0, level: float = 0.5
) -> npt.NDArray[np.float32]:
    """A sine, shape (num_samples,)."""
    phase = 2 * np.pi * hz * np.arange(round(duration_s * sample_rate)) / sample_rate
    return (level * np.sin(phase)).astype(np.float32)


def picture(width: int = 64, height: int = 48) -> Pixels:
    """Four fields: red, green / blue, white, shape (height, width, 3)."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (255, 0, 0)
    pixels[: height // 2, width // 2 :] = (0, 255, 0)
    pixels[height // 2 :, : width // 2] = (0, 0, 255)
    pixels[height // 2 :, width // 2 :] = 255
    return pixels


def blocks_at(time_s: float) -> Pixels:
    """Something different in each frame, so that every B-frame counts."""
    rng = np.random.default_rng(int(time_s))
    blocks = rng.integers(0, 256, (15, 20, 3), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    return np.roll(blocks, round(time_s * 60), axis=1)


def image_file(pixels: Pixels | PIL.Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image = pixels if isinstance(pixels, PIL.Image.Image) else PIL.Image.fromarray(pixels)
    image.save(file, file_format, **options)
    return file.getvalue()


def audio_file(
    samples: npt.NDArray[np.float32],
    sample_rate: int = 16_000,
    *,
    container: str = "wav",
    codec: str = "pcm_s16le",
    layout: str | None = None,
    options: dict[str, str] | None = None,
) -> bytes:
    """Encode by FFmpeg, with `options` of the encoder.

    `samples`: float32, shape (num_samples,) or (num_channels, num_samples).
    """
    channels = np.atleast_2d(samples)
    layout = layout or ("mono" if len(channels) == 1 else "stereo")
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream: Any = output.add_stream(
            codec, rate=sample_rate, layout=layout, options=options or {}
        )
        _set_bit_rate(stream, codec)
        _mux_sound(output, stream, channels, sample_rate, layout)
    return file.getvalue()


def video_file(
    duration_s: float = 2.0,
    *,
    fps: int = 10,
    size: tuple[int, int] = (160, 120),
    container: str = "mp4",
    codec: str = "libx264",
    sound: npt.NDArray[np.float32] | None = None,
    sound_codec: str = "aac",
    picture_at: Callable[[float], Pixels] | None = None,
    times_s: Iterable[float] | None = None,
    rotation: int = 0,
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
) -> bytes:
    """A video of `size` (width, height); by default grey, rising from 0 to 240 in its course.

    Args:
        sound: 16 kHz mono, or None for no track.
        picture_at: draws the frame at a time in seconds.
        times_s: time stamps of the frames, for a variable frame rate.
        rotation: degrees to turn counterclockwise for showing, written as a display matrix.
        options: of the encoder.
    """
    file = io.BytesIO()
    times = (
        list(times_s) if times_s is not None else [i / fps for i in range(round(duration_s * fps))]
    )
    with av.open(file, "w", format=container, options=container_options or {}) as output:
        stream: Any = output.add_stream(codec, rate=fps, options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = Fraction(1, 1000)
        track: Any = None
        if sound is not None:
            track = output.add_stream(sound_codec, rate=16_000, layout="mono")
            _set_bit_rate(track, sound_codec)
        if rotation:
            stream.set_display_rotation(rotation)
        for time_s in times:
            pixels = picture_at(time_s) if picture_at else _grey(time_s / duration_s, size)
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            frame.pts, frame.time_base = round(time_s * 1000), Fraction(1, 1000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if sound is not None:
            _mux_sound(output, track, np.atleast_2d(sound), 16_000, "mono")
    return file.getvalue()


def flac_that_states(num_samples: int, flac: bytes) -> bytes:
    """The same file with another total in its header."""
    data = bytearray(flac)
    data[21] &= 0xF0  # 36 bits, the upper four beside the width of a sample
    data[22:26] = num_samples.to_bytes(4, "big")
    return bytes(data)


def _grey(share: float, size: tuple[int, int]) -> Pixels:
    return np.full((size[1], size[0], 3), round(240 * share), np.uint8)


def _set_bit_rate(stream: Any, codec: str) -> None:
    if codec.startswith("wma"):  # its encoder has no default
        stream.bit_rate = 64_000


def _mux_sound(
    output: Any, stream: Any, channels: npt.NDArray[np.float32], sample_rate: int, layout: str
) -> None:
    step = 1024
    for start in range(0, channels.shape[1], step):
        piece = np.ascontiguousarray(channels[:, start : start + step])
        frame = av.AudioFrame.from_ndarray(piece, "fltp", layout)
        frame.sample_rate, frame.pts = sample_rate, start
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))
