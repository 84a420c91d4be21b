"""What media cost in tokens, by the hosted service's documented rules.

The figures go into `usage` and into the check against the documented context. What a model really
reads is the engine's business: this module knows nothing of engines or of decoding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from thinktalk.media.types import NO_HINTS, ResizeHints

Family = Literal["qwen3.5", "qwen3"]

# One token covers 32x32 pixels of a picture, and of a pair of pictures of a video.
_SIDE = 32
PIXELS_PER_TOKEN = _SIDE * _SIDE
MARKER_TOKENS = 2  # the start and end marks around a picture or a video
_SAMPLED_FPS = 2
_MIN_FRAMES = 2
_HIGH_RESOLUTION_MAX_TOKENS = 16_384
_OUTPUT_AUDIO_TOKENS_PER_S = 12.5


@dataclass(frozen=True, slots=True)
class _Rates:
    """The constants of one model family; all but the rate and the frame count are in tokens."""

    audio_per_s: float
    image_min: int
    image_max: int
    frame_min: int
    frame_max: int
    video_max: int
    max_frames: int


_RATES: dict[Family, _Rates] = {
    "qwen3.5": _Rates(7.0, 24, 1280, 64, 640, 180_224, 2048),
    "qwen3": _Rates(12.5, 4, 1280, 64, 768, 16_384, 128),
}


@dataclass(frozen=True, slots=True)
class ImageCost:
    """A picture as it is billed: at which size, for how many tokens."""

    width: int
    height: int
    tokens: int


@dataclass(frozen=True, slots=True)
class VideoCost:
    """The pictures of a video as they are billed: how many, at which size, for how many tokens."""

    num_frames: int
    width: int
    height: int
    tokens: int


def audio_tokens(duration_s: float, family: Family = "qwen3.5") -> int:
    """Tokens of a recording, or of the sound track of a video; under 1 s counts as 1 s."""
    return _ceil(max(1.0, duration_s) * _RATES[family].audio_per_s)


def output_audio_tokens(duration_s: float) -> int:
    """Tokens of the speech in an answer; none for no speech."""
    return _ceil(duration_s * _OUTPUT_AUDIO_TOKENS_PER_S)


def image_tokens(
    width: int,
    height: int,
    family: Family = "qwen3.5",
    high_resolution: bool = False,
    hints: ResizeHints = NO_HINTS,
) -> int:
    """Tokens of a picture of `width` x `height` pixels."""
    return image_cost(width, height, family, high_resolution, hints).tokens


def image_cost(
    width: int,
    height: int,
    family: Family = "qwen3.5",
    high_resolution: bool = False,
    hints: ResizeHints = NO_HINTS,
) -> ImageCost:
    """At which size a picture of `width` x `height` pixels is looked at, and its tokens."""
    least, most = image_bounds(family, high_resolution, hints)
    width, height = fitted_size(width, height, least, most)
    return ImageCost(width, height, _tokens_of(width, height) + MARKER_TOKENS)


def image_bounds(family: Family, high_resolution: bool, hints: ResizeHints) -> tuple[int, int]:
    """The fewest and the most pixels of a picture after its resize."""
    rates = _RATES[family]
    max_tokens = _HIGH_RESOLUTION_MAX_TOKENS if high_resolution else rates.image_max
    return _hinted(rates.image_min * PIXELS_PER_TOKEN, max_tokens * PIXELS_PER_TOKEN, hints)


def max_image_tokens(family: Family, high_resolution: bool) -> int:
    """What a picture costs at most, however large it is."""
    most = _HIGH_RESOLUTION_MAX_TOKENS if high_resolution else _RATES[family].image_max
    return most + MARKER_TOKENS


def min_frame_pixels(family: Family) -> int:
    """The fewest pixels of a frame of a video after its resize."""
    return _RATES[family].frame_min * PIXELS_PER_TOKEN


def _hinted(least: int, most: int, hints: ResizeHints) -> tuple[int, int]:
    most = min(most, max(least, hints.max_pixels or most))
    return min(most, max(least, hints.min_pixels or least)), most


def video_tokens(
    width: int,
    height: int,
    duration_s: float,
    source_fps: float = 30.0,
    family: Family = "qwen3.5",
    hints: ResizeHints = NO_HINTS,
) -> int:
    """Tokens of the pictures of a video; its sound costs `audio_tokens` more."""
    return video_cost(width, height, duration_s, source_fps, family, hints).tokens


def video_cost(
    width: int,
    height: int,
    duration_s: float,
    source_fps: float = 30.0,
    family: Family = "qwen3.5",
    hints: ResizeHints = NO_HINTS,
) -> VideoCost:
    """How many frames of a video are looked at, and at which size.

    Args:
        source_fps: pictures per second of the file; a list of frames counts as 2 per second.
    """
    rates = _RATES[family]
    max_frames = min(rates.max_frames, hints.max_frames or rates.max_frames)
    num_frames = _num_frames(duration_s, source_fps, max_frames, hints.fps or _SAMPLED_FPS)
    total_pixels = rates.video_max * PIXELS_PER_TOKEN
    # Two frames share a token, hence twice the pixels; a little over the floor is always allowed.
    share = min(total_pixels, hints.total_pixels or total_pixels) * 2 / num_frames
    min_pixels, most = _hinted(min_frame_pixels(family), rates.frame_max * PIXELS_PER_TOKEN, hints)
    max_pixels = max(min(most, share), min_pixels * 1.05)
    width, height = fitted_size(width, height, min_pixels, max_pixels)
    tokens = math.ceil(num_frames / 2) * _tokens_of(width, height) + MARKER_TOKENS
    return VideoCost(num_frames, width, height, tokens)


def fitted_size(width: int, height: int, min_pixels: float, max_pixels: float) -> tuple[int, int]:
    """Nearest (width, height) in multiples of 32 whose area lies within the bounds.

    Source: the service's published token calculator, which is `smart_resize` of qwen-vl-utils
    with a factor of 32. `round` takes halves to even there, and so it does here.
    """
    fitted = [max(_SIDE, round(side / _SIDE) * _SIDE) for side in (width, height)]
    area = fitted[0] * fitted[1]
    if area > max_pixels:
        shrink = math.sqrt(width * height / max_pixels)
        fitted = [max(_SIDE, math.floor(side / shrink / _SIDE) * _SIDE) for side in (width, height)]
    elif area < min_pixels:
        grow = math.sqrt(min_pixels / (width * height))
        fitted = [math.ceil(side * grow / _SIDE) * _SIDE for side in (width, height)]
    return fitted[0], fitted[1]


def _num_frames(duration_s: float, source_fps: float, max_frames: int, fps: float) -> int:
    total = max(1, round(duration_s * source_fps))
    limit = max(_MIN_FRAMES, min(max_frames, total) // 2 * 2)
    whole_s = math.floor(duration_s)
    counted_s = duration_s if duration_s - whole_s > 1 / _SAMPLED_FPS else whole_s
    return int(min(max(counted_s * fps, _MIN_FRAMES), limit))


def _tokens_of(width: int, height: int) -> int:
    return (width // _SIDE) * (height // _SIDE)


def _ceil(value: float) -> int:
    # Durations are quotients of sample counts; their rounding error must not cost a token.
    return math.ceil(value - 1e-9)
