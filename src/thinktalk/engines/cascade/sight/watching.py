"""Watches a video: the frames that differ are read and named, and told with the speech.

Knows nothing of files; how frames were sampled is the caller's business.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import cv2
import numpy as np
import numpy.typing as npt

from thinktalk.engines.base import Segment
from thinktalk.engines.cascade.sight.colours import colours
from thinktalk.engines.cascade.sight.eyes import Eyes
from thinktalk.engines.cascade.sight.notes import things
from thinktalk.media.types import Frame, Video

_MAX_LOOKS = 12
_BUDGET_S = 12.0
_THUMBNAIL = (128, 72)
_STEP = 16.0  # grey levels of 255 by which a pixel of the thumbnail has changed, noise has not
_MIN_CHANGE = 0.001  # share of such pixels: a new word on a still screen
_MAX_CHARACTERS = 4000
_SHORTEST_ROW = 80
# From this share of matching characters on a line has only flickered; in a short line, where a
# letter is a good part and a figure may be all that changes, from the second.
_SAME_TEXT, _SAME_SHORT_TEXT = 0.75, 0.85
_SHORT_LINE = 20


@dataclass(frozen=True, slots=True)
class Remark:
    """Something seen or heard from `start_s` on."""

    start_s: float
    text: str


async def watch(eyes: Eyes, video: Video, segments: Sequence[Segment]) -> str:
    """Tell a video with its recognised speech, in a few lines.

    Looks at no more than a dozen frames, the most different first, for at most some seconds:
    what was not looked at in time is left out, and the story says so.
    """
    chosen = await asyncio.to_thread(changed_frames, video.frames)
    deadline = time.monotonic() + _BUDGET_S
    looks: list[tuple[float, tuple[str, ...], str]] = []
    num_looked = 0
    for frame in by_spread(chosen):
        if num_looked and time.monotonic() > deadline:
            break
        looks.append(await _look(eyes, frame))
        num_looked += 1
    remarks = on_screen(sorted(looks)) + [
        Remark(segment.start_s, f'said: "{segment.text.strip()}"') for segment in segments
    ]
    head = f"Video, {video.duration_s:.0f} s, {video.width}x{video.height}"
    head += ", no sound." if video.audio is None else ("." if segments else ", no speech heard.")
    if num_looked < len(chosen):
        head += f" {num_looked} of {len(chosen)} differing pictures were looked at."
    return "\n".join([head, *timeline(remarks)])


def changed_frames(frames: Sequence[Frame], limit: int = _MAX_LOOKS) -> list[Frame]:
    """The first frame and those that differ from the last one kept; the most different if many."""
    kept: list[tuple[float, Frame]] = []
    last: npt.NDArray[np.float32] | None = None
    for frame in frames:
        thumbnail = _thumbnail(frame)
        change = 1.0 if last is None else float((np.abs(thumbnail - last) > _STEP).mean())
        if change >= _MIN_CHANGE:
            kept.append((change, frame))
            last = thumbnail
    strongest = sorted(kept, key=lambda item: item[0], reverse=True)[:limit]
    return sorted((frame for _, frame in strongest), key=lambda frame: frame.time_s)


def by_spread(frames: Sequence[Frame]) -> list[Frame]:
    """First, last, then the middles: whenever time runs out, the whole video was covered."""
    if len(frames) <= 2:
        return list(frames)
    order, waiting = [frames[0], frames[-1]], [(0, len(frames) - 1)]
    while waiting:
        low, high = waiting.pop(0)
        middle = (low + high) // 2
        if middle in (low, high):
            continue
        order.append(frames[middle])
        waiting += [(low, middle), (middle, high)]
    return order


def on_screen(looks: Iterable[tuple[float, tuple[str, ...], str]]) -> list[Remark]:
    """What appears on screen, each text once while it stays; looks are (time, lines, things)."""
    remarks: list[Remark] = []
    shown: tuple[str, ...] = ()
    named = ""
    for time_s, lines, thing in looks:
        fresh = [line for line in lines if not any(_is_same(line, old) for old in shown)]
        if fresh:
            remarks.append(Remark(time_s, f"on screen: {' | '.join(fresh)}"))
        if thing and thing != named:
            remarks.append(Remark(time_s, thing))
        shown, named = lines, thing or named
    return remarks


def timeline(remarks: Iterable[Remark], max_characters: int = _MAX_CHARACTERS) -> list[str]:
    """Rows such as `0:03 on screen: Menu`, in time order.

    What does not fit is left out evenly, and a last row says how much; the longest are cut.
    """
    rows = [
        (remark.start_s, f"{_clock(remark.start_s)} {remark.text}")
        for remark in sorted(remarks, key=lambda remark: remark.start_s)
    ]
    total = sum(len(row) for _, row in rows)
    if total <= max_characters or not rows:
        return [row for _, row in rows]
    longest = max(_SHORTEST_ROW, max_characters // len(rows))
    count = min(len(rows), max(1, max_characters // longest))
    kept = [rows[index * len(rows) // count][1] for index in range(count)]
    cut = [row if len(row) <= longest else row[: longest - 1] + "…" for row in kept]
    return cut if count == len(rows) else [*cut, f"({len(rows) - count} more moments left out)"]


async def _look(eyes: Eyes, frame: Frame) -> tuple[float, tuple[str, ...], str]:
    lines = await eyes.read(frame.image)
    named = ""
    if len(lines) <= 3 and (await asyncio.to_thread(colours, frame.image.pixels)).is_photo:
        seen = await eyes.name(frame.image)
        named = things(seen) if seen else ""
    return frame.time_s, tuple(line.text for line in lines), named


def _is_same(one: str, other: str) -> bool:
    if one == other:
        return True
    alike = SequenceMatcher(None, one, other).ratio()
    if max(len(one), len(other)) > _SHORT_LINE:
        return alike >= _SAME_TEXT
    return alike >= _SAME_SHORT_TEXT and _figures(one) == _figures(other)


def _figures(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _thumbnail(frame: Frame) -> npt.NDArray[np.float32]:
    small = cv2.resize(frame.image.pixels, _THUMBNAIL, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)


def _clock(time_s: float) -> str:
    return f"{int(time_s) // 60}:{int(time_s) % 60:02d}"
