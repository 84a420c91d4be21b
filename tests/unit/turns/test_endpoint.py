"""How long to wait, from what is known."""

from __future__ import annotations

import pytest

from thinktalk.turns.endpoint import Eagerness, patience_ms
from thinktalk.turns.wording import Wording


def test_a_whole_question_that_sounds_like_one_is_answered_early() -> None:
    assert 250 <= patience_ms(prosody=0.97, wording=Wording.ASKED) <= 450


def test_who_asks_for_time_gets_most_of_what_eagerness_allows() -> None:
    for eagerness, longest in ((Eagerness.LOW, 8000), (Eagerness.AUTO, 4000), ("high", 2000)):
        wait = patience_ms(prosody=0.02, wording=Wording.HOLDING, eagerness=Eagerness(eagerness))
        assert 0.8 * longest < wait <= longest


def test_medium_is_what_auto_means() -> None:
    for wording in (None, *Wording):
        assert patience_ms(prosody=0.4, wording=wording, eagerness=Eagerness.MEDIUM) == patience_ms(
            prosody=0.4, wording=wording
        )


@pytest.mark.parametrize("wording", [None, *Wording])
def test_the_surer_the_shorter(wording: Wording | None) -> None:
    waits = [patience_ms(prosody=p / 20, wording=wording) for p in range(21)]
    assert waits == sorted(waits, reverse=True)


def test_words_are_waited_for_before_sound_alone_ends_a_turn() -> None:
    unheard = patience_ms(prosody=0.99, wording=None)
    assert unheard > patience_ms(prosody=0.99, wording=Wording.SAID)
    assert unheard >= 500


def test_the_wait_that_a_client_asks_for_is_the_usual_one() -> None:
    unknown = [patience_ms(prosody=None, wording=None, silence_ms=ms) for ms in (300, 800, 3000)]
    assert unknown == sorted(unknown)
    assert patience_ms(prosody=0.99, wording=Wording.ASKED, silence_ms=200) <= 200
    assert patience_ms(prosody=0.01, wording=Wording.HOLDING, silence_ms=6000) == 6000
