"""Watches a video: scenes, what is written on the screen over time, things, speech, sounds.

All goes into one time line with clock times. Knows nothing of files; how frames were sampled is the
caller's business.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from thinktalk.engines.base import Segment
from thinktalk.engines.cascade.sight.colours import colours
from thinktalk.engines.cascade.sight.cursor import without_cursor
from thinktalk.engines.cascade.sight.glimpses import Glimpse, glimpses
from thinktalk.engines.cascade.sight.listing import Listing, find_listing, is_status
from thinktalk.engines.cascade.sight.notes import things
from thinktalk.engines.cascade.sight.objects import Thing
from thinktalk.engines.cascade.sight.reading import Box, Line, around, rows, with_layout
from thinktalk.engines.cascade.sight.scenes import Scene, find_scenes
from thinktalk.engines.cascade.sight.timeline import Remark, timeline
from thinktalk.engines.cascade.sight.tracebacks import condensed
from thinktalk.engines.cascade.sight.worth import Candidate, by_worth, candidates, tells_more
from thinktalk.engines.cascade.sight.written import (
    Look,
    Text,
    is_same_text,
    listings,
    on_screen,
    standing_since,
)
from thinktalk.engines.cascade.sounds import between_words
from thinktalk.media.activity import SpanRules
from thinktalk.media.types import Frame, Image, Video

# Grows with the video: who sends an hour waits for its speech to be recognised anyway.
_LOOKS, _MOST_LOOKS, _LOOKS_PER_S = 12, 60, 1 / 30
_BUDGET_S, _LONGEST_BUDGET_S = 12.0, 60.0
_FEW_LINES = 3
_OVERLAP = 0.34  # of the rows of a look that are also in the next: nothing between was missed


class Reader(Protocol):
    """Reads the text of a picture, in reading order, and names what a photograph shows."""

    async def read(self, image: Image) -> tuple[Line, ...]: ...

    async def name(self, image: Image) -> tuple[Thing, ...]: ...


@dataclass(slots=True)
class _Watched:
    """What is known of a video so far; looks and things by number of frame and of scene."""

    frames: Sequence[Frame]
    glimpses: Sequence[Glimpse]
    scenes: Sequence[Scene]
    looks: dict[int, Look] = field(default_factory=dict)
    things: dict[int, str] = field(default_factory=dict)


async def watch(eyes: Reader, video: Video, segments: Sequence[Segment]) -> str:
    """Tell a video with its recognised speech, in a few lines.

    Looks at a dozen frames, more if it is long, the most telling first, for at most some seconds:
    what was not looked at in time is left out, and the story says so.
    """
    seen = await asyncio.to_thread(_glimpsed, video.frames)
    chosen = candidates(seen.glimpses, seen.scenes)
    num_left_out = await _look_around(eyes, seen, chosen, video.duration_s)
    looks = [look for _, look in sorted(seen.looks.items())]
    remarks = [*_scenes(seen), *on_screen(looks), *listings(looks), *_said(segments)]
    if video.audio is not None:
        stretches = await between_words(video.audio, segments)
        remarks += [Remark(part.start_s, part.likeness, part.end_s) for part in stretches]
    return "\n".join([_head(video, segments, seen, num_left_out), *timeline(remarks)])


def _glimpsed(frames: Sequence[Frame]) -> _Watched:
    found = glimpses(frames)
    return _Watched(frames, found, find_scenes(found))


async def _look_around(
    eyes: Reader, seen: _Watched, chosen: Sequence[Candidate], duration_s: float
) -> int:
    """Look at the frames that tell something, by worth; the number that time did not allow."""
    most = min(_MOST_LOOKS, round(_LOOKS + duration_s * _LOOKS_PER_S))
    budget_s = min(_LONGEST_BUDGET_S, _BUDGET_S * most / _LOOKS)
    deadline = time.monotonic() + budget_s
    num_left_out = 0
    for candidate in by_worth(chosen, seen.scenes):
        if not _is_telling(seen, candidate):
            continue
        if seen.looks and (len(seen.looks) >= most or time.monotonic() > deadline):
            num_left_out += 1
            continue
        await _look(eyes, seen, candidate)
    return num_left_out


def _is_telling(seen: _Watched, candidate: Candidate) -> bool:
    """Whether a frame may show what the looks before and after it in its scene do not."""
    scene = seen.scenes[candidate.scene]
    inside = [index for index in sorted(seen.looks) if scene.first <= index <= scene.last]
    around = [index for index in inside if index < candidate.frame][-1:]
    around += [index for index in inside if index > candidate.frame][:1]
    if not around:
        return True
    if not tells_more(seen.glimpses[candidate.frame], [seen.glimpses[index] for index in around]):
        return False
    if len(around) == 1 and candidate.scene in seen.things:
        return len(inside) < 2 or any(_all_texts(seen.looks[index]) for index in inside)
    return len(around) == 1 or not _overlap(*(_all_texts(seen.looks[index]) for index in around))


def _all_texts(look: Look) -> list[str]:
    return [row.text for row in (*look.texts, *look.listing) if len(row.text.strip()) > 3]


def _overlap(before: Sequence[str], after: Sequence[str]) -> bool:
    if not before or not after:
        return False
    common = sum(any(is_same_text(one, other) for other in after) for one in before)
    return common >= _OVERLAP * min(len(before), len(after))


async def _look(eyes: Reader, seen: _Watched, candidate: Candidate) -> None:
    frame = seen.frames[candidate.frame]
    lines = tuple(line for line in await eyes.read(frame.image) if not is_status(line))
    is_photo = (await asyncio.to_thread(colours, frame.image.pixels)).is_photo
    if is_photo and len(lines) <= _FEW_LINES and candidate.scene not in seen.things:
        named = await eyes.name(frame.image)
        seen.things[candidate.scene] = things(named) if named else ""
    if is_photo:
        lines = tuple(line for line in lines if len(line.text) > 2)  # grain is read as letters
    error = condensed(with_layout(lines))
    listing = None if is_photo or error else find_listing(lines)
    if listing is not None:
        listing = await _without_cursor(eyes, frame, listing)
    if error is not None:
        text = Text(f"Python traceback: {error}", frame.time_s)
        seen.looks[candidate.frame] = Look(frame.time_s, (text,))
    else:
        seen.looks[candidate.frame] = await asyncio.to_thread(
            _looked, seen, candidate, lines, listing
        )


async def _without_cursor(eyes: Reader, frame: Frame, listing: Listing) -> Listing:
    """The listing with the row read again that ends in a cursor."""
    for number, box in enumerate(listing.boxes):
        strip = None if box is None else without_cursor(frame.image, box)
        if strip is not None:
            text = " ".join(line.text for line in await eyes.read(strip))
            return listing.with_row(number, text) if text else listing
    return listing


def _looked(
    seen: _Watched, candidate: Candidate, lines: Sequence[Line], listing: Listing | None
) -> Look:
    """What was read, each row with the time since which it has stood there in its scene."""
    first = seen.scenes[candidate.scene].first
    shown = seen.frames[first : candidate.frame + 1]
    time_s = shown[-1].time_s

    def dated(text: str, box: Box) -> Text:
        return Text(text, standing_since(shown, box), box)

    texts = [
        dated("  ".join(line.text for line in row), around(row))
        for row in rows(lines if listing is None else listing.others)
    ]
    code = [
        Text(text, time_s) if box is None else dated(text, box)
        for text, box in (
            zip(listing.rows, listing.boxes, strict=True) if listing is not None else ()
        )
    ]
    return Look(time_s, tuple(texts), tuple(code))


def _scenes(seen: _Watched) -> list[Remark]:
    """A row for each scene if there are several, and one for each thing that was named."""
    remarks = []
    for number, scene in enumerate(seen.scenes):
        start_s = seen.frames[scene.first].time_s
        named = seen.things.get(number, "")
        title = f"scene {number + 1}" if len(seen.scenes) > 1 else ""
        if title or named:
            remarks.append(Remark(start_s, ": ".join(filter(None, (title, named)))))
    return remarks


def _said(segments: Sequence[Segment]) -> list[Remark]:
    # Spans of speech come with a margin: without it, what is said at 0:12 would be told at 0:11.
    margin_s = SpanRules().padding_s
    return [
        Remark(segment.start_s + margin_s, f'said: "{segment.text.strip()}"', is_whole=True)
        for segment in segments
    ]


def _head(video: Video, segments: Sequence[Segment], seen: _Watched, num_left_out: int) -> str:
    sound = "no sound" if video.audio is None else "with sound"
    if video.audio is not None and not segments:
        sound += ", no speech heard"
    num_scenes = len(seen.scenes)
    head = f"Video, {video.duration_s:.0f} s, {video.width}x{video.height}, {sound}"
    head += f", {num_scenes} scenes. " if num_scenes > 1 else ". "
    head += f"Pictures compared: {len(seen.frames)}, read: {len(seen.looks)}"
    head += f", differing but not read: {num_left_out}." if num_left_out else "."
    return head + " Times are minutes:seconds."
