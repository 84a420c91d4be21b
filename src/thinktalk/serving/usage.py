"""What an answer costs in the documented tokens of the hosted service.

Billing code of callers depends on these numbers, so they follow the published rules, not what our
own models spend. Media parts carry their figure (`media.budget`); text is counted by the engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from thinktalk.conversation import AudioPart, ImagePart, Message, TextPart, VideoPart
from thinktalk.engines.base import GenerateRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptCost:
    """Documented tokens of the media in a prompt; the sound of a video counts as audio."""

    audio: int = 0
    image: int = 0
    video: int = 0
    audio_s: float = 0.0

    @property
    def total(self) -> int:
        return self.audio + self.image + self.video


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsage:
    """Tokens of one request and its answers."""

    prompt_text: int = 0
    prompt_audio: int = 0
    prompt_image: int = 0
    prompt_video: int = 0
    completion_text: int = 0
    completion_audio: int = 0

    @property
    def prompt(self) -> int:
        return self.prompt_text + self.prompt_audio + self.prompt_image + self.prompt_video

    @property
    def completion(self) -> int:
        return self.completion_text + self.completion_audio

    @property
    def total(self) -> int:
        return self.prompt + self.completion


def prompt_cost(messages: Iterable[Message]) -> PromptCost:
    """Add up the media of a conversation."""
    audio = image = video = 0
    audio_s = 0.0
    for message in messages:
        for part in message.parts:
            match part:
                case AudioPart():
                    audio += part.tokens
                    audio_s += part.audio.duration_s
                case ImagePart():
                    image += part.tokens
                case VideoPart():
                    video += part.tokens
                    audio += part.audio_tokens
                    audio_s += part.video.audio.duration_s if part.video.audio else 0.0
    return PromptCost(audio=audio, image=image, video=video, audio_s=audio_s)


def least_text_tokens(request: GenerateRequest) -> int:
    """A lower bound on the text tokens of a request, before any tokenizer has seen it.

    No tokenizer of the family packs more than about 16 bytes of prose into a token on average, so a
    prompt that exceeds the limit by this count exceeds it by any.
    """
    num_bytes = sum(
        len(part.text.encode())
        for message in request.messages
        for part in message.parts
        if isinstance(part, TextPart)
    )
    return num_bytes // 16
