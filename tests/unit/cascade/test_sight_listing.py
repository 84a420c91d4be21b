"""Code on a screen is written as it stands, without line numbers or cursor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from support import screens
from thinktalk.engines.cascade.sight.cursor import without_cursor
from thinktalk.engines.cascade.sight.listing import corrected, find_listing, looks_like_code
from thinktalk.engines.cascade.sight.reading import Line
from thinktalk.media.types import Image

CHARACTER, PITCH, LEFT = 13, 32, 80
CODE = '''def add(a, b):
    """Add two numbers."""
    return a + b


for n in range(3):
    if n != 1:
        print(add(n, 10))'''


def line(text: str, left: float, row: float, width: float | None = None) -> Line:
    """A reader's line: its box has some room around the letters."""
    width = len(text) * CHARACTER if width is None else width
    box = (round(left - 3), round(60 + row * PITCH), round(left + width + 3), 0)
    return Line(text, (*box[:3], box[1] + 30), 0.99)


def drawn(code: str, *, left: float = LEFT) -> list[Line]:
    return [
        line(row.lstrip(), left + CHARACTER * (len(row) - len(row.lstrip())), number)
        for number, row in enumerate(code.split("\n"))
        if row
    ]


def numbers(which: Sequence[int], first: int = 1) -> list[Line]:
    """Line numbers right-aligned before the code."""
    return [line(str(n), LEFT - 20 - CHARACTER * len(str(n)), n - first) for n in which]


def test_code_beside_line_numbers_keeps_its_indents_and_blank_lines() -> None:
    found = find_listing([*numbers(range(1, 9)), *drawn(CODE)])

    assert found is not None
    assert "\n".join(found.rows) == CODE


def test_code_without_line_numbers_is_found_by_its_look() -> None:
    found = find_listing(drawn(CODE))

    assert found is not None
    assert "\n".join(found.rows) == CODE


def test_line_numbers_read_together_with_the_code_are_taken_off() -> None:
    lines = [one for one in drawn(CODE) if not one.text.startswith(("def", '"""'))]
    joined = line("1 def add(a, b):", LEFT - 33, 0, width=33 + 14 * CHARACTER)
    docstring = line('2 """Add two numbers."""', LEFT - 33, 1, width=33 + 26 * CHARACTER)

    found = find_listing([joined, docstring, *numbers(range(3, 9)), *lines])

    assert found is not None
    assert "\n".join(found.rows) == CODE


def test_a_line_number_that_was_overlooked_takes_no_code_with_it() -> None:
    found = find_listing([*numbers([2, 3, 5, 6, 7]), *drawn(CODE)])

    assert found is not None
    assert "\n".join(found.rows) == CODE


def test_what_stands_around_the_code_is_kept_apart() -> None:
    tab = line("main.py", 20, -2)
    output = line("hello world", 20, 15)

    found = find_listing([tab, *numbers(range(1, 9)), *drawn(CODE), output])

    assert found is not None
    assert "\n".join(found.rows) == CODE
    assert [other.text for other in found.others] == ["main.py", "hello world"]


def test_code_that_was_scrolled_loses_its_line_numbers_as_well() -> None:
    found = find_listing([*numbers(range(41, 49), first=41), *drawn(CODE)])

    assert found is not None
    assert "\n".join(found.rows) == CODE


def test_a_number_that_is_no_line_number_is_kept() -> None:
    found = find_listing([*numbers(range(1, 9)), *drawn(CODE), line("42", 300, 14)])

    assert found is not None
    assert [other.text for other in found.others] == ["42"]


def test_wide_brackets_and_lost_underscores_are_put_right() -> None:
    code = "class Box:\n    def _init_（self, size）：\n        self.size = size"

    found = find_listing(drawn(code))

    assert found is not None
    assert found.rows[1] == "    def __init__(self, size):"


@pytest.mark.parametrize(
    "rows",
    [
        ["Quarterly review", "Revenue grew by 12 percent", "Two new offices"],
        ["Anna: Are you coming tonight?", "Ben: Yes, at seven.", "Anna: Bring an umbrella."],
        ["Settings", "Network", "Display", "Sound"],
        ["12", "27"],
        ["if you ever go", "for love or money", "with all my heart"],
        ["import of goods", "from May to June", "class of 2024"],
    ],
)
def test_other_texts_are_no_listing(rows: list[str]) -> None:
    assert find_listing(drawn("\n".join(rows))) is None
    assert not looks_like_code(rows)


@pytest.mark.parametrize(
    "code",
    [
        "const total = items.reduce((a, b) => a + b, 0);\nconsole.log(total);",
        "#include <stdio.h>\nint main(void) {\n    return 0;\n}",
        "SELECT name, age\nFROM users\nWHERE age > 30;",
        "$ make test\n$ git push",
        "fn main() {\n    let x = 5;\n}",
    ],
)
def test_many_languages_look_like_code(code: str) -> None:
    assert looks_like_code(code.split("\n"))


def ink(image: Image, columns: slice) -> int:
    """Pixels that differ from the paper."""
    strip = image.pixels[:, columns].astype(int)
    return int((np.abs(strip - np.median(image.pixels, axis=(0, 1))).max(axis=2) > 40).sum())


def test_the_cursor_behind_a_row_is_painted_over_and_the_row_is_not() -> None:
    row = (75, 55, 290, 90)
    plain = screens.editor("return a + b", has_cursor=False)

    cleaned = without_cursor(Image(screens.editor("return a + b")), row)

    assert cleaned is not None
    left, margin = row[0], round(0.4 * 35)
    height = cleaned.height
    top = row[1] - margin // 4
    expected = plain[top : top + height, left - margin : left - margin + cleaned.width]
    assert ink(cleaned, slice(None)) == pytest.approx(ink(Image(expected), slice(None)), rel=0.02)


@pytest.mark.parametrize("text", ["return a + b", "print(all)", "total = 1", "x = cell"])
def test_a_row_without_a_cursor_stays_as_it_is(text: str) -> None:
    image = Image(screens.editor(text, has_cursor=False))

    assert without_cursor(image, (75, 55, 300, 90)) is None


@pytest.mark.parametrize(
    ("read", "written"),
    [
        ('""Sum one column.""', '"""Sum one column."""'),
        ('    "Sum one column."""', '    """Sum one column."""'),
        ('"""Sum one column."""', '"""Sum one column."""'),
        ('name = ""', 'name = ""'),
        ('"one" "two"', '"one" "two"'),
        ('"plain text"', '"plain text"'),
    ],
)
def test_run_together_quotes_of_a_docstring_are_parted(read: str, written: str) -> None:
    assert corrected(read) == written
