"""Long recordings and videos as segments that fit a limit, cut where it hurts least.

Knows nothing of samples: pauses, scene changes and words with their times are what others found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import Protocol, TypeVar


class Timed(Protocol):
    """A word, and when it was said."""

    @property
    def text(self) -> str: ...

    @property
    def start_s(self) -> float: ...

    @property
    def end_s(self) -> float: ...


W = TypeVar("W", bound=Timed)
Span = tuple[float, float]
Quietest = Callable[[float, float], float]

# A cut is looked for in the last third of what is allowed, and leaves no crumb behind it.
_NEAR, _CRUMB = 1 / 3, 1 / 6
_SHORTEST_PAUSE_S = 0.3
_SCENE_S = 1.0  # how far a scene change may be from the pause that it makes the better cut
_OVERLAP_S = 1.5


def segments(
    duration_s: float,
    speech: Sequence[Span],
    longest_s: float,
    *,
    scenes: Sequence[float] = (),
    quietest: Quietest | None = None,
) -> list[Span]:
    """(start_s, end_s) of segments in order, none longer than `longest_s`.

    A cut falls into the longest pause near the limit, rather into one where the scene changes;
    where nobody pauses, on a change of scene, else at the quietest moment, else at the limit.
    After a cut into running speech the next segment begins 1.5 s before it, so that no word is
    lost; `joined` puts the words together again.

    Args:
        speech: where somebody speaks, in order.
        scenes: times at which the picture changes.
        quietest: gives the quietest moment between two times.
    """
    found: list[Span] = []
    start_s = 0.0
    pauses = _pauses(duration_s, speech)
    while duration_s - start_s > longest_s:
        first_s = start_s + (1 - _NEAR) * longest_s
        last_s = min(start_s + longest_s, duration_s - _CRUMB * longest_s)
        cut_s = _in_pause(pauses, scenes, first_s, last_s)
        overlap_s = 0.0
        if cut_s is None:
            cut_s, overlap_s = _in_speech(scenes, quietest, first_s, last_s)
        found.append((start_s, cut_s))
        start_s = cut_s - min(overlap_s, _CRUMB * longest_s)
    found.append((start_s, duration_s))
    return found


def joined(left: Sequence[W], right: Sequence[W]) -> list[W]:
    """The words of two segments that overlap, each once, in time order.

    Where both heard the same words, the seam is in the middle of them; else in the middle of the
    overlap. Words at the edge of a segment are heard worst, so those are the ones that go.
    """
    if not left or not right or left[-1].end_s <= right[0].start_s:
        return [*left, *right]
    first_s, last_s = right[0].start_s, left[-1].end_s
    tail = [word for word in left if word.end_s > first_s]
    lead = [word for word in right if word.start_s < last_s]
    same = SequenceMatcher(None, _letters(tail), _letters(lead), autojunk=False)
    match = same.find_longest_match()
    if match.size:
        half = match.size // 2
        kept = len(left) - len(tail) + match.a + half
        return [*left[:kept], *right[match.b + half :]]
    seam_s = (first_s + last_s) / 2
    return [
        *(word for word in left if word.start_s + word.end_s <= 2 * seam_s),
        *(word for word in right if word.start_s + word.end_s > 2 * seam_s),
    ]


def _letters(words: Sequence[Timed]) -> list[str]:
    """The words as they sound, without case and marks."""
    return ["".join(filter(str.isalnum, word.text)).casefold() for word in words]


def _pauses(duration_s: float, speech: Sequence[Span]) -> list[Span]:
    """Where nobody speaks; spans of speech may touch or overlap."""
    pauses = []
    spoken_s = 0.0
    for start_s, end_s in [*speech, (duration_s, duration_s)]:
        if start_s - spoken_s >= _SHORTEST_PAUSE_S:
            pauses.append((spoken_s, start_s))
        spoken_s = max(spoken_s, end_s)
    return pauses


def _in_pause(
    pauses: Sequence[Span], scenes: Sequence[float], first_s: float, last_s: float
) -> float | None:
    """A moment in the best pause between two times; None if nobody pauses there."""
    near = [(max(a, first_s), min(b, last_s)) for a, b in pauses]
    near = [(a, b) for a, b in near if b - a >= _SHORTEST_PAUSE_S]
    if not near:
        return None

    def worth(pause: Span) -> tuple[bool, float, float]:
        # Of pauses about as long, the last: fewer segments.
        return bool(_scenes_near(scenes, pause)), round(pause[1] - pause[0], 1), pause[0]

    start_s, end_s = best = max(near, key=worth)
    for scene_s in _scenes_near(scenes, best):
        return min(max(scene_s, start_s), end_s)
    return (start_s + end_s) / 2


def _scenes_near(scenes: Sequence[float], pause: Span) -> list[float]:
    return [time_s for time_s in scenes if pause[0] - _SCENE_S <= time_s <= pause[1] + _SCENE_S]


def _in_speech(
    scenes: Sequence[float], quietest: Quietest | None, first_s: float, last_s: float
) -> tuple[float, float]:
    """A moment where nobody pauses, and by how much the next segment should overlap."""
    inside = [time_s for time_s in scenes if first_s <= time_s <= last_s]
    if inside:
        return inside[-1], _OVERLAP_S
    if quietest is not None:
        return min(max(quietest(first_s, last_s), first_s), last_s), _OVERLAP_S
    return last_s, _OVERLAP_S
