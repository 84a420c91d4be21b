from __future__ import annotations

import pytest

from thinktalk.serving.said import likeness


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
