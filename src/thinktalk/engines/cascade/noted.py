"""What was perceived of a file, as rows with times, so that it can be cut where it pauses.

Knows nothing of language models; sizes are counted by whoever calls.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from thinktalk.media.segment import Span, segments

_CLOCKED = re.compile(r"\[?(?:(\d+):)?(\d+):(\d\d)\]? ")


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
        return length_s(self.rows)


def read_note(text: str, speech: Sequence[Span] = ()) -> Note:
    """The note that a text is: each line that begins with a clock opens a row."""
    head: list[str] = []
    rows: list[Row] = []
    for line in text.split("\n"):
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
    note: Note, limit: int, size: Callable[[str], int], longest_s: float = float("inf")
) -> list[tuple[Row, ...]]:
    """Parts of the note's rows, none larger than `limit`, as few as natural cuts allow.

    Args:
        size: of a text, in tokens; a line end costs one more.
        longest_s: no part covers more time.
    """
    rows = note.rows or tuple(Row(0.0, line, False) for line in note.head.split("\n"))
    rows = tuple(short for row in rows for short in _shortened(row, limit, size))
    sizes = {id(row): size(row.text) + 1 for row in rows}
    parts: list[tuple[Row, ...]] = []
    for part in _divided(note, rows, sizes, limit, longest_s):
        joined = (*parts[-1], *part) if parts else part
        if parts and _total(joined, sizes) <= limit and length_s(joined) <= longest_s:
            parts[-1] = joined
        else:
            parts.append(part)
    return parts


def clock(seconds: float) -> str:
    """A time such as `1:02:03`, or `2:03`."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def length_s(rows: Sequence[Row]) -> float:
    return rows[-1].start_s - rows[0].start_s if rows else 0.0


def _divided(
    note: Note, rows: tuple[Row, ...], sizes: dict[int, int], limit: int, longest_s: float
) -> list[tuple[Row, ...]]:
    total, lasts_s = _total(rows, sizes), length_s(rows)
    if len(rows) < 2 or (total <= limit and lasts_s <= longest_s):
        return [rows]
    begin_s = rows[0].start_s
    speech = [(a - begin_s, b - begin_s) for a, b in note.speech if b > begin_s]
    scenes = [time_s - begin_s for time_s in note.scenes]
    # Talk is not equally dense everywhere: what is still too large is divided again.
    allowed_s = min(longest_s, lasts_s * limit / total)
    spans = segments(lasts_s, speech, allowed_s, scenes=scenes) if lasts_s else []
    ends = [begin_s + end_s for _, end_s in spans]
    groups: list[list[Row]] = [[] for _ in ends]
    for row in rows:
        # The last row begins where the last segment ends.
        number = next((n for n, end_s in enumerate(ends) if row.start_s < end_s), len(ends) - 1)
        if groups:
            groups[number].append(row)
    groups = [group for group in groups if group]
    if len(groups) < 2:
        middle = len(rows) // 2
        groups = [list(rows[:middle]), list(rows[middle:])]
    return [
        part for group in groups for part in _divided(note, tuple(group), sizes, limit, longest_s)
    ]


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


def _total(rows: Sequence[Row], sizes: dict[int, int]) -> int:
    return sum(sizes[id(row)] for row in rows)
