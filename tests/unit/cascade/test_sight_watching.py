"""A video's changes are chosen, and what was seen and heard is told in time order."""

from __future__ import annotations

import numpy as np

from support.pictures import plain, text_picture
from thinktalk.engines.cascade.sight.watching import (
    Remark,
    by_spread,
    changed_frames,
    on_screen,
    timeline,
)
from thinktalk.media.types import Frame, Image


def frame(time_s: float, grey: int) -> Frame:
    return Frame(time_s, Image(np.full((90, 160, 3), grey, np.uint8)))


def test_only_frames_that_differ_are_kept() -> None:
    frames = [frame(n / 2, 200 if n < 6 else 20) for n in range(12)]

    assert [kept.time_s for kept in changed_frames(frames)] == [0.0, 3.0]


def test_slow_changes_add_up_to_a_change() -> None:
    frames = [frame(n, 100 + 2 * n) for n in range(20)]

    assert [kept.time_s for kept in changed_frames(frames)] == [0, 9, 18]


def test_one_new_word_on_a_screen_is_a_change() -> None:
    before, after = text_picture(["Main menu"]).image, text_picture(["Main menu", "Saved"]).image

    kept = changed_frames([Frame(0, before), Frame(1, before), Frame(2, after)])

    assert [frame.time_s for frame in kept] == [0, 2]


def test_grain_is_no_change() -> None:
    noisy = [
        Frame(n, Image(np.random.default_rng(n).integers(90, 130, (720, 1280, 3), np.uint8)))
        for n in range(4)
    ]

    assert len(changed_frames(noisy)) == 1


def test_no_more_frames_than_the_limit_and_the_strongest_first() -> None:
    shares = [0, 10, 20, 90, 30, 0]
    frames = [frame(n, 0) for n in range(len(shares))]
    for shown, share in zip(frames, shares, strict=True):
        shown.image.pixels[:, : share * 160 // 100] = 255

    assert [kept.time_s for kept in changed_frames(frames, limit=3)] == [0, 3, 4]


def test_a_video_cut_short_was_still_looked_at_from_end_to_end() -> None:
    frames = [frame(n, 0) for n in range(9)]

    order = [kept.time_s for kept in by_spread(frames)]

    assert order[:3] == [0, 8, 4]
    assert sorted(order) == list(range(9))


def test_text_that_stays_is_told_once_and_what_is_new_later() -> None:
    looks = [
        (0.0, ("Settings", "Network"), ""),
        (2.0, ("Settings", "Netvork"), ""),
        (4.0, ("Settings", "Error 503"), ""),
    ]

    assert on_screen(looks) == [
        Remark(0.0, "on screen: Settings | Network"),
        Remark(4.0, "on screen: Error 503"),
    ]


def test_text_that_comes_back_is_told_again() -> None:
    looks = [(0.0, ("Menu",), ""), (1.0, (), ""), (2.0, ("Menu",), "")]

    assert [remark.start_s for remark in on_screen(looks)] == [0.0, 2.0]


def test_sight_and_speech_share_one_time_line() -> None:
    rows = timeline([Remark(65.2, "on screen: Done"), Remark(3.9, 'said: "Hello"')])

    assert rows == ['0:03 said: "Hello"', "1:05 on screen: Done"]


def test_a_long_story_is_cut_and_every_moment_kept() -> None:
    rows = timeline([Remark(n, "on screen: " + "x" * 500) for n in range(10)], max_characters=1000)

    assert len(rows) == 10
    assert sum(map(len, rows)) <= 1000


def test_what_does_not_fit_is_left_out_evenly_and_counted() -> None:
    rows = timeline([Remark(6.0 * n, f"said: {n}" + "x" * 80) for n in range(100)])

    assert rows[0].startswith("0:00 ")
    assert rows[-2].startswith("9:4")
    assert rows[-1] == f"({100 - (len(rows) - 1)} more moments left out)"


def test_a_plain_video_has_one_look() -> None:
    image = plain("blue")

    assert len(changed_frames([Frame(n / 2, image) for n in range(40)])) == 1


def test_short_lines_that_differ_in_a_word_or_a_figure_are_told_apart() -> None:
    looks = [
        (float(at), (line,), "") for at, line in enumerate(["STEP ONE", "STEP TWO", "Page 10"])
    ]
    looks.append((3.0, ("Page 11",), ""))
    assert len(on_screen(looks)) == 4


def test_a_letter_that_flickers_in_a_long_line_is_not_told_again() -> None:
    looks = [
        (0.0, ("Total: 5 warnings, 0 errors",), ""),
        (1.0, ("Tota1: 5 warnings, O errors",), ""),
    ]
    assert len(on_screen(looks)) == 1
