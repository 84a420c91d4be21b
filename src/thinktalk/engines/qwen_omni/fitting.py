"""What of a conversation there is room for in the window, decided before any of it is read.

Tokens are counted by sizes and lengths, as the readers of pictures and sounds will make them: what
comes out is a smaller request, which they take as it is. Knows nothing of files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

from thinktalk.conversation import AudioPart, ImagePart, Message, Part, TextPart, VideoPart
from thinktalk.engines.base import GenerateRequest
from thinktalk.engines.qwen_omni.pictures import Size, resized
from thinktalk.engines.qwen_omni.prompt import PromptReader
from thinktalk.engines.qwen_omni.sounds import cut
from thinktalk.errors import PromptTooLong
from thinktalk.events import Report
from thinktalk.media.types import Frame, Image, Video

REPLY_TOKENS = 1024  # that are kept for the reply, of a window of usual size
_LEAST_KEPT_S = 1  # what is left of a recording at least
_NAMED = 3  # items that a summary tells of one by one

MediaPart = ImagePart | AudioPart | VideoPart


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A request that there is room for.

    Attributes:
        needed: tokens of it as it was sent, `num_tokens` as it is now, `limit` those that it may
            take, should a recording turn out to be longer than it says. All are 0 where there are
            no media: then nothing was counted.
        changes: what became less, in words.
        kept_s: of each recording and each video that was cut, in order.
    """

    request: GenerateRequest
    window_tokens: int
    needed: int = 0
    num_tokens: int = 0
    limit: int = 0
    changes: tuple[str, ...] = ()
    kept_s: tuple[float, ...] = ()

    def report(self, *, was_longer: bool) -> Report | None:
        """What callers are told, or None where nothing became less.

        Args:
            was_longer: a recording went on for longer than it had said, and was cut then.
        """
        changes = list(self.changes[:_NAMED])
        if len(self.changes) > _NAMED:
            changes.append(f"and {len(self.changes) - _NAMED} more")
        if was_longer:
            changes.append("a recording that goes on for longer than its file says was cut")
        if not changes:
            return None
        window = {
            "limit": self.window_tokens,
            "needed": self.needed,
            "parts": 1,
            "spans": [{"start_s": 0.0, "end_s": kept_s} for kept_s in self.kept_s],
            "how": "trimmed" if self.kept_s or was_longer else "fitted",
            "summary": f"{self.needed} tokens of prompt with all media, the window has "
            f"{self.window_tokens}: {'; '.join(changes)}",
        }
        return Report("media_report", {"window": window})


def fitted(request: GenerateRequest, reader: PromptReader, window_tokens: int) -> Fitted:
    """The request with as much of its media as its policy leaves and the window has room for.

    `fit`, and `split` since nothing is read in parts, leave sound whole and make smaller what takes
    most tokens of pictures, all down to one level: images have fewer pixels, videos too as far as
    frames may, and then fewer frames. `trim` ends all that is longer at one second. Neither takes
    more than a reply needs; where the least of all media leaves a reply less, it is the least.

    Raises:
        PromptTooLong: there is no room for one token of a reply, and the policy makes none.
    """
    parts = [part for message in request.messages for part in message.parts if _is_media(part)]
    if not parts:
        return Fitted(request, window_tokens)
    counting = _Counting(reader, parts, reader.num_text_tokens(request))
    whole = counting.at()
    needed, most = counting.total(whole), window_tokens - _reply_tokens(request, window_tokens)
    is_trimmed, limit = request.media_policy == "trim", window_tokens - 1
    taken = whole
    if needed > most and request.media_policy != "error":
        taken = counting.trimmed(most) if is_trimmed else counting.lowered(most)
    num_tokens = counting.total(taken)
    if num_tokens > limit:
        raise PromptTooLong(needed, limit, counting.remedies(limit))
    rows = list(zip(parts, whole, taken, strict=True))
    less = [row for row in rows if row[1] != row[2]]
    made = iter([_made(*row) for row in rows])
    messages = tuple(_with_media(message, made) for message in request.messages)
    return Fitted(
        request=replace(request, messages=messages),
        window_tokens=window_tokens,
        needed=needed,
        num_tokens=num_tokens,
        limit=max(num_tokens, most) if is_trimmed else limit,
        changes=tuple(_change(*row) for row in less),
        kept_s=tuple(float(look.keep_s) for _, _, look in less if look.keep_s < math.inf),
    )


