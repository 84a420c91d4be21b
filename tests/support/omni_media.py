"""Pictures, videos and sounds of noise, the same each time, and requests made of them."""

from __future__ import annotations

import numpy as np

from thinktalk.conversation import AudioPart, ImagePart, Message, Part, Role, TextPart, VideoPart
from thinktalk.engines.base import GenerateRequest
from thinktalk.media.types import Audio, Frame, Image, Video


def image(width: int, height: int, seed: int = 0) -> Image:
    noise = np.random.default_rng(seed)
    return Image(noise.integers(0, 256, (height, width, 3), dtype=np.uint8))


def audio(num_samples: int, sample_rate: int = 16_000) -> Audio:
    noise = np.random.default_rng(num_samples)
    return Audio(noise.normal(0, 0.1, num_samples).astype(np.float32), sample_rate)


def video(
    num_frames: int,
    sound: Audio | None = None,
    size: tuple[int, int] = (448, 320),
    step_s: float = 0.5,
) -> Video:
    """Frames `step_s` apart, by default of a size that no rule changes."""
    frames = tuple(Frame(n * step_s, image(*size, seed=n)) for n in range(num_frames))
    return Video(frames, sound, num_frames * step_s, *size)


def say(role: Role, *content: str | Image | Audio | Video) -> Message:
    return Message(role, tuple(map(_part, content)))


def ask(*content: str | Image | Audio | Video) -> GenerateRequest:
    """One turn of a user's."""
    return GenerateRequest(messages=(say("user", *content),))


def _part(content: str | Image | Audio | Video) -> Part:
    match content:
        case str():
            return TextPart(content)
        case Image():
            return ImagePart(content)
        case Audio():
            return AudioPart(content)
    return VideoPart(content)
