"""Colours have names; drawings and photographs are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from support.pictures import plain, scene, text_picture
from thinktalk.engines.cascade.sight.colours import colours


@pytest.mark.parametrize(
    ("paint", "name"),
    [
        ("#ff0000", "red"),
        ("#00aa22", "green"),
        ("#2040ff", "blue"),
        ("#ffe000", "yellow"),
        ("#ff9000", "orange"),
        ("#7a4a20", "brown"),
        ("#ff60c0", "pink"),
        ("#8020c0", "purple"),
        ("#808080", "grey"),
        ("white", "white"),
        ("black", "black"),
    ],
)
def test_a_plain_picture_has_one_colour(paint: str, name: str) -> None:
    assert colours(plain(paint).pixels).main == (name,)


def test_a_scene_is_a_photograph_and_text_is_not() -> None:
    assert colours(scene().pixels).is_photo
    assert not colours(text_picture(["hello", "world"]).image.pixels).is_photo


def test_the_smallest_picture_has_colours() -> None:
    assert colours(np.zeros((1, 1, 3), np.uint8)).main == ("black",)
