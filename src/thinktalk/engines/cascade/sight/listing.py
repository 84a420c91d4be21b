"""Finds a listing on a screen - code, with or without line numbers - and writes it as it stands.

Indents and blank lines are measured: a text recogniser drops them. Knows nothing of programming
languages beyond what their lines look like.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

import numpy as np

from thinktalk.engines.cascade.sight.reading import Box, Line, around

_MIN_NUMBERS = 3
_MIN_ROWS = 2
_MAX_BLANK = 2
_MAX_INDENT = 40
_CODE_SHARE = 0.4
_CODE = re.compile(
    # words that start no other line than one of code,
    r"^(?:def|elif|func|fn|const|public|private|static|void|struct|async|await)\s\S"
    r"|^(?:#include|#!|@\w|//|/\*)|^import [\w.{}* ,]+$|^from [\w.]+ import\b|^class \w+.*:$"
    r"|^return\b[\w.+*/\s-]*$|^(?:SELECT|FROM|WHERE|INSERT INTO|UPDATE|CREATE|GROUP BY|JOIN)\s\S"
    # words that do, with a sign at the end,
    r"|^(?:if|for|while|with|else|try|except|finally|print|let|var|int|use|using)\b.*[:({;)\]}]$"
    # and signs: brackets, calls, assignments, arrows, prompts.
    r"|^[})\]]+[;,)]*$|[;{]$|\w\(.*\)\s*[:;{]?$|^[\w.\[\]]+\s*[-+*/|&:]?=\s*\S|=>|->|::|</\w+>$"
    r"|^(?:\$|>>>)\s\S|^\w+@[\w-]+:[~/]"
)
# Underscores run together when they are read; names that Python gives a meaning are known.
_QUOTED = re.compile(r'^(\s*)(?:""(?=\w)|"(?=\w.*"""$))(.*?\w[.!?]?)"{2,3}$')
_DUNDER = re.compile(
    r"(?<!\w)_{1,2}(init|main|name|file|str|repr|len|call|iter|next|enter|exit|new|eq|hash|getitem|"
    r"setitem|contains|dict|doc|all|post_init|slots|class|future)_{1,2}(?!\w)"
)
_STATUS = re.compile(r"\bLn\s*\d+\W+Col\s*\d+")
_NUMBERED = re.compile(r"(\d{1,4})[\s.:|]*(?=\D)(.*)")


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows of a listing, top to bottom, indented, with the box of each; blank rows have none.

    `others` is what stands around it: titles, tabs, output.
    """

    rows: tuple[str, ...]
    boxes: tuple[Box | None, ...]
    others: tuple[Line, ...]

    def with_row(self, number: int, text: str) -> Listing:
        """The same with a row that was read anew; its indent stays."""
        old = self.rows[number]
        row = old[: len(old) - len(old.lstrip())] + corrected(text)
        return replace(self, rows=(*self.rows[:number], row, *self.rows[number + 1 :]))


def find_listing(lines: Sequence[Line]) -> Listing | None:
    """The listing among the lines of a picture, if most of what is on the screen is one."""
    numbers = _gutter(lines)
    if numbers:
        body, others = _beside(lines, numbers)
    else:
        body, others = _code_like(lines)
    rows = _rows(body)
    if len(rows) < _MIN_ROWS and not (numbers and rows):
        return None
    return Listing(*_written(rows, _pitch(numbers, rows)), others)


def is_status(line: Line) -> bool:
    """Whether it says where an editor's cursor is, which changes all the time and tells nothing."""
    return bool(_STATUS.search(line.text))


def looks_like_code(rows: Sequence[str]) -> bool:
    """Whether enough of the rows, each without its indent, look like lines of a program."""
    filled = [row.strip() for row in rows if row.strip()]
    return len(filled) >= _MIN_ROWS and (
        sum(bool(_CODE.search(row)) for row in filled) >= _CODE_SHARE * len(filled)
    )


