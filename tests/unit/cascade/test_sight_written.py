"""What is written on a screen: once, in its final form, with the time since when it stood."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from support import screens
from thinktalk.engines.cascade.sight.timeline import Remark
from thinktalk.engines.cascade.sight.written import (
    Look,
    Text,
    listings,
    on_screen,
    standing_since,
)
from thinktalk.media.types import Frame, Image

PITCH = 30


def seen(time_s: float, *texts: str) -> Look:
    return Look(time_s, tuple(Text(text, time_s) for text in texts))


def code(time_s: float, rows: Sequence[str], *, top: int = 0, since_s: float | None = None) -> Look:
    """A listing whose first row stands `top` rows below the top of the screen."""
    return Look(
        time_s,
        listing=tuple(
            Text(
                row,
                time_s if since_s is None else since_s,
                (80, (top + n) * PITCH, 80 + 12 * len(row), (top + n) * PITCH + 26)
                if row
                else None,
            )
            for n, row in enumerate(rows)
        ),
    )


def blocks(*looks: Look) -> list[str]:
    """The code that is told, without its fences."""
    return [
        remark.block.removeprefix("```\n").removesuffix("\n```")
        for remark in listings(looks)
        if remark.block
    ]


def test_text_that_stays_is_told_once_and_what_is_new_later() -> None:
    looks = [
        seen(0.0, "Settings", "Network"),
        seen(2.0, "Settings", "Netvork"),
        seen(4.0, "Settings", "Error 503"),
    ]

    assert on_screen(looks) == [
        Remark(0.0, "on screen: Settings | Network"),
        Remark(4.0, "on screen: Error 503"),
    ]


def test_text_that_comes_back_is_told_again() -> None:
    looks = [seen(0.0, "Menu"), seen(1.0), seen(2.0, "Menu")]

    assert [remark.start_s for remark in on_screen(looks)] == [0.0, 2.0]


def test_short_lines_that_differ_in_a_word_or_a_figure_are_told_apart() -> None:
    texts = ["STEP ONE", "STEP TWO", "Page 10", "Page 11"]

    assert len(on_screen([seen(float(at), text) for at, text in enumerate(texts)])) == 4


def test_lines_of_a_log_that_differ_in_a_figure_are_told_apart() -> None:
    looks = [seen(float(n), f"test_case_0{70 + n} in module beta passed") for n in range(4)]

    assert len(on_screen(looks)) == 4


def test_a_letter_that_flickers_in_a_long_line_is_not_told_again() -> None:
    looks = [seen(0.0, "Total: 5 warnings, 0 errors"), seen(1.0, "Tota1: 5 warnings, O errors")]

    assert len(on_screen(looks)) == 1


def test_a_line_that_is_being_typed_is_told_in_its_final_form_only() -> None:
    place = (20, 40, 300, 66)
    looks = [
        Look(1.0, (Text("Dear al", 1.0, (20, 40, 110, 66)),)),
        Look(3.0, (Text("Dear all, we meet at noon", 3.0, place),)),
    ]

    assert on_screen(looks) == [Remark(3.0, "on screen: Dear all, we meet at noon")]


def test_texts_of_one_second_share_a_row() -> None:
    look = Look(9.0, (Text("Menu", 2.0), Text("Start", 2.5), Text("Ready", 7.0)))

    assert [remark.text for remark in on_screen([look])] == [
        "on screen: Menu | Start",
        "on screen: Ready",
    ]


def test_code_that_grows_is_told_once_and_whole() -> None:
    begun = ["def add(a, b):", "    ret"]
    whole = ["def add(a, b):", "    return a + b", "", "print(add(1, 2))"]

    assert blocks(code(1.0, begun), code(4.0, whole)) == ["\n".join(whole)]


def test_code_that_shows_a_fence_itself_is_fenced_by_a_longer_one() -> None:
    rows = ["# Log", "```sh", "12:30 meeting", "```"]

    assert blocks(code(2.0, rows)) == ["\n".join(["````", *rows, "````"])]


def test_the_span_of_a_listing_is_that_of_its_writing() -> None:
    rows = [Text("a = 1", 1.0), Text("b = 2", 2.5), Text("def total():", 6.0)]

    told = listings([Look(9.0, listing=tuple(rows))])

    assert (told[0].start_s, told[0].end_s) == (1.0, 6.0)
    assert told[1:] == [Remark(2.5, "typed: b = 2"), Remark(6.0, "typed: def total():")]


def test_code_that_was_scrolled_by_is_put_together() -> None:
    whole = [f"value_{n} = compute({n})" for n in range(20)]

    down = blocks(code(1.0, whole[:10]), code(3.0, whole[6:16]), code(5.0, whole[10:]))
    up = blocks(code(1.0, whole[10:]), code(3.0, whole[5:15]), code(5.0, whole[:10]))

    assert down == up == ["\n".join(whole)]


def test_what_was_deleted_from_code_is_not_told() -> None:
    before = ["import os", "import re", "x = 1", "y = 2", "z = 3"]
    after = ["import os", "import re", "x = 1"]

    assert blocks(code(1.0, before), code(3.0, after)) == ["\n".join(after)]


def test_different_listings_are_told_apart() -> None:
    one, other = ["import os", "print(os.getcwd())"], ["SELECT name", "FROM users;"]

    assert blocks(code(1.0, one), code(3.0, other)) == ["\n".join(one), "\n".join(other)]


def test_a_row_of_code_or_its_number_is_not_told_beside_the_code() -> None:
    looks = [
        Look(1.0, (Text("1 def ad", 1.0, (40, 0, 170, 26)), Text("2", 1.0, (40, 30, 52, 56)))),
        code(4.0, ["def add(a, b):", "    return a + b"]),
        Look(5.0, (Text("42", 5.0, (600, 400, 640, 440)),)),
    ]

    assert [remark.text for remark in on_screen(looks)] == ["on screen: 42"]


def test_a_line_stands_since_its_last_letter_was_typed() -> None:
    row = "total = price * count"
    frames = [Frame(n / 2, Image(screens.editor(row[: 3 * n]))) for n in range(12)]

    assert standing_since(frames, (70, 55, 400, 90)) == 3.5


def test_a_row_that_differs_in_one_figure_has_not_stood_before() -> None:
    rows = [f"test_case_0{n} in module beta passed" for n in (64, 67, 76)]
    frames = [Frame(n, Image(screens.terminal([row]))) for n, row in enumerate(rows)]

    assert standing_since(frames, (8, 6, 480, 40)) == 2


def test_a_place_that_never_changed_has_stood_from_the_start() -> None:
    frames = [Frame(n, Image(np.full((90, 160, 3), 200, np.uint8))) for n in range(4)]

    assert standing_since(frames, (10, 10, 60, 40)) == 0
