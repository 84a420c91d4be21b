"""How long pieces may be and when they must start, so that a player never waits."""

from __future__ import annotations

import pytest

from thinktalk.engines.cascade.lead import PlaybackClock, starved_ms
from thinktalk.engines.cascade.pacing import FIRST_WORDS, Pacing


def test_the_first_piece_is_short_and_due_at_once() -> None:
    pacing = Pacing()
    assert pacing.affordable_words(0.0) == FIRST_WORDS
    assert pacing.latest_start(5) is None


def test_pieces_grow_with_what_is_still_playing() -> None:
    pacing = Pacing()
    pacing.spoke(5, 1.8, 0.4, now=0.0)
    early = pacing.affordable_words(0.0)
    assert early > FIRST_WORDS
    assert pacing.affordable_words(1.2) < early


def test_a_piece_is_at_most_twice_as_long_as_the_one_before() -> None:
    pacing = Pacing()
    pacing.spoke(5, 60.0, 0.4, now=0.0)
    assert pacing.affordable_words(0.0) == 10
    pacing.spoke(10, 60.0, 0.4, now=0.0)
    assert pacing.affordable_words(0.0) == 20


def test_a_piece_that_starts_at_its_latest_start_arrives_in_time() -> None:
    pacing = Pacing()
    pacing.spoke(5, 1.8, 0.4, now=10.0)
    words = 8
    start = pacing.latest_start(words)
    assert start is not None
    assert start + pacing.work_s(words) < 11.8


def test_a_slow_machine_is_learned() -> None:
    pacing = Pacing()
    for turn in range(8):
        pacing.spoke(5, 1.8, 1.5, now=2.0 * turn)
    assert pacing.real_time_factor > 0.6
    assert Pacing(pacing).real_time_factor == pacing.real_time_factor


def test_nothing_starves_while_sound_arrives_before_it_is_needed() -> None:
    assert starved_ms([(0.8, 1.0), (1.5, 2.0), (3.7, 1.0)]) == 0


def test_waiting_is_counted() -> None:
    assert starved_ms([(0.5, 1.0), (1.7, 1.0), (3.0, 1.0)]) == pytest.approx(200 + 300)


def test_the_lead_is_what_was_sent_and_not_yet_played() -> None:
    clock = PlaybackClock()
    assert clock.lead_s(5.0) == 0
    clock.sent(2.0, 5.0)
    assert clock.lead_s(5.5) == pytest.approx(1.5)
    assert clock.lead_s(9.0) == 0
