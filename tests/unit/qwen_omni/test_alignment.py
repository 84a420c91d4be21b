"""What a stretch of speech speaks is estimated, in order, and ends with the text."""

from __future__ import annotations

from thinktalk.engines.qwen_omni.alignment import Alignment


def test_spans_follow_each_other_and_the_last_takes_the_rest() -> None:
    alignment = Alignment()
    alignment.write("The lighthouse stands on a rock, ")
    first = alignment.speak(1.0, is_last=False)
    alignment.write("and nobody lives there.")
    second = alignment.speak(1.0, is_last=False)
    last = alignment.speak(0.2, is_last=True)
    assert first == (0, 14)
    assert (second[0], last[0]) == (first[1], second[1])
    assert last[1] == len("The lighthouse stands on a rock, and nobody lives there.")


def test_speech_does_not_run_ahead_of_what_is_written() -> None:
    alignment = Alignment()
    alignment.write("Well")
    assert alignment.speak(5.0, is_last=False) == (0, 4)
    alignment.write(" then, as I said before")
    start, end = alignment.speak(0.5, is_last=False)
    assert (start, end) == (4, 11)  # the silence before is not made up for


def test_a_character_of_chinese_takes_longer_than_a_letter() -> None:
    alignment = Alignment()
    alignment.write("灯塔立在礁石上，没有人住在那里。")
    assert alignment.speak(1.0, is_last=False) == (0, 4)
