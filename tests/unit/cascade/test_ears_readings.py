"""Which readings are believed, and what passes for speech."""

from __future__ import annotations

import pytest

from thinktalk.engines.cascade.listening import doubt, is_bad, is_speech
from thinktalk.engines.cascade.whisper import Hypothesis, Task, input_s


def reading(
    text: str,
    avg_logprob: float = -0.1,
    no_speech_prob: float = 0.02,
    *,
    timestamps: bool = False,
    is_cut: bool = False,
) -> Hypothesis:
    task = Task("en", timestamps=timestamps)
    return Hypothesis(task, (1, 2, 3), text, avg_logprob, no_speech_prob, is_cut)


def test_a_clear_sentence_is_believed_at_once() -> None:
    clear = reading(" What time does the museum open?")
    assert not doubt(clear)
    assert is_speech(clear)


def test_a_low_probability_is_doubted_and_a_very_low_one_not_believed() -> None:
    assert doubt(reading(" Vemain mide ko'u mai", -0.7))
    assert not is_bad(reading(" Vemain mide ko'u mai", -0.7))
    assert is_bad(reading(" Vemain mide ko'u mai", -1.3))


def test_time_marks_are_not_held_against_a_reading() -> None:
    assert doubt(reading(" a b c", -0.6))
    assert not doubt(reading(" a b c", -0.6, timestamps=True))


def test_endless_repetition_is_not_believed_however_sure() -> None:
    assert is_bad(reading(" yn yw'r ddodd" * 20, -0.05))
    assert is_bad(reading(" la la", -0.05, is_cut=True))


@pytest.mark.parametrize("text", [" Thank you.", " Thanks for watching!", " Hmm.", " Music"])
def test_phantoms_of_silence_are_dropped_only_where_evidence_is_weak(text: str) -> None:
    assert not is_speech(reading(text, -0.8, 0.1))
    assert not is_speech(reading(text, -0.1, 0.5))
    assert is_speech(reading(text, -0.1, 0.05))


@pytest.mark.parametrize("text", ["", " ", " ♪♪", " ...", " -"])
def test_marks_alone_are_no_speech(text: str) -> None:
    assert not is_speech(reading(text))


def test_what_whisper_itself_calls_no_speech_is_dropped_unless_it_reads_well() -> None:
    assert not is_speech(reading(" a strange tale of ships", -1.2, 0.5))
    assert is_speech(reading(" a strange tale of ships", -0.2, 0.5))
    assert is_speech(reading(" a strange tale of ships", -1.2, 0.1))


def test_hopeless_readings_are_dropped() -> None:
    assert not is_speech(reading(" Mă-nără!", -2.6, 0.1))


def test_the_encoder_input_is_short_for_short_clips_and_never_over_thirty_seconds() -> None:
    assert input_s(0.4) == 8.0
    assert input_s(3.2) == 8.0
    assert input_s(11.3) == 13.0
    assert input_s(29.5) == 30.0
