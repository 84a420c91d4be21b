"""Sounds under the assistant's speech: who wants the floor, and who does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from thinktalk.media.activity import WINDOW_SAMPLES
from thinktalk.turns import phrases
from thinktalk.turns.classifier import trained
from thinktalk.turns.echo import explained
from thinktalk.turns.interrupt import DECIDED_BY_S, KINDS, Judge
from thinktalk.turns.overlap import Overlap, traits

RATE = 16_000
BY_LIST = Judge(None)


def overlap(
    text: str | None, *, windows: int = 10, language: str = "en", said: str = ""
) -> Overlap:
    """A tone in noise, taken for speech throughout."""
    random = np.random.default_rng(1)
    count = windows * WINDOW_SAMPLES + RATE // 4
    tone = 0.1 * np.sin(2 * np.pi * 150 * np.arange(count) / RATE)
    tone[: RATE // 4] = 0
    return Overlap(
        samples=(tone + 1e-4 * random.standard_normal(count)).astype(np.float32),
        speech_probabilities=np.full(windows, 0.9, np.float32),
        text=text,
        language=language,
        assistant_text=said,
    )


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Wait."), ("en", "No, I meant"), ("en", "Okay, but"), ("en", "What about"),
        ("de", "Warte mal"), ("fr", "Attendez"), ("es", "Oye, espera"), ("it", "Scusa"),
        ("pt", "Peraí"), ("ru", "Подождите"), ("zh", "等一下"), ("ja", "ちょっと待って"),
        ("ko", "잠깐만요"), ("sv", "Stop!"),
    ],
)  # fmt: skip
def test_who_asks_for_the_floor_interrupts(language: str, text: str) -> None:
    assert BY_LIST.judge(overlap(text, language=language)).kind == "interruption"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Uh-huh."), ("en", "Right, right."), ("en", "Oh, I see."), ("en", "Mmmmm"),
        ("en", "Absolut"), ("en", "No way!"), ("de", "Ach so."), ("fr", "D'accord."),
        ("es", "¿En serio?"), ("it", "Va bene"), ("pt", "Pois é"), ("ru", "Ну да."),
        ("zh", "原来如此。"), ("ja", "そうですね"), ("ko", "아, 네."), ("pl", "Mm-hmm."),
    ],
)  # fmt: skip
def test_who_only_listens_leaves_the_floor(language: str, text: str) -> None:
    assert BY_LIST.judge(overlap(text, language=language)).kind == "backchannel"


def test_yes_answers_a_question_and_else_only_listens() -> None:
    asked = overlap("Yes.", said="It opens at nine. Shall I book it for you?")
    told = overlap("Yes.", said="Would you believe it? It opens at nine on most days.")
    assert BY_LIST.judge(asked).kind == "interruption"
    assert BY_LIST.judge(told).kind == "backchannel"


def test_the_words_of_the_assistant_are_its_echo() -> None:
    said = "The tides rise and fall because the moon"
    assert BY_LIST.judge(overlap("because the moon", said=said)).kind == "echo"
    assert BY_LIST.judge(overlap("what about the moon", said=said)).kind == "interruption"


def test_nothing_is_decided_without_words_before_it_is_due() -> None:
    due = round(DECIDED_BY_S / 0.032) + 1
    assert BY_LIST.judge(overlap(None, windows=5)).kind == "undecided"
    assert BY_LIST.judge(overlap(None, windows=due)).kind == "interruption"
    quiet = replace(overlap(None, windows=due), speech_probabilities=np.zeros(due, np.float32))
    assert BY_LIST.judge(quiet).kind == "noise"


def test_a_sound_of_any_length_has_traits() -> None:
    for samples in (0, 1, 700, 40_000):
        for windows in (0, samples // WINDOW_SAMPLES):
            sound = Overlap(
                samples=np.zeros(samples, np.float32),
                speech_probabilities=np.zeros(windows, np.float32),
                assistant_samples=np.zeros(samples, np.float32),
            )
            assert np.isfinite(list(traits(sound).values())).all()


def test_the_classifier_in_the_package_knows_the_traits_and_the_kinds() -> None:
    sound = overlap("Wait", windows=20)
    likely = trained().probabilities(traits(sound))
    assert tuple(likely) == KINDS
    assert sum(likely.values()) == pytest.approx(1, abs=1e-5)
    for windows in range(1, 40):
        verdict = Judge(trained()).judge(overlap(None, windows=windows))
        assert verdict.kind != "undecided" or windows * 0.032 < DECIDED_BY_S


def test_what_a_word_may_be_besides_counts() -> None:
    def wanted(*readings: tuple[str, float]) -> float:
        sound = replace(overlap("Really.", windows=14), readings=readings)
        return trained().probabilities(traits(sound))["interruption"]

    bids = wanted(("Really.", 0.1), ("Wait.", 0.09), ("Hey.", 0.08))
    backchannels = wanted(("Really.", 0.1), ("Right.", 0.09), ("Yeah.", 0.08))
    assert bids > backchannels + 0.1


def test_a_sound_named_late_is_decided_at_once_but_not_unheard() -> None:
    late = replace(overlap(None, windows=4), late_s=0.6)
    assert BY_LIST.judge(late).kind == "undecided"
    assert BY_LIST.judge(replace(late, speech_probabilities=np.ones(5))).kind != "undecided"


def test_echo_is_found_however_late_and_speech_of_others_is_not() -> None:
    random = np.random.default_rng(2)
    played = np.convolve(random.standard_normal(2 * RATE), np.ones(8), "same").astype(np.float32)
    room = random.standard_normal(400) * np.exp(-np.arange(400) / 60)
    returned = np.convolve(played, room)
    for delay_s in (0.0, 0.05, 0.55):
        delay = round(delay_s * RATE)
        heard = np.roll(returned, delay)[2 * RATE - 6400 : 2 * RATE].astype(np.float32)
        assert explained(heard, played) > 0.8
        assert explained(played[:6400], played[-12_000:]) < 0.2


def test_every_language_has_every_list_and_a_prompt() -> None:
    for language in ("en", "de", "fr", "es", "it", "pt", "ru", "zh", "ja", "ko"):
        assert phrases.prompt(language) != phrases.prompt("any")
        assert phrases.read(phrases.prompt(language), language).shares["backchannel"] > 0.2
    assert phrases.prompt(None) == phrases.prompt("en")
