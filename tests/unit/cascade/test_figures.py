"""Figures are said in the language of the clause, by our tables or by eSpeak NG's own."""

# ruff: noqa: SIM905 - long lists of words read better as lines of words

from __future__ import annotations

import pytest

from thinktalk.engines.cascade.espeak import Espeak
from thinktalk.engines.cascade.phonemes import LANGUAGES, LENDERS, has_words, phonemes
from thinktalk.engines.cascade.speakable import speakable

SPOKEN = (
    "zh en de it pt es ja ko fr ru th id ar vi tr fi pl hi nl cs ur tl sv da he is ms no fa"
).split()


@pytest.fixture(scope="module")
def espeak() -> Espeak:
    espeak = Espeak()
    espeak.start()
    return espeak


def sounds(written: str, language: str, espeak: Espeak) -> str:
    said = speakable(written, language)
    neural = language in LANGUAGES or language in LENDERS
    return phonemes(said, language, espeak) if neural else espeak.phonemes(said, language)


@pytest.mark.parametrize("language", SPOKEN)
def test_figures_are_said_in_the_language(espeak: Espeak, language: str) -> None:
    length, number = (sounds(text, language, espeak) for text in ("3 km", "1234"))
    english = (sounds(text, "en", espeak) for text in ("3 km", "1234"))
    assert len(SPOKEN) == 29
    assert has_words(length)
    assert has_words(number)
    assert "(^e^n" not in length + number  # how eSpeak NG marks that it goes over to English
    if language != "en":
        assert [length, number] != list(english)


@pytest.mark.parametrize("language", sorted(set(SPOKEN) - {"en", "zh", "ja"}))
def test_a_decimal_comma_is_heard(espeak: Espeak, language: str) -> None:
    together = sounds("2,5", language, espeak).replace(" ", "")
    apart = sounds("2", language, espeak) + sounds("5", language, espeak)
    assert len(together) >= len(apart.replace(" ", "")) + 2
