"""What was perceived of a file, as rows with times, so that it can be cut where it pauses.

Knows nothing of language models; sizes are counted by whoever calls.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, takewhile

from thinktalk.media.segment import Span, segments

_CLOCKED = re.compile(r"\[?(?:(\d+):)?(\d+):(\d\d)\]?(?:-[\d:]+)? ")
# A line, or a whole block of code as it was shown, whose lines may begin with clocks of their own.
_LINE = re.compile(r"^(`{3,})[^`\n]*\n(?:.*\n)*?\1`*$|^.*$", re.MULTILINE)
# What two parts hold is halved, more or less: of a crumb a model makes too much.
_TWO, _LARGER_HALF = 1.6, 0.6


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a note; where `is_timed` its text begins with the clock of `start_s`."""

    start_s: float
    text: str
    is_timed: bool = True


@dataclass(frozen=True, slots=True)
class Note:
    """`head` says what the file is, `rows` what happens in it, in time order.

    Attributes:
        speech: where somebody speaks.
        scenes: when the picture changes.
    """

    head: str
    rows: tuple[Row, ...] = ()
    speech: tuple[Span, ...] = ()
    scenes: tuple[float, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join([self.head, *(row.text for row in self.rows)])

    @property
    def length_s(self) -> float:
        """From its first row to its last."""
        return self.rows[-1].start_s - self.rows[0].start_s if self.rows else 0.0


def read_note(text: str, speech: Sequence[Span] = ()) -> Note:
    """The note that a text is: each line that begins with a clock opens a row, none within code."""
    head: list[str] = []
    rows: list[Row] = []
    for line in (match[0] for match in _LINE.finditer(text)):
        if found := _CLOCKED.match(line):
            hours, minutes, seconds = (int(figures or 0) for figures in found.groups())
            rows.append(Row(3600 * hours + 60 * minutes + seconds, line))
        elif rows:
            rows[-1] = replace(rows[-1], text=f"{rows[-1].text}\n{line}")
        else:
            head.append(line)
    scenes = tuple(row.start_s for row in rows if not _is_said(row))
    return Note("\n".join(head), tuple(rows), tuple(speech), scenes)


def cut(
    note: Note, limit: int, size: Callable[[str], int], longest_s: float = math.inf
) -> list[tuple[Row, ...]]:
    """Parts of the note's rows, none larger than `limit`, cut where it pauses.

    Args:
        size: of a text, in tokens; a line end costs one more.
        longest_s: from the first row of a part to its last.
    """
    rows = note.rows or tuple(Row(0.0, line, False) for line in note.head.split("\n"))
    rest = [(short, size(short.text) + 1) for row in rows for short in _shortened(row, limit, size)]
    parts: list[tuple[Row, ...]] = []
    while rest:
        begin_s = rest[0][0].start_s
        totals = list(accumulate(tokens for _, tokens in rest))
        is_nearly_last = limit < totals[-1] <= _TWO * limit
        most = _LARGER_HALF * totals[-1] if is_nearly_last else limit
        fitting = (
            total <= most and row.start_s - begin_s <= longest_s
            for total, (row, _) in zip(totals, rest, strict=True)
        )
        count = max(1, sum(takewhile(bool, fitting)))
        if count < len(rest):
            count = _before_pause(note, [row for row, _ in rest[: count + 1]])
        parts.append(tuple(row for row, _ in rest[:count]))
        rest = rest[count:]
    return parts


def clock(seconds: float) -> str:
    """A time such as `1:02:03`, or `2:03`."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _before_pause(note: Note, rows: Sequence[Row]) -> int:
    """How many of `rows` come before the best cut; at least the last does not."""
    begin_s, limit_s = rows[0].start_s, rows[-1].start_s - rows[0].start_s
    if limit_s <= 0:
        return len(rows) - 1
    speech = [(a - begin_s, b - begin_s) for a, b in note.speech if b > begin_s]
    scenes = [time_s - begin_s for time_s in note.scenes]
    _, cut_s = segments(2 * limit_s, speech, limit_s, scenes=scenes)[0]
    return max(1, sum(row.start_s - begin_s < cut_s for row in rows[:-1]))


def _shortened(row: Row, limit: int, size: Callable[[str], int]) -> list[Row]:
    """The row, or several where it alone is too large."""
    if size(row.text) < limit or len(row.text) < 2:
        return [row]
    middle = row.text.rfind(" ", 1, len(row.text) // 2 + 1)
    middle = middle if middle > len(row.text) // 4 else len(row.text) // 2
    first, second = row.text[:middle], row.text[middle:].lstrip()
    if row.is_timed:
        second = f"[{clock(row.start_s)}] … {second}"
        if len(second) >= len(row.text):
            return [row]
    halves = (replace(row, text=first), replace(row, text=second))
    return [short for half in halves for short in _shortened(half, limit, size)]


def _is_said(row: Row) -> bool:
    return bool(re.match(r"\S+ (said: )?\"", row.text))
