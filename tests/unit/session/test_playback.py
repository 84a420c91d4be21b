"""What a listener has heard, by the clock."""

from __future__ import annotations

import pytest

from thinktalk.session.playback import Playback

TEXT = "One two three four."


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_was_heard_follows_the_clock_in_whole_words() -> None:
    clock = Clock()
    playback = Playback(clock)
    playback.send(1.0, 7)
    playback.send(1.0, 19)
    clock.now += 0.6
    assert playback.heard_s == pytest.approx(0.6) and playback.lead_s == pytest.approx(1.4)
    assert playback.heard(TEXT) == "One"
    clock.now += 0.5
    assert playback.heard(TEXT) == "One two"
    clock.now += 5.0
    assert playback.heard(TEXT) == TEXT


def test_sound_that_comes_late_is_played_when_it_comes() -> None:
    clock = Clock()
    playback = Playback(clock)
    playback.send(0.5, 3)
    clock.now += 2.0
    playback.send(0.5, 7)
    assert playback.lead_s == 0.5
    assert playback.heard(TEXT) == "One"


def test_a_client_may_know_better() -> None:
    playback = Playback(Clock())
    playback.send(2.0, 19)
    assert playback.heard(TEXT, 0.0) == ""
    assert playback.heard(TEXT, 1.0) == "One two"
    assert playback.heard(TEXT, 9.0) == TEXT


def test_text_without_spaces_is_cut_by_characters() -> None:
    playback = Playback(Clock())
    playback.send(2.0, 8)
    assert playback.heard("今天天气非常好啊", 1.0) == "今天天气"


def test_nothing_sent_is_nothing_heard() -> None:
    assert Playback(Clock()).heard(TEXT, 5.0) == ""


def test_the_end_speaks_all_of_the_text() -> None:
    clock = Clock()
    playback = Playback(clock)
    playback.send(1.0, None)
    playback.finish(len(TEXT))
    clock.now += 2.0
    assert playback.heard(TEXT) == TEXT


def test_sound_whose_text_nobody_tells_is_taken_to_speak_at_a_usual_pace() -> None:
    playback = Playback(Clock())
    playback.send(1.0, None)
    playback.send(1.0, None)
    ahead = "One two three four five six seven eight nine ten eleven."
    assert playback.heard(ahead, 2.0) == "One two three four five six"
    playback.finish(len(TEXT))
    assert playback.heard(TEXT, 1.0) == "One two"


def test_sound_that_never_left_was_not_heard() -> None:
    clock = Clock()
    playback = Playback(clock)
    playback.send(2.0, 19)
    clock.now += 1.5
    playback.take_back(1.0)
    assert playback.heard_s == 1.0 and playback.heard(TEXT) == "One two"


def test_what_the_client_tells_overrides_the_clock() -> None:
    clock = Clock()
    playback = Playback(clock)
    playback.send(2.0, 19)
    playback.tell(1.0)
    clock.now += 5.0
    assert playback.heard(TEXT) == "One two" and playback.whole_s == 1.0
