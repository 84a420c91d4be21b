"""Languages that the network never heard are spelt in its symbols."""

from __future__ import annotations

import pytest

from thinktalk.engines.cascade.espeak import Espeak
from thinktalk.engines.cascade.phonemes import LANGUAGES, LENDERS, VOCABULARY, phonemes

TEXTS = {
    "de": "Die Brücke über den Fluss ist schön.",
    "no": "Du kan lese boken min nå.",
    "ru": "Журнал ещё не вышел.",
    "pl": "Źródło jest daleko, chodź już.",
    "tr": "Gün ışığı çok güzel.",
}


@pytest.mark.parametrize(("language", "text"), TEXTS.items())
def test_a_borrowed_style_loses_no_sound(language: str, text: str) -> None:
    espeak = Espeak()
    symbols = phonemes(text, language, espeak)
    assert set(symbols) <= VOCABULARY.keys()
    # Ties and marks of stress aside, each of eSpeak NG's letters has a symbol.
    heard = [sound for sound in espeak.phonemes(text, language) if sound.isalpha()]
    assert sum(symbol.isalpha() for symbol in symbols) >= 0.9 * len(heard)


def test_lenders_are_languages_of_the_network() -> None:
    assert set(LENDERS.values()) <= LANGUAGES
    assert not LENDERS.keys() & LANGUAGES
