"""Pieces of text become rows, columns and indents. No model: the pieces are given."""

from __future__ import annotations

import numpy as np
import pytest

from thinktalk.engines.cascade.sight.reading import (
    Line,
    Region,
    batches,
    in_reading_order,
    with_layout,
)


def line(text: str, x: int, y: int, width: int | None = None) -> Line:
    return Line(text, (x, y, x + (width or 10 * len(text)), y + 20), 0.99)


def test_pieces_of_a_row_are_read_left_to_right_even_if_not_level() -> None:
    ordered = in_reading_order([line("world", 200, 103), line("hello", 10, 100)])

    assert [piece.text for piece in ordered] == ["hello", "world"]


def test_indents_become_spaces() -> None:
    lines = [line("def f(x):", 10, 0), line("return x + 1", 50, 30), line("# done", 50, 60)]

    assert with_layout(lines) == "def f(x):\n    return x + 1\n    # done"


def test_cells_of_a_table_stay_in_their_rows() -> None:
    cells = [
        line(f"{name}{row}", x, 40 * row) for row in range(6) for name, x in (("a", 0), ("b", 300))
    ]

    ordered = in_reading_order(cells)

    assert [cell.text for cell in ordered[:4]] == ["a0", "b0", "a1", "b1"]
    assert with_layout(ordered).splitlines()[0].split() == ["a0", "b0"]


def test_columns_of_prose_are_read_one_after_the_other() -> None:
    prose = "a line of running text, long enough"
    left = [line(f"{prose} L{row}", 0, 40 * row) for row in range(5)]
    right = [line(f"{prose} R{row}", 500, 40 * row) for row in range(5)]

    ordered = in_reading_order([*right, *left])

    assert [piece.text[-2:] for piece in ordered] == [
        f"{side}{n}" for side in "LR" for n in range(5)
    ]


def test_no_lines_have_no_layout() -> None:
    assert with_layout([]) == ""
    assert in_reading_order([]) == ()


@pytest.mark.parametrize("widths", [[40], [1000] * 9, [100, 2000, 300, 900, 50, 1400]])
def test_batches_hold_every_region_once_and_bound_the_work(widths: list[int]) -> None:
    regions = [Region((0, 0, w, 48), np.zeros((48, w, 3), np.uint8)) for w in widths]

    grouped = batches(regions, max_width=3000)

    assert sorted(id(r) for group in grouped for r in group) == sorted(map(id, regions))
    for group in grouped:
        assert len(group) == 1 or len(group) * max(r.crop.shape[1] for r in group) <= 3000
