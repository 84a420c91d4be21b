"""Silence between pieces fits what is written there, in every script."""

from __future__ import annotations

import time

import pytest

from thinktalk.engines.cascade import pauses

INSIDE, COMMA, COLON, STOP, ELLIPSIS = (
    pauses.after(text) for text in ("we went", "we went,", "we went:", "we went.", "we went…")
)


def test_stronger_marks_pause_longer() -> None:
    assert 0 == INSIDE < COMMA < COLON < STOP < ELLIPSIS


@pytest.mark.parametrize(
    ("marks", "pause_s"),
    [
        (", 、 ， ،", COMMA),
        ("; : — – ； ： ؛", COLON),
        (". ! ? 。 ！ ？ ؟ । ॥ ۔ ?!", STOP),
        ("… ... 。。。", ELLIPSIS),
    ],
)
def test_marks_of_all_scripts_count(marks: str, pause_s: float) -> None:
    for mark in marks.split():
        for closing in ("", " ", "” ", "**", "」", ")"):
            assert pauses.after(f"word{mark}{closing}") == pause_s, (mark, closing)


def test_a_row_of_dots_is_looked_at_once() -> None:
    started = time.thread_time()
    assert pauses.after("." * 30_000 + "x") == INSIDE
    assert time.thread_time() - started < 1.0


def test_a_dash_needs_blanks_and_a_hyphen_is_none() -> None:
    assert pauses.after("we went - ") == COLON
    assert pauses.after("a well-") == INSIDE


def test_a_space_between_thai_words_is_a_pause_and_between_others_is_not() -> None:
    assert pauses.after("สวัสดีครับ ") > 0
    assert pauses.after("hello ") == 0


def test_a_line_ends_like_a_sentence_and_paragraphs_and_headings_add_to_it() -> None:
    assert pauses.after("- bread\n") == pauses.after("- bread,\n") == STOP
    assert pauses.before("- milk\n") == 0
    assert 0 < pauses.before("\nNext paragraph") < pauses.before("\n## Next part\n")
