"""Scenes: cuts and fades start one; typing, pointers, scrolling and motion do not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from support import screens
from support.pictures import plain, scene, text_picture
from thinktalk.engines.cascade.sight.glimpses import glimpses
from thinktalk.engines.cascade.sight.scenes import find_scenes
from thinktalk.media.types import Frame, Image

Pixels = npt.NDArray[np.uint8]
CODE = "def add(a, b):\n    return a + b\n\n\nfor n in range(3):\n    print(add(n, 10))"


def photo(seed: int) -> Pixels:
    """Soft blobs in colours of their own."""
    tint = np.random.default_rng(seed).uniform(0.2, 1.0, 3)
    return np.asarray(scene(seed).pixels * tint, np.uint8)


def starts(pictures: list[Pixels], every_s: float = 0.5) -> list[float]:
    """The times at which scenes start, of pictures shown one after another."""
    frames = [Frame(n * every_s, Image(pixels)) for n, pixels in enumerate(pictures)]
    return [frames[found.first].time_s for found in find_scenes(glimpses(frames))]


def test_another_picture_is_another_scene() -> None:
    assert starts([photo(1)] * 4 + [photo(2)] * 4 + [photo(3)] * 4) == [0.0, 2.0, 4.0]


def test_pictures_that_are_shown_for_seconds_without_any_change_are_scenes_too() -> None:
    assert starts([photo(1), photo(2), photo(3)], every_s=4.0) == [0.0, 4.0, 8.0]


def test_a_dissolve_is_one_new_scene() -> None:
    one, other = photo(1).astype(float), photo(2).astype(float)
    mixed = [(one * (1 - part) + other * part).astype(np.uint8) for part in (0.25, 0.5, 0.75)]

    found = starts([photo(1)] * 6 + mixed + [photo(2)] * 6)

    assert len(found) == 2
    assert 3.0 <= found[1] <= 4.5


def test_fading_in_from_black_is_no_scene_of_its_own() -> None:
    fading = [(photo(1) * part).astype(np.uint8) for part in (0.0, 0.3, 0.6, 1.0)]

    assert len(starts([*fading, *[photo(1)] * 6])) == 1


def test_slides_of_one_design_are_scenes() -> None:
    slides = [
        text_picture(rows, font_px=30).image.pixels
        for rows in (
            ["Quarterly review", "Revenue grew by 12 percent", "Two new offices"],
            ["Risks of the year", "Suppliers deliver late", "The currency is weak"],
        )
    ]

    assert starts([slides[0]] * 6 + [slides[1]] * 6) == [0.0, 3.0]


def test_a_few_words_on_an_empty_slide_are_a_scene() -> None:
    one, other = (text_picture([title]).image.pixels for title in ("Main menu", "Connection lost"))

    assert starts([one] * 6 + [other] * 6) == [0.0, 3.0]


def test_typing_is_one_scene() -> None:
    assert len(starts([screens.editor(CODE[:size]) for size in range(0, len(CODE), 5)])) == 1


def test_scrolling_is_one_scene() -> None:
    rows = [f"line {n}: the quick brown fox number {n * 37}" for n in range(60)]

    assert len(starts([screens.terminal(rows[: 20 + n]) for n in range(0, 40, 3)])) == 1


def test_a_page_scrolled_at_once_is_no_new_scene() -> None:
    rows = [f"line {n}: the quick brown fox number {n * 37}" for n in range(60)]

    assert len(starts([screens.terminal(rows[:40])] * 5 + [screens.terminal(rows[:50])] * 5)) == 1


def test_a_camera_that_moves_stays_in_its_scene() -> None:
    wide = np.hstack([photo(4), photo(4)[:, ::-1]])

    assert len(starts([wide[:, 12 * n : 12 * n + 320].copy() for n in range(20)])) == 1


def test_no_pictures_have_no_scenes_and_a_plain_one_has_one() -> None:
    assert find_scenes([]) == []
    assert starts([plain("blue").pixels] * 3) == [0.0]
