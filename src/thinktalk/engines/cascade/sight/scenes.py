"""Finds the scenes of a video: where the picture becomes another one, at once or by fading.

A cut is told from what goes on within a scene like this: typing, menus and pointers change little;
motion changes much, but as much before and after, and hardly the colours; scrolling moves what was
written. Knows nothing of frames in full size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from thinktalk.engines.cascade.sight.glimpses import (
    Glimpse,
    changed,
    is_plain,
    is_scrolled,
    lost,
    recoloured,
    replaced,
    written,
)

# Another picture: its colours, and most of its cells.
_RECOLOURED, _CHANGED = 0.15, 0.4
_ALL_CHANGED = 0.6
_OUTSTANDING = 3.0  # times what is usual just before and after
_NEAR = 3
_HELD_S = 1.5
# Another page in the same colours: most of what was written has gone, at once, between stills.
_REPLACED, _LOST, _LEAST_WRITTEN = 0.5, 0.2, 24
_STILL = 0.01
# A fade changes from sample to sample; cuts that follow each other slower are cuts.
_FADE_S = 0.75
_FADED = 0.35
_BLANK_S = 3.0


@dataclass(frozen=True, slots=True)
class Scene:
    """Glimpses `first` to `last` (indices, both in it) show one scene.

    Glimpses between two scenes belong to a fade.
    """

    first: int
    last: int


def find_scenes(glimpses: Sequence[Glimpse]) -> list[Scene]:
    """The scenes in order, at least one unless there are no glimpses."""
    if not glimpses:
        return []
    starts, lasts = [0], list[int]()
    settled = 0  # what a slow fade is told from: the scene as it was when it had begun
    is_cut = [False, *_cuts(glimpses)]
    for index in range(1, len(glimpses)):
        step_s = glimpses[index].time_s - glimpses[index - 1].time_s
        if is_cut[index] and is_cut[index - 1] and step_s <= _FADE_S:
            starts[-1] = settled = index  # the fade goes on: so far it was no scene
        elif is_cut[index]:
            lasts.append(index - 1)
            starts.append(settled := index)
        elif _has_faded(glimpses, settled, index):
            if not is_plain(glimpses[settled]):
                lasts.append(_before_fade(glimpses, settled, index))
                starts.append(index)
            settled = index
    lasts.append(len(glimpses) - 1)
    return _without_blanks(glimpses, [Scene(*ends) for ends in zip(starts, lasts, strict=True)])


def _cuts(glimpses: Sequence[Glimpse]) -> list[bool]:
    """Whether each glimpse but the first shows another picture than the one before."""
    pairs = list(pairwise(glimpses))
    moves = [changed(*pair) for pair in pairs]
    colours = [recoloured(*pair) for pair in pairs]
    # Where nothing changes there are no glimpses: before a long step, the picture was held.
    is_held = [after.time_s - before.time_s > _HELD_S for before, after in pairs]
    return [
        (moves[at] > _CHANGED and colours[at] > _RECOLOURED and _stands_out(colours, is_held, at))
        or (moves[at] > _ALL_CHANGED and _stands_out(moves, is_held, at))
        or (_is_still_around(moves, is_held, at) and _is_another_page(*pairs[at]))
        for at in range(len(pairs))
    ]


def _stands_out(values: Sequence[float], is_held: Sequence[bool], at: int) -> bool:
    """Whether a value is well over what is usual just before, and over what is just after."""
    moved = [0.0 if held else value for value, held in zip(values, is_held, strict=True)]
    before, after = moved[max(0, at - _NEAR) : at], moved[at + 1 : at + 1 + _NEAR]
    return values[at] > _OUTSTANDING * max(median(before or [0.0]), median(after or [0.0]))


def _is_still_around(moves: Sequence[float], is_held: Sequence[bool], at: int) -> bool:
    """Whether little changed just before the glimpse that follows `at`, and just after it."""
    was_still = at == 0 or moves[at - 1] < _STILL or is_held[at]
    return was_still and (at + 1 == len(moves) or moves[at + 1] < _STILL or is_held[at + 1])


def _is_another_page(before: Glimpse, after: Glimpse) -> bool:
    size = written(before)
    if size < _LEAST_WRITTEN or lost(before, after) < _LOST * size:
        return False
    return replaced(before, after) > _REPLACED and not is_scrolled(before, after)


def _has_faded(glimpses: Sequence[Glimpse], start: int, index: int) -> bool:
    """Whether the picture has slowly become another one since `start`, and stays."""
    if recoloured(glimpses[start], glimpses[index]) < _FADED:
        return False
    is_last = index + 1 == len(glimpses)
    return is_last or changed(glimpses[index], glimpses[index + 1]) < _STILL


def _before_fade(glimpses: Sequence[Glimpse], start: int, index: int) -> int:
    """The last glimpse that was still when the fade that ends at `index` began."""
    last = index - 1
    while last > start and changed(glimpses[last - 1], glimpses[last]) >= _STILL:
        last -= 1
    return last


def _without_blanks(glimpses: Sequence[Glimpse], scenes: list[Scene]) -> list[Scene]:
    """An empty picture of a few seconds is how a scene begins or ends, not a scene."""
    kept: list[Scene] = []
    for number, scene in enumerate(scenes):
        following = scenes[number + 1].first if number + 1 < len(scenes) else scene.last
        lasts_s = glimpses[following].time_s - glimpses[scene.first].time_s
        if lasts_s > _BLANK_S or not all(map(is_plain, glimpses[scene.first : scene.last + 1])):
            kept.append(scene)
    return kept or scenes[:1]
