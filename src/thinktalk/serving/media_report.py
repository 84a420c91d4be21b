"""What callers are told of their media: what was sent, what of it is used, and what became less.

Values for people and programs to read; nothing is decided here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from thinktalk.conversation import AudioPart, ImagePart, VideoPart
from thinktalk.events import Report
from thinktalk.media import budget
from thinktalk.media.fitting import Cost, Item, Plan, Portion, Rules
from thinktalk.media.types import FrameSampling
from thinktalk.serving.attachments import Found

_SLACK_S = 1.0  # by so much headers may be off
_NAMED = 3  # items that a summary tells of one by one
_CLEARLY = 0.97  # below this share of the pixels there are fewer, not only other rounding


@dataclass(frozen=True, slots=True)
class Used:
    """What an engine gets of an item: 0 where there is no such thing, or nobody knows yet."""

    num_frames: int = 0
    width: int = 0
    height: int = 0
    duration_s: float = 0.0

    @classmethod
    def of(cls, part: ImagePart | AudioPart | VideoPart) -> Used:
        """As it was decoded."""
        match part:
            case ImagePart():
                return cls(1, part.image.width, part.image.height)
            case VideoPart():
                first = part.video.frames[0].image
                size = first.width, first.height
                return cls(len(part.video.frames), *size, part.video.duration_s)
            case AudioPart():
                return cls(duration_s=part.audio.duration_s)

    @classmethod
    def expected(cls, portion: Portion, frames: FrameSampling, rules: Rules) -> Used:
        """As it would be decoded, before anybody does; of a video without change it may be less."""
        item, hints = portion.item, portion.hints
        if item.kind == "audio":
            return cls()
        if item.kind == "image":
            # Only who asks for fewer pixels, or has no room for more, gets fewer.
            _, most = budget.image_bounds(rules.family, rules.high_resolution, hints)
            cap = most if hints.max_pixels else math.inf
            return cls(1, *_within(item.width, item.height, cap))
        narrowed = frames.narrowed(hints, budget.min_frame_pixels(rules.family))
        num_frames = int(portion.cost.duration_s * min(narrowed.fps, item.fps))
        num_frames = max(1, min(narrowed.max_frames, num_frames))
        cap = min(narrowed.max_pixels, narrowed.max_total_pixels // num_frames)
        return cls(num_frames, *_within(item.width, item.height, cap, multiple=2))


def media_report(found: Sequence[Found], plan: Plan, used: Sequence[Used]) -> Report | None:
    """The report on what was reduced, or None where nothing was."""
    items = [item for item in described(found, plan, used) if item["changes"]]
    if not items and not plan.is_split:
        return None
    data = {
        "policy": plan.policy,
        "tokens": tokens_of(plan),
        "items": items,
        "summary": summary(plan, items),
    }
    return Report("media_report", data)


def tokens_of(plan: Plan) -> dict[str, int]:
    """Documented tokens of the whole prompt, its text estimated."""
    return {
        "sent": plan.sent_tokens,
        "used": plan.used_tokens,
        "limit": plan.rules.context_tokens,
    }


def described(found: Sequence[Found], plan: Plan, used: Sequence[Used]) -> list[dict[str, Any]]:
    """Each item: as it was sent, as it is used, what became less and by whose doing."""
    rows = zip(found, plan.sent, plan.portions, used, strict=True)
    return [_item(one, sent, portion, seen) for one, sent, portion, seen in rows]


def summary(plan: Plan, items: Sequence[dict[str, Any]]) -> str:
    """One line, ASCII, for a person."""
    limit, sent, used = plan.rules.context_tokens, plan.sent_tokens, plan.used_tokens
    tokens = f"{sent} tokens" if sent == used else f"{sent} to {used} tokens"
    line = f"{plan.policy}: {tokens}, limit {limit}"
    if plan.is_split:
        line += ", worked through in parts"
    changed = [item for item in items if item["changes"]]
    for item in changed[:_NAMED]:
        line += f"; {item['kind']} at {item['part']}: {', '.join(item['changes'])}"
    if len(changed) > _NAMED:
        line += f"; and {len(changed) - _NAMED} more"
    return line


def _item(found: Found, sent: Cost, portion: Portion, seen: Used) -> dict[str, Any]:
    item = found.item
    whole = Used(sent.num_frames, item.width, item.height)
    changes, by = _changes(item, sent, portion, seen)
    return {
        "part": found.part,
        "kind": item.kind,
        "sent": _figures(sent, whole),
        "used": _figures(portion.cost, seen),
        "changes": changes,
        "by": by,
    }


def _figures(cost: Cost, seen: Used) -> dict[str, Any]:
    """What there is of it. `counted` is the size that the tokens are counted at."""
    figures: dict[str, Any] = {"tokens": cost.total}
    if cost.duration_s:
        figures["seconds"] = round(seen.duration_s or cost.duration_s, 3)
    if cost.num_frames:
        figures["frames"] = seen.num_frames
    if seen.width:
        figures |= {"width": seen.width, "height": seen.height, "pixels": seen.width * seen.height}
        figures |= {"counted": f"{cost.width}x{cost.height}", "picture_tokens": cost.tokens}
    if cost.audio_tokens:
        figures["audio_tokens"] = cost.audio_tokens
    return figures


def _changes(item: Item, sent: Cost, portion: Portion, seen: Used) -> tuple[list[str], list[str]]:
    """What became less, in words, and by whose doing: policy, engine, the file's own."""
    changes, by = [], set()
    if portion.hints != item.hints or portion.keep_s < item.duration_s:
        by.add("policy")
    if portion.keep_s < item.duration_s:
        changes.append(f"first {portion.keep_s:g} of {item.duration_s:.0f} s")
    if 0 < seen.duration_s < min(portion.keep_s, item.duration_s) - _SLACK_S:
        changes.append(f"the file ends after {seen.duration_s:.1f} of {item.duration_s:.1f} s")
        by.add("file")
    if item.kind == "video" and seen.num_frames < sent.num_frames:
        changes.append(f"{sent.num_frames} to {seen.num_frames} frames")
        if seen.num_frames < portion.cost.num_frames:
            by.add("engine")
    wanted = min(item.width * item.height, item.hints.max_pixels or math.inf)
    if seen.width * seen.height < wanted * _CLEARLY:
        changes.append(f"{item.width}x{item.height} to {seen.width}x{seen.height}")
        allowed = min(wanted, portion.hints.max_pixels or math.inf)
        if seen.width * seen.height < allowed * _CLEARLY:
            by.add("engine")
    return changes, sorted(by, reverse=True)


def _within(width: int, height: int, max_pixels: float, *, multiple: int = 1) -> tuple[int, int]:
    if width * height <= max_pixels:
        return width, height
    scale = math.sqrt(max_pixels / (width * height))
    fitted = (max(1, int(side * scale) // multiple) * multiple for side in (width, height))
    return next(fitted), next(fitted)
