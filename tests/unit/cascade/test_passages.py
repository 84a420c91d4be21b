"""The rows that a question is about are found by times and words."""

from __future__ import annotations

import pytest

from support.long_talk import PARAGRAPH_S, meeting
from thinktalk.engines.cascade.noted import Row, clock
from thinktalk.engines.cascade.passages import asked_for, borrowed, closest, named_times, wanted

BUDGET = 200


def words(text: str) -> int:
    return len(text.split())


def rows(secrets: dict[int, str]) -> list[Row]:
    return [
        Row(segment.start_s, f'[{clock(segment.start_s)}] "{segment.text.strip()}"')
        for segment in meeting(200, secrets)
    ]


def found(question: str, secrets: dict[int, str] | None = None) -> list[float]:
    kept = asked_for(rows(secrets or {}), question, BUDGET, words)
    return [row.start_s / PARAGRAPH_S for row in kept]


@pytest.mark.parametrize(
    ("question", "times"),
    [
        ("What is said at 1:02:30?", [3750]),
        ("What happens at 2:30?", [150, 9000]),
        ("Between 0:10 and 0:50, who speaks?", [10, 600, 50, 3000]),
        ("What is said in minute 12?", [720]),
        ("And 90 minutes in?", [5400]),
        ("Was wird nach 1 Stunde und 5 Minuten gesagt?", [3900]),
        ("Que dit-il à 2 heures 10 minutes ?", [7800]),
        ("1小时5分钟的时候说了什么?", [3900]),
        ("第12分钟说了什么?", [720]),
        ("After 2 hours?", [7200]),
        ("Summarise it in 3 sentences.", []),
        ("Was the ratio 1:200 or 16:9?", []),
    ],
)
def test_times_in_a_question(question: str, times: list[float]) -> None:
    assert named_times(question, 10_000) == times


def test_times_after_the_end_are_none() -> None:
    assert named_times("At 2:30?", 3600) == [150]


def test_rows_around_a_named_time_are_kept() -> None:
    assert found("What is said at 1:00:00?") == [149, 150, 151]


def test_the_first_and_the_last_row_can_be_asked_for() -> None:
    assert found("How does it end?") == [199]
    assert found("Quote the beginning.") == [0]


def test_the_rows_that_share_rare_words_are_kept() -> None:
    secrets = {77: "The diver found a wreck.", 120: "A wreck? What wreck?"}
    assert found("What did divers find out about the wreck?", secrets) == [77]
    assert found("Which wreck?", secrets) == [77, 120]


def test_words_that_stand_everywhere_find_nothing() -> None:
    assert found("What was agreed on, and for how many pounds?") == []


def test_a_question_in_a_script_without_spaces_finds_its_words() -> None:
    secrets = {77: "潜水员在码头下面发现了一艘沉船。"}
    assert found("沉船在哪里?", secrets) == [77]


def test_no_more_is_kept_than_there_is_room_for() -> None:
    kept = asked_for(rows({}), "What about the library?", BUDGET, words)
    assert 0 < sum(words(row.text) for row in kept) <= BUDGET


def test_a_sentence_belongs_to_the_row_it_was_taken_from() -> None:
    told = rows({7: "The new bridge costs 57 thousand pounds.", 8: "The bridge is closed."})
    assert closest("Closed is the bridge.", told[5:10]).start_s == 8 * PARAGRAPH_S
    assert closest("57 thousand are paid for a bridge.", told[5:10]).start_s == 7 * PARAGRAPH_S
    assert closest("Zzz.", told[5:10]).start_s == 5 * PARAGRAPH_S


def test_a_summary_looks_for_no_words_and_a_question_for_its_own() -> None:
    assert wanted("Which wreck did the divers find?") == {"wreck", "diver"}
    for whole in ("Summarise the talk on wrecks.", "Fasse das zusammen.", "总结这段录音。"):
        assert wanted(whole) == set()


def test_words_that_one_part_alone_has_are_borrowed_by_the_others() -> None:
    asked = wanted("Which wreck did the diver find in the harbour?")
    told = [{"harbo", "wreck", "diver"}, {"harbo"}, {"roof"}]
    assert borrowed(asked, told) == {"wreck", "diver"}
    assert borrowed(asked, told[:1]) == set()