def _reply_tokens(request: GenerateRequest, window_tokens: int) -> int:
    """What is kept free for the reply."""
    most = request.sampling.max_tokens or REPLY_TOKENS
    return max(1, min(most, REPLY_TOKENS, window_tokens // 4))


@dataclass(frozen=True, slots=True)
class _Look:
    """What is taken of an item: its frames in `size` (an image is one), and its sound.

    `tokens` are of the pictures; `sound_s` is None without sound; `keep_s` is where it was cut.
    """

    num_frames: int = 0
    size: Size = (0, 0)
    tokens: int = 0
    sound_s: float | None = None
    keep_s: float = math.inf


@dataclass(frozen=True, slots=True, eq=False)
class _Counting:
    """What a conversation takes of the window, with all of its media and with less of them."""

    reader: PromptReader
    parts: Sequence[MediaPart]
    text_tokens: int

    def total(self, looks: Sequence[_Look]) -> int:
        """Tokens of the whole prompt."""
        sounds = [look.sound_s for look in looks if look.sound_s is not None]
        pictures = sum(look.tokens for look in looks)
        return self.text_tokens + pictures + self.reader.sounds.num_tokens(sounds)

    def at(self, level: int | None = None, keep_s: float = math.inf) -> list[_Look]:
        """What is taken of each item, of its pictures at most `level` tokens where that can be."""
        return [self._look(part, level, keep_s) for part in self.parts]

    def lowered(self, most: int) -> list[_Look]:
        """Pictures at the highest level at which all takes `most` tokens, or at the lowest."""
        highest = max(look.tokens for look in self.at())
        level = _highest(highest, lambda level: self.total(self.at(level)) <= most)
        return self.at(level)

    def trimmed(self, most: int) -> list[_Look]:
        """All cut at the latest second at which it takes `most` tokens, or at the earliest."""
        longest_s = math.ceil(max(map(_duration_s, self.parts)))
        keep_s = _highest(longest_s, lambda s: self.total(self.at(keep_s=s)) <= most)
        return self.at(keep_s=max(keep_s, _LEAST_KEPT_S))

    def remedies(self, limit: int) -> tuple[str, ...]:
        """The policies that would leave no more than `limit` tokens."""
        least = {"fit": self.at(level=1), "trim": self.at(keep_s=_LEAST_KEPT_S)}
        return tuple(policy for policy, looks in least.items() if self.total(looks) <= limit)

    def _look(self, part: MediaPart, level: int | None, keep_s: float) -> _Look:
        if _duration_s(part) <= keep_s:
            keep_s = math.inf
        match part:
            case ImagePart(image):
                size = self.reader.pictures.image_size(image.width, image.height, level)
                return _Look(1, size, self.reader.pictures.num_tokens(size))
            case AudioPart(audio):
                return _Look(sound_s=min(audio.duration_s, keep_s), keep_s=keep_s)
            case VideoPart(video):
                return self._watched(video, level, keep_s)

    def _watched(self, video: Video, level: int | None, keep_s: float) -> _Look:
        sound_s = min(video.audio.duration_s, keep_s) if video.audio else 0.0
        num_frames = _num_before(keep_s, video.frames)
        if not num_frames:
            return _Look(sound_s=sound_s or None, keep_s=keep_s)
        pictures, first, num_pairs = self.reader.pictures, video.frames[0].image, _pairs(num_frames)
        share = None if level is None else level // num_pairs
        size = pictures.frame_size(first.width, first.height, share)
        a_pair = pictures.num_tokens(size)
        if level is not None and num_pairs * a_pair > level:
            num_pairs = max(1, level // a_pair)
            num_frames = min(num_frames, 2 * num_pairs)
        return _Look(num_frames, size, num_pairs * a_pair, sound_s or None, keep_s)


def _highest(below: int, fits: Callable[[int], bool]) -> int:
    """The highest number under `below` that fits, if what is lower does too; 1 if none does."""
    highest = 1
    while below - highest > 1:
        middle = (highest + below) // 2
        if fits(middle):
            highest = middle
        else:
            below = middle
    return highest


def _pairs(num_frames: int) -> int:
    """Frames are read two by two, an odd one twice."""
    return math.ceil(num_frames / 2)


def _num_before(end_s: float, frames: Sequence[Frame]) -> int:
    """How many frames are shown before a time; the first in any case."""
    return max(min(1, len(frames)), sum(frame.time_s < end_s for frame in frames))


def _duration_s(part: MediaPart) -> float:
    match part:
        case AudioPart(audio):
            return audio.duration_s
        case VideoPart(video):
            return max(video.duration_s, video.audio.duration_s if video.audio else 0.0)
    return 0.0


def _is_media(part: Part) -> TypeGuard[MediaPart]:
    return not isinstance(part, TextPart)


def _with_media(message: Message, made: Iterator[MediaPart]) -> Message:
    """The message with the next of `made` in the place of each item."""
    parts = tuple(next(made) if _is_media(part) else part for part in message.parts)
    return replace(message, parts=parts)


def _made(part: MediaPart, whole: _Look, look: _Look) -> MediaPart:
    """What `look` takes of an item: the very same if that is all."""
    if look == whole:
        return part
    match part:
        case ImagePart(image):
            return replace(part, image=resized(image, look.size))
        case AudioPart(audio):
            return replace(part, audio=cut(audio, look.keep_s))
        case VideoPart(video) if look.keep_s < math.inf:
            return replace(part, video=_begun(video, look))
        case VideoPart(video):
            frames = _spread(video.frames, look.num_frames)
            if look.size != whole.size:
                frames = [replace(f, image=resized(f.image, look.size)) for f in frames]
            return replace(part, video=replace(video, frames=tuple(frames)))


def _begun(video: Video, look: _Look) -> Video:
    return replace(
        video,
        frames=video.frames[: look.num_frames],
        audio=cut(video.audio, look.keep_s) if video.audio else None,
        duration_s=min(video.duration_s, look.keep_s),
    )


def _spread(frames: Sequence[Frame], wanted: int) -> list[Frame]:
    """So many of them, evenly from the first to the last."""
    if wanted == len(frames):
        return list(frames)
    return [frames[round(n * (len(frames) - 1) / (wanted - 1))] for n in range(wanted)]


def _change(part: MediaPart, whole: _Look, look: _Look) -> str:
    """What became less of an item, in words."""
    match part:
        case ImagePart(image):
            return f"image: {_smaller(image, look)}"
        case AudioPart():
            return f"audio: {_beginning(part, look)}"
        case VideoPart() if look.keep_s < math.inf:
            return f"video: {_beginning(part, look)}"
        case VideoPart(video):
            changes = []
            if look.num_frames < whole.num_frames:
                changes.append(f"{whole.num_frames} to {look.num_frames} frames")
            if look.size != whole.size:
                changes.append(_smaller(video.frames[0].image, look))
            return f"video: {', '.join(changes)}"


def _smaller(image: Image, look: _Look) -> str:
    width, height = look.size
    return f"{image.width}x{image.height} to {width}x{height}"


def _beginning(part: MediaPart, look: _Look) -> str:
    return f"first {look.keep_s:g} of {_duration_s(part):.0f} s"
