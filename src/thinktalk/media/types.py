"""Decoded media: samples or pixels with their rate and size. Knows nothing of files."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from thinktalk.media.sniff import Kind

Samples = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """Mono PCM: float32 samples in [-1, 1], shape (num_samples,), at `sample_rate` Hz."""

    samples: Samples
    sample_rate: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Sound too long to be held in memory: decoded anew, piece by piece, whenever it is read.

    Args:
        duration_s: as measured; what the pieces add up to may differ by a little.
        digest: a hash of the content, the same for the same sound.
        read: makes the pieces from a time in seconds on.
    """

    duration_s: float
    digest: str
    read: Callable[[float], AsyncGenerator[Samples, None]]
    sample_rate: int = 16_000

    def pieces(self, start_s: float = 0.0) -> AsyncGenerator[Samples, None]:
        """Yield the samples from `start_s` on, some seconds at a time. Closing stops decoding.

        Raises `MediaError` for what is found wrong on the way.
        """
        return self.read(start_s)


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """RGB pixels, uint8, shape (height, width, 3), upright (EXIF rotation applied)."""

    pixels: Pixels

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a video, `time_s` after its start."""

    time_s: float
    image: Image


@dataclass(frozen=True, slots=True, eq=False)
class Video:
    """Sampled frames in time order, and the sound track (16 kHz) if there is one.

    `width`, `height` and `duration_s` are those of the file that was sent: token costs follow
    from them, not from the frames that were kept.
    """

    frames: tuple[Frame, ...]
    audio: Audio | Recording | None
    duration_s: float
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What the headers of a file say.

    `width` and `height` are of pictures, `fps` is of a video, `sample_rate` of sound; 0
    where there is none.

    `kind` is what is in the file, not what it was sent as: an MP4 without pictures is audio.
    """

    kind: Kind
    container: str
    duration_s: float = 0.0
    width: int = 0
    height: int = 0
    fps: float = 0.0
    has_sound: bool = False
    sample_rate: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ResizeHints:
    """How finely a picture or a video is to be looked at; None leaves the default.

    `fps` and `max_frames` are of a video, as is `total_pixels`, which counts two frames as one.
    Whoever follows the hints clips them to the limits that hold without them.
    """

    fps: float | None = None
    max_frames: int | None = None
    min_pixels: int | None = None
    max_pixels: int | None = None
    total_pixels: int | None = None


NO_HINTS = ResizeHints()


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSampling:
    """Which pictures of a video an engine wants.

    At most `fps` a second and `max_frames` in all (spread evenly over the video), each scaled
    down to `max_pixels` and to its even share of `max_total_pixels`. `min_change` drops a frame
    whose mean absolute difference from the last kept one, on a 64x36 grey thumbnail in [0, 255],
    is lower: 0 keeps all. `multiple` over 1 brings each side to a multiple of it, the nearest where
    there are pixels enough, as vision encoders that see patches want it.
    """

    fps: float = 2.0
    max_frames: int = 2048
    max_pixels: int = 640 * 1024
    max_total_pixels: int = 2 * 180_224 * 1024
    min_change: float = 0.0
    multiple: int = 1

    def narrowed(self, hints: ResizeHints, min_pixels: int) -> FrameSampling:
        """What is left of it by the hints: never more, and no frame below `min_pixels`."""
        pixels, total = hints.max_pixels, hints.total_pixels
        return replace(
            self,
            fps=self.fps if hints.fps is None else min(self.fps, hints.fps),
            max_frames=_narrower(self.max_frames, hints.max_frames, 1),
            max_pixels=_narrower(self.max_pixels, pixels, min_pixels),
            max_total_pixels=_narrower(self.max_total_pixels, total and 2 * total, 2 * min_pixels),
        )


def _narrower(limit: int, hint: int | None, least: int) -> int:
    return limit if hint is None else min(limit, max(hint, least))
