"""A long video for benchmarks: camera pans over textures, things that move, cuts, and sound."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8]

_FPS, _SOUND_RATE = 30, 48_000
_SCENE_S = 8
_MARGIN = 256  # pixels that a camera may travel


def write_video(path: Path, duration_s: int, width: int = 1280, height: int = 720) -> None:
    """H.264 with B-frames at about 2 Mbit/s, 30 frames a second, with AAC stereo."""
    partial = path.with_suffix(".partial")
    with av.open(str(partial), "w", format="mp4", options={"movflags": "faststart"}) as output:
        pictures: Any = output.add_stream(
            "libx264", rate=_FPS, options={"preset": "veryfast", "crf": "23"}
        )
        pictures.width, pictures.height, pictures.pix_fmt = width, height, "yuv420p"
        track: Any = output.add_stream("aac", rate=_SOUND_RATE, layout="stereo")
        sound = _sound()
        for index, planes in enumerate(_planes(duration_s * _FPS, width, height)):
            frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, _FPS)
            output.mux(pictures.encode(frame))
            if index % _FPS == 0:
                for piece in next(sound):
                    output.mux(track.encode(piece))
        output.mux(pictures.encode(None))
        output.mux(track.encode(None))
    partial.rename(path)


def _planes(num_frames: int, width: int, height: int) -> Iterator[Plane]:
    """Frames in YUV 4:2:0, planes below each other: shape (height * 3 / 2, width)."""
    rng = np.random.default_rng(0)
    scene: list[Plane] = []
    grain = rng.normal(0, 2.5, (height + 64, width + 64)).astype(np.int8)
    for index in range(num_frames):
        moment = index % (_SCENE_S * _FPS)
        if moment == 0:
            scene = [texture(rng, width + _MARGIN, height + _MARGIN)]
            half = (width + _MARGIN) // 2, (height + _MARGIN) // 2
            scene += [texture(rng, *half) // 3 + 85 for _ in range(2)]
            pan = rng.integers(-1, 2, 2)
        # Even steps, so that the colours, at half the size, move with it.
        left, top = (_MARGIN // 2 + pan * moment // 2 * 2 * 15 // 30).tolist()
        left, top = left // 2 * 2, top // 2 * 2
        parts = []
        for number, plane in enumerate(scene):
            divisor = 1 if number == 0 else 2
            y, x = top // divisor, left // divisor
            part = plane[y : y + height // divisor, x : x + width // divisor].copy()
            if number == 0:
                dy, dx = rng.integers(0, 64, 2)
                part += grain[dy : dy + height, dx : dx + width].view(np.uint8)
            for ball in range(3):
                _draw(
                    part,
                    ball,
                    index,
                    divisor,
                    level=60 + 70 * ball if number == 0 else 90 + 40 * ball,
                )
            parts.append(part.reshape(-1, width))
        yield np.concatenate(parts)


def texture(rng: np.random.Generator, width: int, height: int) -> Plane:
    """Noise of all sizes, the coarse the strongest, as in photographs."""
    total = np.zeros((height, width), np.float32)
    for size in (256, 128, 64, 32, 16, 8, 4, 2):
        coarse = rng.standard_normal((height // size + 2, width // size + 2)).astype(np.float32)
        rows, columns = np.arange(height) / size, np.arange(width) / size
        y, x = rows.astype(int), columns.astype(int)
        v, u = (rows - y)[:, None].astype(np.float32), (columns - x)[None].astype(np.float32)
        upper = coarse[y][:, x] * (1 - u) + coarse[y][:, x + 1] * u
        lower = coarse[y + 1][:, x] * (1 - u) + coarse[y + 1][:, x + 1] * u
        total += (upper * (1 - v) + lower * v) * size**0.4
    total -= total.min()
    return (16 + 219 * total / total.max()).astype(np.uint8)


def _draw(plane: Plane, ball: int, index: int, divisor: int, level: int) -> None:
    """A square with stripes that goes its own way."""
    side = (120 + 40 * ball) // divisor
    height, width = plane.shape
    speed = (3 + 2 * ball) // 1
    y = _bounced(index * speed // divisor, height - side)
    x = _bounced(index * (speed + 2) // divisor, width - side)
    plane[y : y + side, x : x + side] = level
    plane[y : y + side : 8, x : x + side] = 200


def _bounced(way: int, room: int) -> int:
    return room - abs(room - way % (2 * room))


def _sound() -> Iterator[list[av.AudioFrame]]:
    """A second of stereo at a time: tones that change, and noise, in frames of 1,024 samples."""
    rng = np.random.default_rng(1)
    position, rest = 0, np.zeros((2, 0), np.float32)
    while True:
        time_s = (position + rest.shape[1] + np.arange(_SOUND_RATE)) / _SOUND_RATE
        tones = np.stack([np.sin(2 * np.pi * hz * time_s) for hz in rng.uniform(200, 2000, 2)])
        fresh = 0.3 * tones + 0.02 * rng.standard_normal(tones.shape)
        rest = np.concatenate([rest, fresh.astype(np.float32)], axis=1)
        frames = []
        while rest.shape[1] >= 1024:
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(rest[:, :1024]), "fltp", "stereo"
            )
            frame.sample_rate, frame.pts = _SOUND_RATE, position
            frames.append(frame)
            position, rest = position + 1024, rest[:, 1024:]
        yield frames
