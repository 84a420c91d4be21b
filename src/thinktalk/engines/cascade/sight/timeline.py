"""One time line of what was seen and heard, its rows with clock times, bounded in length.

Knows nothing of how it was seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MAX_CHARACTERS = 4000
_SHORTEST_ROW = 80


@dataclass(frozen=True, slots=True)
class Remark:
    """Something seen or heard from `start_s` on; to `end_s`, if its end is worth telling.

    `block` are rows to be copied as they are, such as code. With it, or where `is_whole`, a remark
    is told outside the limit on rows: of what was said nothing is left out.
    """

    start_s: float
    text: str
    end_s: float | None = None
    block: str = ""
    is_whole: bool = False

    @property
    def is_limited(self) -> bool:
        return not (self.block or self.is_whole)


def timeline(remarks: Iterable[Remark], max_characters: int = MAX_CHARACTERS) -> list[str]:
    """Rows such as `0:03 on screen: Menu` or `0:03-0:09 silence`, in time order.

    Of the limited ones, what does not fit is left out evenly, and a last row says how much; the
    longest are cut.
    """
    ordered = sorted(remarks, key=lambda remark: remark.start_s)
    brief = [remark for remark in ordered if remark.is_limited]
    rows = [_row(remark) for remark in brief]
    left_out = 0
    if rows and sum(map(len, rows)) > max_characters:
        longest = max(_SHORTEST_ROW, max_characters // len(rows))
        count = min(len(rows), max(1, max_characters // longest))
        kept = [number * len(rows) // count for number in range(count)]
        left_out = len(rows) - count
        brief = [brief[number] for number in kept]
        rows = [_cut(rows[number], longest) for number in kept]
    told = list(zip((remark.start_s for remark in brief), rows, strict=True))
    told += [(remark.start_s, _row(remark)) for remark in ordered if not remark.is_limited]
    lines = [row for _, row in sorted(told, key=lambda item: item[0])]
    return [*lines, f"({left_out} more moments left out)"] if left_out else lines


def shortened(rows: Sequence[str], max_characters: int) -> list[str]:
    """The first two thirds and the end of a long listing, and how much is between."""
    if sum(len(row) + 1 for row in rows) <= max_characters:
        return list(rows)
    head = _fitting(rows, max_characters * 2 // 3)
    tail = _fitting(rows[:head:-1], max_characters // 3)
    left_out = len(rows) - head - tail
    return [*rows[:head], f"[{left_out} lines left out]", *rows[len(rows) - tail :]]


def clock(time_s: float) -> str:
    """Such as `0:07`, `61:30`."""
    return f"{int(time_s) // 60}:{int(time_s) % 60:02d}"


def _row(remark: Remark) -> str:
    begin = clock(remark.start_s)
    end = begin if remark.end_s is None else clock(remark.end_s)
    row = f"{begin if begin == end else f'{begin}-{end}'} {remark.text}"
    return f"{row}\n{remark.block}" if remark.block else row


def _cut(row: str, longest: int) -> str:
    return row if len(row) <= longest else row[: longest - 1] + "…"


def _fitting(rows: Sequence[str], max_characters: int) -> int:
    """How many of the first rows fit."""
    room = max_characters
    for number, row in enumerate(rows):
        room -= len(row) + 1
        if room < 0:
            return number
    return len(rows)
