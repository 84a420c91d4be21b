"""Notes about sound, as the language model reads them."""

from __future__ import annotations

import numpy as np
import pytest

from thinktalk.engines.base import Segment
from thinktalk.engines.cascade.heard import heard
from thinktalk.media.types import Audio, Samples

RATE = 16_000


def sound(seconds: float, samples: Samples | None = None) -> Audio:
    return Audio(np.zeros(round(seconds * RATE), np.float32) if samples is None else samples, RATE)


def said(start: float, end: float, text: str, language: str = "en", sure: float = -0.1) -> Segment:
    return Segment(start_s=start, end_s=end, text=text, language=language, avg_logprob=sure)


def test_a_question_is_quoted_with_its_length_and_language() -> None:
    note = heard([said(0.2, 3.0, " What time"), said(3.0, 3.1, " is it?")], sound(3.2), 3.2)
    assert note == '[audio, 3.2 s, English] "What time is it?"'


def test_every_language_heard_is_named_once() -> None:
    segments = [
        said(0, 1, " Hello."),
        said(1, 2, " Bonjour.", "fr"),
        said(2, 3, " Bye."),
    ]
    assert "English, French]" in heard(segments, sound(3.0), 3.0)


def test_long_recordings_are_given_as_lines_with_times() -> None:
    segments = [said(start, start + 9, f" Sentence {start}.") for start in range(0, 4000, 10)]
    lines = heard(segments, sound(4000.0), 4000.0).splitlines()
    assert lines[0] == "[audio, 4000.0 s, English]"
    assert lines[1] == '[0:00] "Sentence 0. Sentence 10."'
    assert lines[-1].startswith("[1:06:")


def test_a_poor_reading_says_so() -> None:
    assert heard([said(0, 2, " Vemain mide", sure=-0.9)], sound(2.0), 2.0).endswith(
        "(unsure: hard to hear)"
    )


def test_silence_is_called_silent() -> None:
    assert heard([], sound(5.0), 5.0) == "[audio, 5.0 s] No speech heard: it is silent."


NUM = 8 * RATE
TIME_S = np.arange(NUM) / RATE
NOTES = np.repeat([262, 330, 392, 523, 440, 349, 294, 494] * 2, NUM // 16)
SOUNDS = {
    "probably noise": 0.1 * np.random.default_rng(0).standard_normal(NUM),
    "probably a steady tone": 0.2 * np.sin(2 * np.pi * 440 * TIME_S),
    "probably music or tones": 0.2 * np.sin(2 * np.pi * np.cumsum(NOTES) / RATE),
    "probably a knock, a click or another short sound": np.eye(1, NUM, 900)[0],
}


@pytest.mark.parametrize("likeness", SOUNDS)
def test_sound_without_speech_is_likened_to_what_it_could_be(likeness: str) -> None:
    note = heard([], sound(8.0, SOUNDS[likeness].astype(np.float32)), 8.0)
    assert note == f"[audio, 8.0 s] No speech heard: {likeness}."


def test_of_a_long_recording_only_its_beginning_is_told() -> None:
    silent = heard([], sound(31.0), 7200.0)
    noisy = heard([], sound(31.0, np.resize(SOUNDS["probably noise"], 31 * RATE)), 7200.0)

    assert silent == "[audio, 7200.0 s] No speech heard: its first 30 s are silent."
    assert noisy == "[audio, 7200.0 s] No speech heard: its first 30 s: probably noise."


def test_a_recording_that_was_looked_at_to_its_end_is_told_as_a_whole() -> None:
    # What a recording is measured to last and what it holds differ by a little.
    assert heard([], sound(29.9), 30.1) == "[audio, 30.1 s] No speech heard: it is silent."


def test_of_a_recording_in_memory_the_rest_is_not_told_either() -> None:
    beginning = np.zeros(40 * RATE, np.float32)
    beginning[-5 * RATE :] = 0.1

    note = heard([], sound(40.0, beginning), 40.0)

    assert note == "[audio, 40.0 s] No speech heard: its first 30 s are silent."


def test_nothing_at_all_is_still_a_note() -> None:
    assert heard([], sound(0.0), 0.0).startswith("[audio, 0.0 s] No speech heard")
