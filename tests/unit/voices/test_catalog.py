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
KOKORO = {"en", "es", "fr", "hi", "it", "ja", "pt", "zh"}


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


def styles_by_name() -> dict[str, catalog.Style]:
    return {style.name: style for style in catalog.styles()}


def test_each_voice_is_made_of_styles_of_its_gender() -> None:
    styles = styles_by_name()
    assert len(styles) == 54
    for voice in catalog.voices():
        for recipe in (voice.recipe, voice.prosody or {}):
            assert {styles[name].gender for name in recipe} <= {voice.gender}, voice.name


def test_shares_add_up() -> None:
    for voice in catalog.voices():
        for language in KOKORO:
            sound = catalog.sound_for(voice, language)
            assert sound is not None
            assert sum(sound.timbre.values()) == pytest.approx(1.0)
            assert sum(sound.prosody.values()) == pytest.approx(1.0)


def test_every_voice_has_a_recipe_of_its_own() -> None:
    recipes = {tuple(sorted(voice.recipe.items())) for voice in catalog.voices()}
    assert len(recipes) == len(catalog.voices()) == 91


@pytest.mark.parametrize("language", sorted(KOKORO))
def test_every_voice_sounds_its_own_in_every_language_of_kokoro(language: str) -> None:
    sounds = set()
    for voice in catalog.voices():
        sound = catalog.sound_for(voice, language)
        assert sound is not None
        sounds.add(tuple(sorted(sound.timbre.items())))
    assert len(sounds) == len(catalog.voices())


@pytest.mark.parametrize("name", ["Tina", "Cherry", "Chelsie", "Ethan"])
def test_the_best_known_names_are_pure_in_english(name: str) -> None:
    sound = catalog.sound_for(catalog.resolve(name), "en")
    assert sound is not None
    assert len(sound.timbre) == len(sound.prosody) == 1


def test_the_pitch_of_a_recipe_fits_its_gender() -> None:
    pitches = {style.name: style.pitch_hz for style in catalog.styles()}
    for voice in catalog.voices():
        recipe = voice.prosody or voice.recipe
        pitch_hz = sum(pitches[name] * share for name, share in recipe.items())
        assert pitch_hz > 165 if voice.gender == "female" else pitch_hz < 165, voice.name


def test_a_voice_at_home_is_wholly_native() -> None:
    styles = styles_by_name()
    for name, language in (("Jennifer", "en"), ("Sonrisa", "es"), ("Dolce", "it"), ("Sunny", "zh")):
        sound = catalog.sound_for(catalog.resolve(name), language)
        assert sound is not None
        made_of = {*sound.timbre, *sound.prosody}
        assert {styles[n].language.partition("-")[0] for n in made_of} == {language}, name


def test_a_foreign_voice_keeps_half_its_timbre_and_takes_most_of_the_rhythm() -> None:
    sound = catalog.sound_for(catalog.resolve("Ethan"), "it")
    assert sound == catalog.Sound(
        {"am_michael": 0.5, "im_nicola": 0.5}, {"am_michael": 0.2, "im_nicola": 0.8}, "it"
    )


def test_british_voices_are_read_in_british_english() -> None:
    for name, accent in (("Mione", "en-gb"), ("Jennifer", "en-us"), ("Sonrisa", "en-us")):
        sound = catalog.sound_for(catalog.resolve(name), "en")
        assert sound is not None
        assert sound.accent == accent


def test_a_language_without_a_style_is_left_to_another_synthesiser() -> None:
    assert catalog.sound_for(catalog.resolve("Ethan"), "fi") is None


@pytest.mark.parametrize("gender", ["female", "male"])
def test_no_two_voices_share_a_plain_timbre_at_one_pitch(gender: catalog.Gender) -> None:
    mine = [voice for voice in catalog.voices() if voice.gender == gender]
    assert len({(voice.espeak, voice.espeak_pitch) for voice in mine}) == len(mine)


def test_the_source_says_what_is_mixed() -> None:
    assert "a mixture of Kokoro's af_nova (50%)" in catalog.resolve("Cindy").source
    assert catalog.resolve("Tina").source.startswith("Kokoro's af_heart; eSpeak NG's ")


@pytest.mark.parametrize("pitch_hz", [90.0, 120.0, 210.0])
def test_the_closest_voice_is_near_in_pitch(pitch_hz: float) -> None:
    voice = catalog.closest(pitch_hz)
    (name,) = voice.prosody or voice.recipe
    assert abs(styles_by_name()[name].pitch_hz / pitch_hz - 1) < 0.1
