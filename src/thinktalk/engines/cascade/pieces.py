"""Cuts a recording into pieces that the recogniser takes whole: at pauses, never far from one.

Pieces are short so that one native call is short: a cancelled recognition stops soon and other work
gets its turn. Knows nothing of the recogniser or of the detector that found the speech.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

Span = tuple[float, float]

# With whisper-base, pieces of 12 s read as well as those of 28 s, and as fast.
MAX_PIECE_S = 12.0
_MIN_PIECE_S = 5.0
# Nobody's sentence goes on after this; keeping such pauses would only be padding.
_MAX_PAUSE_S = 2.0
# Consonants at the edges are quieter than what the detector calls speech.
_MARGIN_S = 0.25


@dataclass(frozen=True, slots=True)
class Piece:
    """What to recognise at once: from `start_s` to `end_s`, holding `speech` and pauses between."""

    start_s: float
    end_s: float
    speech: tuple[Span, ...]

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    @property
    def speech_s(self) -> float:
        return sum(end - start for start, end in self.speech)

    def tail(self, start_s: float) -> Piece | None:
        """What is left of this piece from `start_s` on; None if nobody speaks there."""
        speech = tuple((max(a, start_s), b) for a, b in self.speech if b > start_s)
        return Piece(start_s, self.end_s, speech) if speech else None

    def halves(self) -> tuple[Piece, Piece] | None:
        """The piece parted at its longest pause; None if nobody pauses."""
        pauses = [after[0] - before[1] for before, after in pairwise(self.speech)]
        if not pauses:
            return None
        last = pauses.index(max(pauses)) + 1
        middle_s = (self.speech[last - 1][1] + self.speech[last][0]) / 2
        return (
            Piece(self.start_s, middle_s, self.speech[:last]),
            Piece(middle_s, self.end_s, self.speech[last:]),
        )


def cut(
    speech: Sequence[Span],
    duration_s: float,
    quietest: Callable[[float, float], float],
    *,
    max_s: float = MAX_PIECE_S,
) -> list[Piece]:
    """Group speech into pieces of at most `max_s`.

    Args:
        speech: start and end in seconds, in order, not overlapping.
        duration_s: of the whole recording.
        quietest: the quietest moment between two times; asked where speech has no pause.
        max_s: before the margins that are added on both sides.
    """
    groups: list[list[Span]] = []
    waiting = [part for span in speech for part in _shortened(span, quietest, max_s)]
    for span in waiting:
        if groups and _belongs(groups[-1], span, max_s):
            groups[-1].append(span)
        elif groups and span[0] - groups[-1][-1][1] <= _MAX_PAUSE_S:
            kept, moved = _parted(groups[-1], span, max_s)
            groups[-1:] = [kept, moved]
        else:
            groups.append([span])
    return [_piece(groups, index, duration_s) for index in range(len(groups))]


def _shortened(span: Span, quietest: Callable[[float, float], float], max_s: float) -> list[Span]:
    parts = []
    start, end = span
    while end - start > max_s:
        # Halve what is hardly too long: a scrap of a second would lack all context.
        longest = max_s if end - start > 1.5 * max_s else (end - start) * 0.6
        middle = quietest(start + 0.6 * longest, start + longest)
        parts.append((start, middle))
        start = middle
    return [*parts, (start, end)]


def _belongs(group: list[Span], span: Span, max_s: float) -> bool:
    return span[0] - group[-1][1] <= _MAX_PAUSE_S and span[1] - group[0][0] <= max_s


def _parted(group: list[Span], span: Span, max_s: float) -> tuple[list[Span], list[Span]]:
    """Cut `group` and the next `span`, together too long, at the longest pause not too early."""
    together = [*group, span]
    best, longest = len(group), -1.0
    for index in range(1, len(together)):
        pause = together[index][0] - together[index - 1][1]
        is_late = together[index - 1][1] - group[0][0] >= _MIN_PIECE_S
        fits = span[1] - together[index][0] <= max_s
        if is_late and fits and pause >= longest:
            best, longest = index, pause
    return together[:best], together[best:]


def _piece(groups: list[list[Span]], index: int, duration_s: float) -> Piece:
    """A group with a margin on both sides that takes at most half of the pause there."""
    group = groups[index]
    first, last = group[0][0], group[-1][1]
    earliest = (groups[index - 1][-1][1] + first) / 2 if index > 0 else 0.0
    latest = (last + groups[index + 1][0][0]) / 2 if index + 1 < len(groups) else duration_s
    return Piece(max(earliest, first - _MARGIN_S), min(latest, last + _MARGIN_S), tuple(group))
