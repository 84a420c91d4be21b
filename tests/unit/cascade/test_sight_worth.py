"""The frames that are worth reading: those after which something has gone, and the last."""

from __future__ import annotations

import pytest

from support import screens
from support.pictures import text_picture
from thinktalk.engines.cascade.sight.glimpses import glimpses
from thinktalk.engines.cascade.sight.scenes import Scene, find_scenes
from thinktalk.engines.cascade.sight.worth import Candidate, by_halves, by_worth, candidates
from thinktalk.media.types import Frame, Image

CODE = "def add(a, b):\n    return a + b\n\n\nfor n in range(3):\n    print(add(n, 10))"


def worth(pictures: list[Image]) -> list[int]:
    """Numbers of the pictures worth reading, in time order."""
    found = glimpses([Frame(n / 2, image) for n, image in enumerate(pictures)])
    return [candidate.frame for candidate in candidates(found, find_scenes(found))]


def rows(*lines: str) -> Image:
    return text_picture(lines, font_px=24).image


def test_of_typing_only_the_end_is_worth_reading() -> None:
    typed = [Image(screens.editor(CODE[:size])) for size in range(0, len(CODE) + 1, 4)]

    assert worth(typed) == [len(typed) - 1]


def test_of_a_still_picture_one_look_is_enough() -> None:
    assert len(worth([rows("Main menu")] * 5)) == 1


def test_what_goes_again_is_looked_at_before_it_goes() -> None:
    menu, failed = rows("Main menu"), rows("Main menu", "Connection lost")

    assert worth([menu, menu, failed, failed, menu, menu]) == [3, 5]


def test_a_screen_that_comes_back_is_not_looked_at_twice() -> None:
    menu, failed = rows("Main menu"), rows("Something else entirely", "Connection lost")

    assert worth([menu, failed, failed, menu, menu]) in ([0, 2], [2, 4])


def test_ends_of_scenes_come_first_and_spread_over_the_video() -> None:
    scenes = [Scene(0, 4), Scene(5, 9), Scene(10, 14)]
    chosen = [Candidate(2, 0), Candidate(4, 0), Candidate(9, 1), Candidate(12, 2), Candidate(14, 2)]

    order = [candidate.frame for candidate in by_worth(chosen, scenes)]

    assert order[:3] == [14, 4, 9]
    assert set(order[3:]) == {2, 12}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 9, 60])
def test_halving_comes_by_every_number_once(count: int) -> None:
    assert sorted(by_halves(count)) == list(range(count))
    assert by_halves(9)[0] == 4