def _gutter(lines: Sequence[Line]) -> list[tuple[int, Line]]:
    """Line numbers that were read by themselves, top to bottom, each with its line.

    There are three at least, or the first two.
    """
    found = [(int(line.text), line) for line in lines if re.fullmatch(r"[0-9]{1,4}", line.text)]
    found.sort(key=lambda item: item[1].centre[1])
    best: list[tuple[int, Line]] = []
    for number, line in found:
        run = [(number, line)]
        for other, below in found:
            is_below = below.centre[1] > run[-1][1].centre[1]
            is_near = abs(below.box[2] - line.box[2]) <= line.height
            if other > run[-1][0] and is_below and is_near and _is_on_pitch(run, other, below):
                run.append((other, below))
        best = run if len(run) > len(best) else best
    is_start = [number for number, _ in best] == [1, 2]
    return best if is_start or len(best) >= _MIN_NUMBERS else []


def _is_on_pitch(run: Sequence[tuple[int, Line]], number: int, line: Line) -> bool:
    """Whether the number stands as far below the last as it counts more."""
    (first, top), (last, above) = run[0], run[-1]
    below = line.centre[1] - above.centre[1]
    if last == first:
        return 0.7 * above.height < below / (number - last) < 2.5 * above.height
    pitch = (above.centre[1] - top.centre[1]) / (last - first)
    return abs(below - pitch * (number - last)) < 0.4 * pitch


def _beside(
    lines: Sequence[Line], numbers: Sequence[tuple[int, Line]]
) -> tuple[list[Line], tuple[Line, ...]]:
    """What stands right of the line numbers, freed of numbers read together with it; the rest."""
    edge = median(line.box[2] for _, line in numbers)
    height = median(line.height for _, line in numbers)
    (first, top), pitch = numbers[0], _pitch(numbers, ())
    gutter = [line for _, line in numbers]

    def row_of(line: Line) -> float:
        return first + (line.centre[1] - top.centre[1]) / pitch

    body: list[Line] = []
    for line in lines:
        match = _NUMBERED.fullmatch(line.text)
        if match and line.box[0] < edge < line.box[2] and abs(int(match[1]) - row_of(line)) < 0.5:
            body.append(_freed(line, match[2]))
    rows = [row_of(line) for line in (*body, *gutter)]
    others: list[Line] = []
    for line in lines:
        # A number above or below may have been overlooked.
        is_level = min(rows) - 1.5 < row_of(line) < max(rows) + 1.5
        if line.box[0] >= edge - 0.3 * height and is_level:
            body.append(line)
        elif not any(line.box[1:] == one.box[1:] for one in (*body, *gutter)):
            others.append(line)
    return body, tuple(other for other in others if not _is_number_left_of(edge + height, other))


def _is_number_left_of(edge: float, line: Line) -> bool:
    return line.text.isdigit() and line.box[2] < edge


def _freed(line: Line, text: str) -> Line:
    """A line of code without its number; where it starts follows from where it ends."""
    return replace(line, text=text, box=(-1, line.box[1], line.box[2], line.box[3]))


def _code_like(lines: Sequence[Line]) -> tuple[list[Line], tuple[Line, ...]]:
    """The rows from the first to the last that look like code, if enough of them do."""
    grouped = _rows(lines)
    texts = [" ".join(line.text for line in row) for row in grouped]
    hits = [number for number, text in enumerate(texts) if _CODE.search(text)]
    if not hits or not looks_like_code(texts[hits[0] : hits[-1] + 1]):
        return [], tuple(lines)
    first, last = _widened(grouped, hits[0], hits[-1])
    inside = grouped[first : last + 1]
    outside = grouped[:first] + grouped[last + 1 :]
    return [line for row in inside for line in row], tuple(line for row in outside for line in row)


def _widened(rows: Sequence[Sequence[Line]], first: int, last: int) -> tuple[int, int]:
    """With the rows above and below that stand as near and as far right as the others do."""
    inside = rows[first : last + 1]
    pitch, height = _pitch((), inside), median(line.height for row in inside for line in row)
    left = min(row[0].box[0] for row in inside) - height / 2

    def belongs(number: int, to: int) -> bool:
        row = rows[number]
        is_near = abs(_middle(row) - _middle(rows[to])) < 1.3 * max(pitch, height)
        return is_near and row[0].box[0] > left and row[0].height < 1.4 * height

    while first > 0 and belongs(first - 1, first):
        first -= 1
    while last + 1 < len(rows) and belongs(last + 1, last):
        last += 1
    return first, last


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    grouped: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.centre[1]):
        if grouped and abs(line.centre[1] - _middle(grouped[-1])) < 0.5 * line.height:
            grouped[-1].append(line)
        else:
            grouped.append([line])
    return [sorted(row, key=lambda line: line.box[2]) for row in grouped]


