"""Pictures and videos as the patches that the thinker's vision encoder reads.

What Transformers' Qwen2-VL processors make, without torchvision, which its video processor needs.
Knows nothing of prompts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image as Picture
from torch import Tensor
from transformers import Qwen2VLImageProcessorPil

from thinktalk.media.types import Frame, FrameSampling, Image, Pixels, Video

Size = tuple[int, int]  # width, height, in pixels

# What the released processor holds frames to, whatever the checkpoint's files say: 128 to 768
# tokens for each two of them. Source: `videos_kwargs` of Transformers' Qwen3OmniMoeProcessor.
_PIXELS_PER_TOKEN = 32 * 32
_FRAME_PIXELS = (128 * _PIXELS_PER_TOKEN, 768 * _PIXELS_PER_TOKEN)

# Of the 65,536 tokens that a released checkpoint holds, a video's pictures take 24,576 at most: of
# 160 s at two frames a second; the frames of longer ones are further apart. With no more of them,
# each keeps more pixels than the fewest, which it would be enlarged to.
_VIDEO_TOKENS = 24_576
FRAMES = FrameSampling(
    fps=2.0,
    max_frames=320,
    max_pixels=_FRAME_PIXELS[1],
    max_total_pixels=2 * _VIDEO_TOKENS * _PIXELS_PER_TOKEN,
    multiple=32,
)
# Of a window; the rest is for its sound, the question and the reply.
_VIDEO_SHARE = 0.75


def frames_within(window_tokens: int) -> FrameSampling:
    """`FRAMES`, but so few and small that a video leaves room in the window."""
    tokens = min(_VIDEO_TOKENS, int(_VIDEO_SHARE * window_tokens))
    pixels = tokens * _PIXELS_PER_TOKEN
    # Each pair of frames takes the fewest pixels at least.
    most = max(2, 2 * (pixels // _FRAME_PIXELS[0]))
    return replace(FRAMES, max_frames=min(FRAMES.max_frames, most), max_total_pixels=2 * pixels)


# Times between frames are rounded to this, in seconds. So the model, which counts positions as
# float32, lays sound among pictures just as the prompt does, up to position 16,384.
_TICK_S = 1 / 1024


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """Pictures in pieces, one after the other.

    Attributes:
        pixels: (num_patches, 3 * 2 * patch_size**2) float32, about [-1, 1]; each row a patch of
            two frames as (channel, frame, row, column). Patches that are merged into one token
            stand together.
        grids: (num_pictures, 3) int64: pairs of frames, patches down, patches across.
        num_tokens: of each picture.
    """

    pixels: Tensor
    grids: Tensor
    num_tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PictureReader:
    """Cuts pictures up by the figures of a checkpoint.

    `frames_per_patch` is of time; a token is made of `merge_size` x `merge_size` patches. An image
    has between `min_pixels` and `max_pixels`. `mean` and `std` are of the channels, in [0, 1].
    """

    patch_size: int
    merge_size: int
    frames_per_patch: int
    min_pixels: int
    max_pixels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def load(cls, directory: Path) -> PictureReader:
        figures = Qwen2VLImageProcessorPil.from_pretrained(directory, local_files_only=True)
        return cls(
            patch_size=figures.patch_size,
            merge_size=figures.merge_size,
            frames_per_patch=figures.temporal_patch_size,
            min_pixels=figures.size["shortest_edge"],
            max_pixels=figures.size["longest_edge"],
            mean=tuple(figures.image_mean),
            std=tuple(figures.image_std),
        )

    def image_size(self, width: int, height: int, max_tokens: int | None = None) -> Size:
        """The (width, height) in which an image is read, of `max_tokens` at most if that can be."""
        return self._size(width, height, self.min_pixels, self.max_pixels, max_tokens)

    def frame_size(self, width: int, height: int, max_tokens: int | None = None) -> Size:
        """Likewise for the frames of a video, of which each two share their tokens."""
        return self._size(width, height, *_FRAME_PIXELS, max_tokens)

    def num_tokens(self, size: Size) -> int:
        """Of an image, or of two frames, that is read in `size`."""
        return math.prod(size) // self._multiple**2

    def images(self, images: Sequence[Image]) -> Patches:
        """Patches of images, each in the size that the checkpoint's rule gives it."""
        return self._patches(
            [self._scaled([i], self.image_size(i.width, i.height)) for i in images]
        )

    def videos(self, videos: Sequence[Video]) -> Patches:
        """Patches of videos that have frames, all of a video in the size that the first's gives."""
        pictures = []
        for video in videos:
            images = [frame.image for frame in video.frames]
            size = self.frame_size(images[0].width, images[0].height)
            pictures.append(self._scaled(images, size))
        return self._patches(pictures)

    def seconds_per_grid(self, frames: Sequence[Frame]) -> float:
        """How far the frames of one patch are from those of the next, on average.

        A single frame is taken for one of a video at the usual rate.
        """
        steps = [later.time_s - earlier.time_s for earlier, later in pairwise(frames)]
        step_s = sum(steps) / len(steps) if sum(steps) > 0 else 1 / FRAMES.fps
        return max(1, round(step_s * self.frames_per_patch / _TICK_S)) * _TICK_S

    @property
    def _multiple(self) -> int:
        """Of which the sides of a picture are, in pixels: the side of a token."""
        return self.patch_size * self.merge_size

    def _size(
        self, width: int, height: int, min_pixels: int, max_pixels: int, max_tokens: int | None
    ) -> Size:
        multiple = self._multiple
        if max_tokens is None:
            return fitted_size(width, height, multiple, min_pixels, max_pixels)
        most = max(min_pixels, min(max_pixels, max_tokens * multiple**2))
        smaller = fitted_size(width, height, multiple, min_pixels, most)
        # Sides that were rounded down may make less than the least: a picture of that size would be
        # enlarged on reading.
        return fitted_size(*smaller, multiple, min_pixels, max_pixels)

    def _scaled(self, images: Sequence[Image], size: Size) -> Pixels:
        """Frames of one size, as many as whole patches need: (num_frames, height, width, 3)."""
        missing = -len(images) % self.frames_per_patch
        frames = [resized(image, size).pixels for image in images]
        return np.stack([*frames, *[frames[-1]] * missing])

    def _patches(self, pictures: Sequence[Pixels]) -> Patches:
        cut = [np.zeros((0, self._width), np.uint8), *map(self._cut, pictures)]
        grids = np.array([self._grid(frames) for frames in pictures], np.int64).reshape(-1, 3)
        num_tokens = grids.prod(-1) // self.merge_size**2
        pixels = self._normalised(torch.from_numpy(np.concatenate(cut)))
        return Patches(pixels, torch.from_numpy(grids), tuple(num_tokens.tolist()))

    @property
    def _width(self) -> int:
        """Values of one patch."""
        return 3 * self.frames_per_patch * self.patch_size**2

    def _grid(self, frames: Pixels) -> tuple[int, int, int]:
        num_frames, height, width, _ = frames.shape
        patch = self.patch_size
        return num_frames // self.frames_per_patch, height // patch, width // patch

    def _cut(self, frames: Pixels) -> Pixels:
        """(num_frames, height, width, 3) as patches in rows, still of bytes."""
        patch, merge = self.patch_size, self.merge_size
        times, down, across = self._grid(frames)
        high = (down // merge, merge, patch)
        wide = (across // merge, merge, patch)
        parts = frames.reshape(times, self.frames_per_patch, *high, *wide, 3)
        # (time, frame, down, merged, row, across, merged, column, channel), by number:
        rows = parts.transpose(0, 2, 5, 3, 6, 8, 1, 4, 7)
        return rows.reshape(-1, self._width)

    def _normalised(self, pixels: Tensor) -> Tensor:
        """Bytes as float32, by the mean and the deviation of each channel."""
        by_channel = pixels.float().view(len(pixels), 3, self._width // 3)
        by_channel -= torch.tensor(self.mean)[:, None] * 255
        by_channel /= torch.tensor(self.std)[:, None] * 255
        return by_channel.view(len(pixels), self._width)


def fitted_size(width: int, height: int, multiple: int, min_pixels: int, max_pixels: int) -> Size:
    """(width, height) nearest to the given, in multiples of `multiple`, of an area within bounds.

    Source: `smart_resize` of Transformers' Qwen2-VL processors, which rounds halves to even and
    thin sides to nothing before it makes them larger.
    """
    sides = [round(side / multiple) * multiple for side in (width, height)]
    if math.prod(sides) > max_pixels:
        shrink = math.sqrt(height * width / max_pixels)
        sides = [math.floor(side / shrink / multiple) * multiple for side in (width, height)]
        sides = [max(multiple, side) for side in sides]
    elif math.prod(sides) < min_pixels:
        grow = math.sqrt(min_pixels / (height * width))
        sides = [math.ceil(side * grow / multiple) * multiple for side in (width, height)]
    return sides[0], sides[1]


def resized(image: Image, size: Size) -> Image:
    """The image in `size`, (width, height); the very same where that is its own."""
    if (image.width, image.height) == size:
        return image
    picture = Picture.fromarray(image.pixels).resize(size, Picture.Resampling.BICUBIC)
    return Image(np.asarray(picture))
