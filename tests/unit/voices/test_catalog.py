"""Every documented name means a voice of the right gender and language."""

from __future__ import annotations

import pytest

from thinktalk.errors import UnknownVoice
from thinktalk.voices import catalog

QWEN35 = [
    "Tina",
    "Cindy",
    "Liora_Mira",
    "Sunnybobi",
    "Raymond",
    "Ethan",
    "Theo_Calm",
    "Serena",
    "Harvey",
    "Maia",
    "Evan",
    "Qiao",
    "Momo",
    "Wil",
    "Angel",
    "Li_Cassian",
    "Mia",
    "Joyner",
    "Gold",
    "Katerina",
    "Ryan",
    "Roya",
    "Jennifer",
    "Aiden",
    "Mione",
    "Sunny",
    "Eric",
    "Dylan",
    "Peter",
    "Joseph_Chen",
    "Marcus",
    "Li",
    "Kiki",
    "Rocky",
    "Sohee",
    "Ono_Anna",
    "Lenn",
    "Emilien",
    "Sonrisa",
    "Bodega",
    "Radio_Gol",
    "Alek",
    "Dolce",
    "Andre",
    "Rizky",
    "Arda",
    "Hana",
    "Jakub",
    "Griet",
    "Eliška",
    "Marina",
    "Siiri",
    "Ingrid",
    "Sigga",
    "Bea",
    "Chloe",
]
QWEN3 = [
    "Cherry",
    "Serena",
    "Ethan",
    "Chelsie",
    "Momo",
    "Vivian",
    "Moon",
    "Maia",
    "Kai",
    "Nofish",
    "Bella",
    "Jennifer",
    "Ryan",
    "Katerina",
    "Aiden",
    "Eldric_Sage",
    "Mia",
    "Mochi",
    "Bellona",
    "Vincent",
    "Bunny",
    "Neil",
    "Elias",
    "Arthur",
    "Nini",
    "Ebona",
    "Seren",
    "Pip",
    "Stella",
    "Bodega",
    "Sonrisa",
    "Alek",
    "Dolce",
    "Sohee",
    "Ono_Anna",
    "Lenn",
    "Emilien",
    "Andre",
    "Radio_Gol",
    "Jada",
    "Dylan",
    "Li",
    "Marcus",
    "Roy",
    "Peter",
    "Sunny",
    "Eric",
    "Rocky",
    "Kiki",
]
OPENAI = [
    "alloy",
    "ash",
    "ballad",
    "coral",
    "echo",
    "fable",
    "nova",
    "onyx",
    "sage",
    "shimmer",
    "verse",
    "marin",
    "cedar",
]
KOKORO = {"en", "es", "fr", "hi", "it", "pt"}


@pytest.mark.parametrize("name", sorted({*QWEN35, *QWEN3, *OPENAI}))
def test_every_documented_name_resolves(name: str) -> None:
    name = name.replace("_", " ")
    assert catalog.resolve(name).name == name


@pytest.mark.parametrize(
    ("family", "names"), [("qwen3.5", QWEN35), ("qwen3", QWEN3), ("openai", OPENAI)]
)
def test_families_hold_just_their_documented_names(
    family: catalog.Family, names: list[str]
) -> None:
    assert {voice.name for voice in catalog.voices(family)} == {n.replace("_", " ") for n in names}


def test_names_are_found_whatever_their_case() -> None:
    assert catalog.resolve("ETHAN") == catalog.resolve("ethan") == catalog.resolve("Ethan")


def test_an_unknown_name_is_named_with_those_that_exist() -> None:
    with pytest.raises(UnknownVoice, match=r"Input should be .*'Tina'.*Darth"):
        catalog.resolve("Darth")


def test_the_defaults_are_the_documented_ones() -> None:
    assert catalog.default("qwen3.5").name == "Tina"
    assert catalog.default("qwen3").name == "Cherry"


def test_each_voice_has_a_style_of_its_gender() -> None:
    styles = {style.name: style for style in catalog.styles()}
    assert len(styles) == 54
    for voice in catalog.voices():
        assert styles[voice.style].gender == voice.gender, voice.name


def test_names_of_a_language_that_kokoro_speaks_sound_different() -> None:
    native = [v for v in catalog.voices("qwen3.5") if v.language in KOKORO]
    assert len({voice.style for voice in native}) == len(native)


def test_few_names_of_a_family_share_a_style() -> None:
    assert len({voice.style for voice in catalog.voices("qwen3.5")}) >= 39


def test_a_voice_speaks_its_home_language_with_a_native_style() -> None:
    for name, language in (
        ("Jennifer", "en"),
        ("Sonrisa", "es"),
        ("Dolce", "it"),
    ):
        style = catalog.style_for(catalog.resolve(name), language, KOKORO)
        assert style is not None
        assert style.language.partition("-")[0] == language, name


def test_a_foreign_clause_keeps_the_gender_where_it_can() -> None:
    style = catalog.style_for(catalog.resolve("Ethan"), "es", KOKORO)
    assert style is not None
    assert (style.language, style.gender) == ("es", "male")


def test_a_language_without_a_style_is_left_to_another_synthesiser() -> None:
    assert catalog.style_for(catalog.resolve("Ethan"), "fi", KOKORO) is None


@pytest.mark.parametrize("pitch_hz", [90.0, 120.0, 210.0])
def test_the_closest_voice_is_near_in_pitch(pitch_hz: float) -> None:
    voice = catalog.closest(pitch_hz)
    style = next(style for style in catalog.styles() if style.name == voice.style)
    assert abs(style.pitch_hz / pitch_hz - 1) < 0.1