def _middle(row: Sequence[Line]) -> float:
    return median(line.centre[1] for line in row)


def _pitch(numbers: Sequence[tuple[int, Line]], rows: Sequence[Sequence[Line]]) -> float:
    """Pixels from one row to the next."""
    if numbers:
        (first, top), (last, bottom) = numbers[0], numbers[-1]
        return (bottom.centre[1] - top.centre[1]) / (last - first)
    middles = [_middle(row) for row in rows]
    steps = [below - above for above, below in pairwise(middles)]
    # Blank lines widen some steps: the usual one is among the smaller.
    return float(np.percentile(steps, 30)) if steps else 1.0


def _written(
    rows: Sequence[Sequence[Line]], pitch: float
) -> tuple[tuple[str, ...], tuple[Box | None, ...]]:
    character, padding = _character(rows)
    starts = [_start(row[0], character, padding) for row in rows]
    left = min(starts)
    indents = _snapped([max(0, round((start - left) / character)) for start in starts])
    texts: list[str] = []
    boxes: list[Box | None] = []
    for number, (row, indent) in enumerate(zip(rows, indents, strict=True)):
        if number:
            blank = round((_middle(row) - _middle(rows[number - 1])) / pitch) - 1
            texts += [""] * min(_MAX_BLANK, max(0, blank))
            boxes += [None] * min(_MAX_BLANK, max(0, blank))
        texts.append(" " * min(_MAX_INDENT, indent) + _joined(row, character))
        start, top, end, bottom = around(row)
        boxes.append((max(0, start), top, end, bottom))
    return tuple(texts), tuple(boxes)


def _character(rows: Sequence[Sequence[Line]]) -> tuple[float, float]:
    """Width of a character, and by how much a box is wider than its text, in pixels.

    Where lines of several lengths tell, from the slope over them; boxes have a margin.
    """
    whole = [line for row in rows for line in row if line.box[0] >= 0 and len(line.text) >= 4]
    if not whole:
        return 10.0, 0.0
    lengths = np.array([len(line.text) for line in whole], np.float64)
    widths = np.array([line.box[2] - line.box[0] for line in whole], np.float64)
    plain = float(np.median(widths / lengths))
    if lengths.max() < 1.8 * lengths.min() or len(whole) < 3:
        return plain, 0.0
    slope, padding = (float(value) for value in np.polyfit(lengths, widths, 1))
    if not 0.75 * plain < slope <= 1.05 * plain:
        return plain, 0.0
    return slope, max(0.0, padding)


def _start(line: Line, character: float, padding: float) -> float:
    if line.box[0] >= 0:
        return float(line.box[0])
    return line.box[2] - padding - character * len(line.text)


def _snapped(indents: list[int]) -> list[int]:
    """Indents in steps of four or of two where all are within one of that."""
    for step, slack in ((4, 1), (2, 0)):
        nearest = [step * round(indent / step) for indent in indents]
        if all(abs(one - other) <= slack for one, other in zip(indents, nearest, strict=True)):
            return nearest
    return indents


def _joined(row: Sequence[Line], character: float) -> str:
    written = row[0].text
    for before, line in pairwise(row):
        gap = round((line.box[0] - before.box[2]) / character)
        written += " " * min(4, max(1, gap)) + line.text
    return corrected(written)


def corrected(text: str) -> str:
    """Without what a reader of plain text does to code.

    That is the wide forms of brackets and commas that a reader of Chinese sees at times, and quotes
    of a docstring that are run together: two before a word are none of any program's.
    """
    text = _DUNDER.sub(r"__\1__", unicodedata.normalize("NFKC", text))
    return _QUOTED.sub(r'\1"""\2"""', text)
