"""How much of a conversation an engine is given: estimates, made without it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from thinktalk.conversation import AudioPart, ImagePart, Message, Part, TextPart, VideoPart
from thinktalk.engines.base import Capabilities

_BYTES_PER_TOKEN = 4  # of UTF-8: about 4 letters, or 1.3 Chinese characters
_MARKS = 5  # tokens around a message
# What is dropped makes an engine read all that stays anew: so it is much at a time, and seldom.
_KEPT = 0.75
_REPLY_TOKENS = 1024


@dataclass(frozen=True, slots=True)
class Room:
    """`context_tokens` by the documented costs of media; an engine has its own besides."""

    context_tokens: int
    capabilities: Capabilities

    def latest(self, always: Sequence[Message], turns: Sequence[Sequence[Message]]) -> int:
        """How many of the last turns there is room for beside `always`; one at least.

        Where it is not for all, it leaves a quarter free.
        """
        first, sizes = self._share(always), [self._share(turn) for turn in turns]
        if first + sum(sizes) <= 1.0:
            return len(turns)
        taken, kept = first, 0
        for size in reversed(sizes):
            taken += size
            if kept and taken > _KEPT:
                break
            kept += 1
        return kept

    def _share(self, messages: Iterable[Message]) -> float:
        """What messages take of the room, of which the whole is 1."""
        documented = real = 0.0
        for message in messages:
            calls = sum(len(call.name) + len(call.arguments) for call in message.tool_calls)
            real += _MARKS + calls / _BYTES_PER_TOKEN
            for part in message.parts:
                billed, taken = _tokens(part), self._taken(part)
                documented += billed
                real += taken
        costs, window = self.capabilities.costs, self.capabilities.context_tokens
        reply_tokens = costs.reply_tokens if costs else _REPLY_TOKENS
        return max(
            documented / self.context_tokens, real / max(1, window - min(reply_tokens, window // 2))
        )

    def _taken(self, part: Part) -> float:
        """Tokens of the engine's own window."""
        costs = self.capabilities.costs
        if costs is None or isinstance(part, TextPart):
            return _tokens(part)
        match part:
            case ImagePart(image):
                return costs.image_tokens(image.width, image.height)
            case AudioPart(audio):
                return math.ceil(audio.duration_s * costs.speech_per_s)
            case VideoPart(video):
                sound_s = video.audio.duration_s if video.audio else 0.0
                shown = video.frames[0].image if video.frames else None
                pictures = (
                    costs.video_tokens(len(video.frames), shown.width, shown.height) if shown else 0
                )
                return pictures + math.ceil(sound_s * costs.speech_per_s)


def _tokens(part: Part) -> float:
    """By the documented rules; of text about."""
    match part:
        case TextPart(text):
            return len(text.encode()) / _BYTES_PER_TOKEN
        case VideoPart():
            return part.tokens + part.audio_tokens
        case _:
            return part.tokens
