"""Spoken replies that later turns may name."""

from __future__ import annotations

from thinktalk.serving.replies import LIFETIME_S, SpokenReplies


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_reply_is_known_for_an_hour() -> None:
    clock = Clock()
    replies = SpokenReplies(clock=clock)
    replies.remember("audio_1", "Hello.")
    clock.now = LIFETIME_S - 1
    assert replies.transcript("audio_1") == "Hello."
    clock.now = LIFETIME_S
    assert replies.transcript("audio_1") is None
    assert replies.transcript("audio_2") is None


def test_only_the_most_recent_are_kept() -> None:
    replies = SpokenReplies(capacity=2)
    for number in range(3):
        replies.remember(f"audio_{number}", str(number))
    assert [replies.transcript(f"audio_{number}") for number in range(3)] == [None, "1", "2"]
