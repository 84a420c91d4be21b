"""How much of the media of a request is looked at, so that all of it fits the context.

Arithmetic on what the headers of files say, in the documented tokens of `budget`. Knows nothing of
addresses, decoders or engines.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from thinktalk.errors import MediaTooLong, PromptTooLong
from thinktalk.media import budget
from thinktalk.media.budget import Family
from thinktalk.media.sniff import Kind
from thinktalk.media.types import NO_HINTS, ResizeHints
from thinktalk.settings import MediaPolicy

USUAL_FPS = 30.0  # of the videos that are sent; bounds the frames of very short ones only
_LEAST_KEPT_S = 1  # what `trim` leaves of a recording at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a request may cost, in documented tokens and in seconds of sound; by whose prices.

    `has_policies` false: errors name none that would help.
    """

    family: Family = "qwen3.5"
    high_resolution: bool = False
    context_tokens: int = 262_144
    sound_s: float = 36_000.0
    has_policies: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A picture, a recording or a video as it was sent, in pixels as shown and in seconds.

    `sound_s` is the length of its sound track, 0 where it has none. `hints` are the sender's.
    """

    kind: Kind
    width: int = 0
    height: int = 0
    duration_s: float = 0.0
    sound_s: float = 0.0
    fps: float = USUAL_FPS
    hints: ResizeHints = NO_HINTS

    @classmethod
    def recording(cls, duration_s: float) -> Item:
        return cls(kind="audio", duration_s=duration_s, sound_s=duration_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What is looked at and listened to of an item: `tokens` are of pictures, frames included."""

    duration_s: float = 0.0
    sound_s: float = 0.0
    num_frames: int = 0
    width: int = 0
    height: int = 0
    tokens: int = 0
    audio_tokens: int = 0

    @property
    def total(self) -> int:
        return self.tokens + self.audio_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """The part of an item that is used: what `hints` leave of its first `keep_s` seconds."""

    item: Item
    hints: ResizeHints
    keep_s: float
    cost: Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What becomes of the items of a request, in their order.

    `is_split` says that they do not fit even so: whoever answers has to work through them in parts.
    """

    policy: MediaPolicy
    rules: Rules
    text_tokens: int
    sent: tuple[Cost, ...]
    portions: tuple[Portion, ...]
    is_split: bool = False

    @property
    def sent_tokens(self) -> int:
        return self.text_tokens + sum(cost.total for cost in self.sent)

    @property
    def used_tokens(self) -> int:
        return self.text_tokens + sum(portion.cost.total for portion in self.portions)

    @property
    def fits_as_sent(self) -> bool:
        return _fits(self.sent, self.rules, self.text_tokens)


def plan(items: Iterable[Item], policy: MediaPolicy, rules: Rules, text_tokens: int = 0) -> Plan:
    """Decide how much of each item is used.

    `fit` lowers pixels before frames, the most costly items first, no more than is needed; sound it
    leaves whole. `trim` cuts the ends of the longest recordings and videos. `split` takes nothing.

    Raises:
        PromptTooLong, MediaTooLong: they do not fit and the policy is `error`, or is `trim` and
            there is not enough to cut; or the text alone does not fit.
    """
    whole = as_sent(items, policy, rules, text_tokens)
    portions, is_split = whole.portions, False
    if text_tokens > rules.context_tokens:
        raise _refusal(portions, rules, text_tokens)
    if not whole.fits_as_sent:
        match policy:
            case "fit":
                portions, is_split = _fitted(portions, rules, text_tokens)
            case "trim":
                portions = _trimmed(portions, rules, text_tokens)
            case "split":
                is_split = True
            case "error":
                raise _refusal(portions, rules, text_tokens)
    return replace(whole, portions=portions, is_split=is_split)


def as_sent(items: Iterable[Item], policy: MediaPolicy, rules: Rules, text_tokens: int = 0) -> Plan:
    """Everything as it came, whether it fits or not."""
    portions = tuple(_portion(item, rules) for item in items)
    return Plan(
        policy=policy,
        rules=rules,
        text_tokens=text_tokens,
        sent=tuple(portion.cost for portion in portions),
        portions=portions,
    )


def _fits(costs: Iterable[Cost], rules: Rules, text_tokens: int) -> bool:
    tokens, sound_s = text_tokens, 0.0
    for cost in costs:
        tokens, sound_s = tokens + cost.total, sound_s + cost.sound_s
    return tokens <= rules.context_tokens and sound_s <= rules.sound_s


def _portion(
    item: Item, rules: Rules, hints: ResizeHints | None = None, keep_s: float = math.inf
) -> Portion:
    hints = item.hints if hints is None else hints
    return Portion(item=item, hints=hints, keep_s=keep_s, cost=_cost(item, rules, hints, keep_s))


def _cost(item: Item, rules: Rules, hints: ResizeHints, keep_s: float) -> Cost:
    size, family = (item.width, item.height), rules.family
    if item.kind == "image":
        image = budget.image_cost(*size, family, rules.high_resolution, hints)
        return Cost(width=image.width, height=image.height, tokens=image.tokens)
    duration_s, sound_s = min(item.duration_s, keep_s), min(item.sound_s, keep_s)
    audio_tokens = budget.audio_tokens(sound_s, family) if sound_s else 0
    if item.kind == "audio":
        return Cost(duration_s=duration_s, sound_s=sound_s, audio_tokens=audio_tokens)
    video = budget.video_cost(*size, duration_s, item.fps, family, hints)
    return Cost(
        duration_s=duration_s,
        sound_s=sound_s,
        num_frames=video.num_frames,
        width=video.width,
        height=video.height,
        tokens=video.tokens,
        audio_tokens=audio_tokens,
    )


# -- fit

Step = Callable[[Portion, int, Rules], Portion]


def _fitted(
    portions: tuple[Portion, ...], rules: Rules, text_tokens: int
) -> tuple[tuple[Portion, ...], bool]:
    """Pictures and frames that leave room for the sound; where nothing could, for the text."""
    sound = sum(portion.cost.audio_tokens for portion in portions)
    sound_s = sum(portion.cost.sound_s for portion in portions)
    room = rules.context_tokens - text_tokens
    if sound_s <= rules.sound_s:
        fitted = _lowered(portions, room - sound, rules)
        if _picture_tokens(fitted) <= room - sound:
            return fitted, False
    return _lowered(portions, room, rules), True


def _lowered(portions: tuple[Portion, ...], room: int, rules: Rules) -> tuple[Portion, ...]:
    for step in (_coarser, _rarer, _coarsest):
        if _picture_tokens(portions) > room:
            portions = _levelled(portions, step, room, rules)
    return portions


def _levelled(
    portions: tuple[Portion, ...], step: Step, room: int, rules: Rules
) -> tuple[Portion, ...]:
    """Bring what costs most down to one level, the highest at which all have room; or to the floor.

    What costs less than the level stays as it is.
    """

    def at(level: int) -> tuple[Portion, ...]:
        return tuple(step(p, level, rules) if p.cost.tokens > level else p for p in portions)

    fitting, too_high = 0, max(portion.cost.tokens for portion in portions)
    if _picture_tokens(at(fitting)) > room:
        return at(fitting)
    while too_high - fitting > 1:
        level = (fitting + too_high) // 2
        if _picture_tokens(at(level)) <= room:
            fitting = level
        else:
            too_high = level
    return at(fitting)


def _coarser(portion: Portion, tokens: int, rules: Rules) -> Portion:
    """Fewer pixels, but as many as the sender wants at least."""
    return _scaled(portion, tokens, rules, least=portion.hints.min_pixels or 1)


def _rarer(portion: Portion, tokens: int, rules: Rules) -> Portion:
    """Fewer frames; a picture stays as it is."""
    if portion.item.kind != "video":
        return portion
    pair = (portion.cost.tokens - budget.MARKER_TOKENS) // _num_pairs(portion.cost)
    num_pairs = max(1, (tokens - budget.MARKER_TOKENS) // pair)
    hints = replace(portion.hints, max_frames=2 * num_pairs)
    return _portion(portion.item, rules, hints, portion.keep_s)


def _coarsest(portion: Portion, tokens: int, rules: Rules) -> Portion:
    """Fewer pixels than the sender wants: better than none."""
    return _scaled(portion, tokens, rules, least=1)


def _scaled(portion: Portion, tokens: int, rules: Rules, *, least: int) -> Portion:
    share = (tokens - budget.MARKER_TOKENS) // _num_pairs(portion.cost)
    pixels = max(least, share * budget.PIXELS_PER_TOKEN)
    hints = replace(portion.hints, max_pixels=min(portion.hints.max_pixels or pixels, pixels))
    return _portion(portion.item, rules, hints, portion.keep_s)


def _num_pairs(cost: Cost) -> int:
    """Of frames, which are billed two by two; a picture counts as one."""
    return max(1, math.ceil(cost.num_frames / 2))


def _picture_tokens(portions: Iterable[Portion]) -> int:
    return sum(portion.cost.tokens for portion in portions)


# -- trim


def _trimmed(portions: tuple[Portion, ...], rules: Rules, text_tokens: int) -> tuple[Portion, ...]:
    """Cut all that is longer at the same second, the latest at which everything fits."""

    def at(keep_s: int) -> tuple[Portion, ...]:
        return tuple(
            _portion(p.item, rules, p.hints, keep_s) if p.item.duration_s > keep_s else p
            for p in portions
        )

    def fits(keep_s: int) -> bool:
        return _fits((portion.cost for portion in at(keep_s)), rules, text_tokens)

    fitting = _LEAST_KEPT_S
    too_late = math.ceil(max(portion.item.duration_s for portion in portions))
    if not fits(fitting):
        raise _refusal(portions, rules, text_tokens)
    while too_late - fitting > 1:
        second = (fitting + too_late) // 2
        if fits(second):
            fitting = second
        else:
            too_late = second
    return at(fitting)


# -- refusing


def _refusal(
    portions: Sequence[Portion], rules: Rules, text_tokens: int
) -> PromptTooLong | MediaTooLong:
    costs = [portion.cost for portion in portions]
    num_tokens = text_tokens + sum(cost.total for cost in costs)
    remedies = _remedies(portions, rules, text_tokens)
    if num_tokens > rules.context_tokens:
        return PromptTooLong(num_tokens, rules.context_tokens, remedies)
    sound_s = sum(cost.sound_s for cost in costs)
    return MediaTooLong("audio", sound_s, rules.sound_s, remedies, param="messages")


def _remedies(
    portions: Sequence[Portion], rules: Rules, text_tokens: int
) -> tuple[Literal["fit", "trim", "split"], ...]:
    """The policies under which it would be answered: none mends a text that is too long."""
    if text_tokens >= rules.context_tokens or not rules.has_policies:
        return ()
    shortest = [_portion(p.item, rules, p.hints, _LEAST_KEPT_S).cost for p in portions]
    return ("fit", "trim", "split") if _fits(shortest, rules, text_tokens) else ("fit", "split")
