from __future__ import annotations

import numpy as np
import pytest

from support.scripted_senses import ScriptedRecognizer
from thinktalk.engines.base import Segment
from thinktalk.media.types import Audio
from thinktalk.serving.said import check_said, is_comparable, likeness


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        ("The birch canoe slid on the smooth planks.", "the birch canoe slid on smooth planks"),
        ("The birch cannon slipped on the smooth blanks.", "The birch canoe slid on the planks."),
        ("今天天气很好", "今天天气很好。"),
        ("Guten Morgen, Herr Müller.", "Guten Morgen Herr Mueller"),
    ],
)
def test_what_was_misheard_is_still_alike(heard: str, text: str) -> None:
    assert likeness(heard, text) > 0.5


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        ("The birch canoe slid on the planks.", "Glue the sheet to the dark blue background."),
        ("It's easy to tell the depth of a well.", "These days a chicken leg is a rare dish."),
        ("今天天气很好", "我想喝一杯咖啡"),
        ("", "anything"),
    ],
)
def test_another_text_is_not(heard: str, text: str) -> None:
    assert likeness(heard, text) < 0.35


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        ("这个问题应该怎么处理", "這個問題應該怎麼處理"),
        ("今日はいい天気ですね", "きょうはいいてんきですね"),
        ("one two three four five", "1 2 3 4 5"),
        ("Call five five five one two three four", "Call 555 1234, please."),
        ("یہ ایک اچھا دن ہے", "यह एक अच्छा दिन है"),
        ("yah ek achchha din hai", "यह एक अच्छा दिन है"),
        ("好", "好"),
        ("", "anything at all"),
    ],
)
def test_the_same_in_another_writing_is_not_compared(heard: str, text: str) -> None:
    assert not is_comparable(heard, text)


async def test_the_language_that_the_client_declares_is_heard_for() -> None:
    heard = Segment(start_s=0, end_s=9, text="Guten Morgen, Herr Müller.", language="de")
    recognizer = ScriptedRecognizer([heard])
    for declared, expected in (("de", "de"), ("", None), ("sichuan", None)):
        audio = Audio(np.zeros(24_000, np.float32), 24_000)
        await check_said(recognizer, audio, "Guten Morgen Herr Mueller", language=declared)
        assert recognizer.heard[-1][1].language == expected
