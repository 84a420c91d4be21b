"""Chooses the frames of a video that are worth reading, and in which order.

What is written stays until it goes: a frame just before something goes, and the last of each scene,
hold all that the frames before them held. Knows nothing of text or of time limits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from thinktalk.engines.cascade.sight.glimpses import Glimpse, changed, lost
from thinktalk.engines.cascade.sight.scenes import Scene

# Cells: a blinking cursor loses up to three, a pointer six, figures in a status line ten, and a
# word of five letters twelve.
_LOST = 12
_SAME = 0.002


@dataclass(frozen=True, slots=True)
class Candidate:
    """A frame (its index) of a scene (its index) that may be worth reading."""

    frame: int
    scene: int


def candidates(glimpses: Sequence[Glimpse], scenes: Sequence[Scene]) -> list[Candidate]:
    """The frames after which something has gone, and the last of each scene, in time order.

    A frame that looks as one chosen before is left out.
    """
    chosen: list[Candidate] = []
    for number, scene in enumerate(scenes):
        before: Glimpse | None = None
        for index in range(scene.first, scene.last + 1):
            shown = glimpses[index]
            is_last = index == scene.last
            if not is_last and lost(shown, glimpses[index + 1]) < _LOST:
                continue
            if before is not None and not is_last and lost(shown, before) < _LOST:
                continue  # it has nothing that was not there when last chosen
            before = shown
            if not any(_is_same(shown, glimpses[other.frame]) for other in chosen):
                chosen.append(Candidate(index, number))
    return chosen


def by_worth(chosen: Sequence[Candidate], scenes: Sequence[Scene]) -> list[Candidate]:
    """The ends of scenes first, then what was lost within them.

    Both spread: whenever time runs out, the whole video was covered.
    """
    ends = [one for one in chosen if one.frame == scenes[one.scene].last]
    rest = [one for one in chosen if one.frame != scenes[one.scene].last]
    return [ends[at] for at in _from_both_ends(len(ends))] + [
        rest[at] for at in by_halves(len(rest))
    ]


def tells_more(one: Glimpse, others: Iterable[Glimpse]) -> bool:
    """Whether something is written in it that is in none of the others at that place."""
    seen = list(others)
    return not seen or lost(one, *seen) >= _LOST


def by_halves(count: int) -> list[int]:
    """The numbers below `count`: the middle, then the middles of what is left."""
    order, waiting = [], [(-1, count)]
    while waiting:
        low, high = waiting.pop(0)
        middle = (low + high) // 2
        if middle > low:
            order.append(middle)
            waiting += [(low, middle), (middle, high)]
    return order


def _from_both_ends(count: int) -> list[int]:
    """The last number below `count`, the first, then the middles."""
    inner = [number + 1 for number in by_halves(count - 2)] if count > 2 else []
    return [*dict.fromkeys([count - 1, 0]), *inner] if count else []


def _is_same(one: Glimpse, other: Glimpse) -> bool:
    if one.grey.shape != other.grey.shape or changed(one, other) > _SAME:
        return False
    return lost(one, other) == lost(other, one) == 0
