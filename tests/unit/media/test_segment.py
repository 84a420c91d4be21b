"""Long recordings are cut at pauses near the limit, and nothing is lost at a cut."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest

from thinktalk.media.segment import Span, joined, segments


@dataclass(frozen=True)
class Word:
    text: str
    start_s: float
    end_s: float


def said(text: str, from_s: float = 0.0) -> list[Word]:
    """One word in each half second."""
    return [Word(w, from_s + n / 2, from_s + (n + 1) / 2) for n, w in enumerate(text.split())]


def text_of(words: list[Word]) -> str:
    return " ".join(word.text for word in words)


def talk(*pauses: Span, until_s: float = 60.0) -> list[Span]:
    """Speech from 0 on, with these pauses."""
    edges = [0.0, *(edge for pause in pauses for edge in pause), until_s]
    return list(zip(edges[::2], edges[1::2], strict=True))


def test_what_fits_is_one_segment() -> None:
    assert segments(60, talk(), 60) == [(0.0, 60)]
    assert segments(0, [], 60) == [(0.0, 0)]


def test_the_cut_is_in_the_longest_pause_near_the_limit() -> None:
    speech = talk((10, 15), (22, 22.5), (26, 28), (29, 29.5))
    assert segments(60, speech, 30)[0] == (0.0, 27.0)


def test_of_pauses_of_one_length_the_last_is_taken() -> None:
    assert segments(60, talk((21, 22), (24, 25), (27, 28)), 30)[0] == (0.0, 27.5)


def test_a_pause_too_short_to_be_one_is_not_preferred_to_the_limit() -> None:
    first, second, *_ = segments(60, talk((25, 25.1)), 30)
    assert first == (0.0, 30.0)
    assert second[0] == 28.5


def test_in_a_long_silence_the_cut_stays_within_the_limit() -> None:
    found = segments(100, [(0, 5), (95, 100)], 30)
    assert all(end_s - start_s <= 30 for start_s, end_s in found)


def test_without_a_pause_the_quietest_moment_is_taken_and_the_segments_overlap() -> None:
    asked: list[Span] = []

    def quietest(first_s: float, last_s: float) -> float:
        asked.append((first_s, last_s))
        return first_s + 3

    found = segments(60, talk(), 30, quietest=quietest)
    assert asked[0] == pytest.approx((20, 30))
    assert found[0] == pytest.approx((0, 23))
    assert found[1][0] == pytest.approx(21.5)


def test_a_change_of_scene_makes_a_short_pause_the_better_cut() -> None:
    speech = talk((21, 24), (26, 26.6))
    assert segments(60, speech, 30)[0] == (0.0, 22.5)
    assert segments(60, speech, 30, scenes=[5.0, 26.5, 50.0])[0] == (0.0, 26.5)


def test_where_nobody_pauses_the_scene_decides() -> None:
    assert segments(60, talk(), 30, scenes=[22.0, 27.0, 33.0])[0] == (0.0, 27.0)


def test_a_silent_video_is_cut_where_scenes_change() -> None:
    assert segments(60, [], 30, scenes=[12.0, 24.0, 36.0])[0] == (0.0, 24.0)


@pytest.mark.parametrize("duration_s", [30.1, 31, 45, 60, 61, 599, 36_000])
@pytest.mark.parametrize("pause_s", [0.0, 0.5, 3.0])
def test_segments_cover_everything_and_none_is_too_long_or_a_crumb(
    duration_s: float, pause_s: float
) -> None:
    speech = [(start, start + 7 - pause_s) for start in range(0, int(duration_s), 7)]
    found = segments(duration_s, speech, 30)
    assert found[0][0] == 0
    assert found[-1][1] == duration_s
    assert all(5 <= end_s - start_s <= 30 for start_s, end_s in found)
    assert all(0 <= one[1] - other[0] <= 1.5 for one, other in pairwise(found))


def test_words_heard_twice_are_told_once() -> None:
    left = said("the river rose by two metres")
    right = said("by two metres and then fell", 1.55)
    assert text_of(joined(left, right)) == "the river rose by two metres and then fell"


def test_words_cut_off_at_the_edge_give_way_to_whole_ones() -> None:
    left = said("the river rose by two met")
    right = said("vose By two metres, and", 1.05)
    assert text_of(joined(left, right)) == "the river rose by two metres, and"


def test_where_nothing_was_heard_alike_the_seam_is_in_the_middle() -> None:
    left, right = said("a b c d e f"), said("k l m n", 2.0)
    assert text_of(joined(left, right)) == "a b c d e l m n"


def test_segments_that_do_not_overlap_are_put_one_after_the_other() -> None:
    left, right = said("one two"), said("two three", 1.0)
    assert text_of(joined(left, right)) == "one two two three"
    assert joined([], right) == right
    assert joined(left, []) == left
