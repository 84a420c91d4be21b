"""What the end of a transcript says, with the marks that recognisers really put there."""

from __future__ import annotations

import pytest

from thinktalk.turns.wording import Wording, judge


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What if we left on Sunday?", "en"),
        ("Let me think. What is it for?", "en"),
        ("Ist das alles?", "de"),
        ("¿Cuánto cuesta el billete?", "es"),
        ("これは何ですか？", "ja"),
    ],
)
def test_a_whole_question_is_asked(text: str, language: str) -> None:
    assert judge(text, language) is Wording.ASKED


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Turn it on.", "en"),
        ("Two tickets, please.", "en"),
        ("Yes, I do.", "en"),
        ("I was born in 1992.", "en"),
        ("Mach die Tür zu.", "de"),
        ("こんにちは。", "ja"),
    ],
)
def test_a_sentence_that_may_end_there_is_said(text: str, language: str) -> None:
    assert judge(text, language) is Wording.SAID


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Let me think.", "en"),
        ("I'd like to book a table, um", "en"),
        ("Well...", "en"),
        ("Lass mich überlegen.", "de"),
        ("Je voudrais, euh.", "fr"),
        ("嗯。", "zh"),
        ("えっと。", "ja"),
    ],
)
def test_who_asks_for_time_holds_the_floor_whatever_mark_follows(text: str, language: str) -> None:
    assert judge(text, language) is Wording.HOLDING


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I would like to.", "en"),
        ("What if?", "en"),
        ("I bought the shoes because.", "en"),
        ("When I restart the server.", "en"),
        ("Ich suche ein Hotel mit einem.", "de"),
        ("Parce que.", "fr"),
        ("Quiero ir a.", "es"),
        ("Vorrei un biglietto per.", "it"),
        ("Eu gostaria de.", "pt"),
        ("Я хочу.", "ru"),
        ("我想。", "zh"),
        ("明日の天気が。", "ja"),
        ("Chtěl bych,", "cs"),
        ("First we take the train –", ""),
    ],
)
def test_words_that_need_others_trail_off(text: str, language: str) -> None:
    assert judge(text, language) is Wording.TRAILING


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("My number is 49-22.", "en"),
        ("The code is three three eight", "en"),
        ("Meine Nummer ist 0176 49", "de"),
        ("我的电话是一三五", "zh"),
    ],
)
def test_a_number_that_is_being_given_may_go_on(text: str, language: str) -> None:
    assert judge(text, language) is Wording.COUNTING


def test_without_words_or_marks_nothing_is_known() -> None:
    assert judge("", "en") is Wording.OPEN
    assert judge("the red house", "en") is Wording.OPEN
    assert judge("červený dům", "cs") is Wording.OPEN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Why do onions make? us cry", Wording.ASKED),
        ("Is it open? I would like to", Wording.TRAILING),
        ("Is it open? Because I thought it closes at six", Wording.OPEN),
    ],
)
def test_a_mark_that_comes_some_words_too_early_still_asks(text: str, expected: Wording) -> None:
    assert judge(text, "en") is expected
