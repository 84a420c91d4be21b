"""Which voice a name means, and which stock styles are mixed to speak for it in each language.

The data is in catalog.toml. Knows nothing of synthesisers: a style is a name and a pitch.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from thinktalk.errors import UnknownVoice

Gender = Literal["female", "male"]
Family = Literal["qwen3.5", "qwen3", "openai", "guide"]
# Shares of styles by name; they add up to 1.
Recipe = Mapping[str, float]

# How much of itself a voice keeps in a language that none of its styles was made for. With more of
# a foreign timbre or rhythm, whisper-base misheard up to half of a sentence (docs/voices.md).
_OWN_TIMBRE, _OWN_PROSODY = 0.5, 0.2
_OWN_TIMBRE_LENT = 0.25  # in a language that the lent style never heard; with more, words are lost


@dataclass(frozen=True, slots=True)
class Style:
    """A stock voice of the synthesiser.

    `language` is ISO 639-1, for English with its accent (en-us, en-gb); `pitch_hz` the median
    fundamental frequency.
    """

    name: str
    language: str
    gender: Gender
    pitch_hz: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A name that requests may use.

    `recipe` is how it sounds, `prosody`, where given, whose rhythm and pitch it has; `espeak` is a
    timbre for languages that have no style at all, at `espeak_pitch` (0 to 99). `stand_in` says
    that the name is another service's, whose voice this is not.
    """

    name: str
    gender: Gender
    language: str
    description: str
    recipe: Recipe
    espeak: str
    families: tuple[Family, ...]
    prosody: Recipe | None = None
    espeak_pitch: int = 50
    stand_in: bool = True

    @property
    def source(self) -> str:
        """Where its sound comes from, in words."""
        told = _told(self.recipe)
        if self.prosody is not None:
            told += f" with the rhythm and pitch of {_told(self.prosody)}"
        kind = "Kokoro's" if len(self.recipe) == 1 else "a mixture of Kokoro's"
        pitch = f" at pitch {self.espeak_pitch}" if self.espeak_pitch != 50 else ""
        return f"{kind} {told}; eSpeak NG's {self.espeak}{pitch} in languages that Kokoro lacks"


@dataclass(frozen=True, slots=True)
class Sound:
    """What to mix for a voice in one language, and the accent that its text is read in."""

    timbre: Recipe
    prosody: Recipe
    accent: str


@dataclass(frozen=True, slots=True)
class _Catalog:
    voices: tuple[Voice, ...]
    styles: Mapping[str, Style]
    natives: Mapping[str, Mapping[Gender, tuple[str, ...]]]
    read_as: Mapping[str, str]
    spoken_as: Mapping[str, str]
    defaults: Mapping[str, str]


def resolve(name: str) -> Voice:
    """Return the voice called `name`, exactly if there is one, else whatever the case.

    Raises:
        UnknownVoice: with all known names.
    """
    catalog = _load()
    exact = {voice.name: voice for voice in catalog.voices}
    if name in exact:
        return exact[name]
    folded = {voice.name.casefold(): voice for voice in catalog.voices}
    if voice := folded.get(name.casefold()):
        return voice
    raise UnknownVoice(name, exact)


def voices(family: Family | None = None) -> tuple[Voice, ...]:
    """Return the voices of `family`, or all, in the catalogue's order."""
    listed = _load().voices
    return tuple(voice for voice in listed if family is None or family in voice.families)


def default(family: Family) -> Voice:
    """Return the voice of a request that names none: Tina for qwen3.5, Cherry for qwen3."""
    return resolve(_load().defaults[family])


def styles() -> tuple[Style, ...]:
    """Return all stock styles."""
    return tuple(_load().styles.values())


def neural_languages() -> tuple[str, ...]:
    """Return the languages that styles speak, ISO 639-1."""
    return tuple(_load().natives)


def read_as() -> Mapping[str, str]:
    """Return the languages that are read by another one's rules: Tagalog by Indonesian's."""
    return _load().read_as


def spoken_as() -> Mapping[str, str]:
    """Return the languages without styles to those whose styles say them best."""
    return _load().spoken_as


def sound_for(voice: Voice, language: str, *, lent: bool = False) -> Sound | None:
    """Return what speaks `language` for `voice`; None where there is no style of that language.

    The voice's own recipe where all its styles were made for `language`; else half of its timbre
    and a fifth of its prosody, and the rest from the language's own styles of the same gender: a
    voice stays itself and still sounds native. Where there are several, each voice leans on two of
    them, always the same two.

    Args:
        language: ISO 639-1.
        lent: the style is to speak another language than its own (`spoken_as`): only a quarter of
            the timbre stays.
    """
    catalog = _load()
    natives = catalog.natives.get(language)
    if natives is None:
        return None
    prosody = voice.prosody or voice.recipe
    spoken = {catalog.styles[name].language for name in (*voice.recipe, *prosody)}
    if {_base(accent) for accent in spoken} == {language}:
        first = max(prosody, key=lambda name: prosody[name])
        return Sound(voice.recipe, prosody, catalog.styles[first].language)
    native = _leaning(natives[voice.gender], _place(catalog, voice))
    accent = "en-us" if language == "en" else language
    return Sound(
        blended(voice.recipe, native, _OWN_TIMBRE_LENT if lent else _OWN_TIMBRE),
        blended(prosody, native, _OWN_PROSODY),
        accent,
    )


def _place(catalog: _Catalog, voice: Voice) -> int:
    """Its number among the voices of its gender."""
    same = [other.name for other in catalog.voices if other.gender == voice.gender]
    return same.index(voice.name)


def _leaning(natives: tuple[str, ...], place: int) -> Recipe:
    """Two parts of one style and a part of another: all ordered pairs in turn."""
    pairs = list(itertools.permutations(natives, 2))
    if not pairs:
        return {natives[0]: 1.0}
    first, second = pairs[place % len(pairs)]
    return {first: 2 / 3, second: 1 / 3}


def blended(one: Recipe, other: Recipe, share: float) -> Recipe:
    """Return `share` of `one` and the rest of `other`."""
    shares = {name: share * of_one for name, of_one in one.items()}
    for name, of_other in other.items():
        shares[name] = shares.get(name, 0.0) + (1 - share) * of_other
    return shares


def closest(pitch_hz: float) -> Voice:
    """Return the voice of one English style whose pitch is nearest to `pitch_hz`, in semitones."""
    if pitch_hz <= 0:
        raise ValueError(f"a pitch is positive, not {pitch_hz}")
    catalog = _load()
    pitches: dict[str, float] = {}
    for voice in catalog.voices:
        style = catalog.styles[next(iter(voice.prosody or voice.recipe))]
        if len(voice.recipe) == 1 and _base(style.language) == "en":
            pitches[voice.name] = style.pitch_hz
    # The ratio, larger over smaller, grows with the distance in semitones.
    return resolve(min(pitches, key=lambda name: _ratio(pitches[name], pitch_hz)))


def _ratio(one: float, other: float) -> float:
    return max(one / other, other / one)


def _told(recipe: Recipe) -> str:
    if len(recipe) == 1:
        return next(iter(recipe))
    return " and ".join(f"{name} ({share:.0%})" for name, share in recipe.items())


def _base(language: str) -> str:
    return language.partition("-")[0]


@cache
def _load() -> _Catalog:
    text = resources.files(__package__).joinpath("catalog.toml").read_text(encoding="utf-8")
    data: dict[str, Any] = tomllib.loads(text)
    entries = [{**entry, "families": tuple(entry["families"])} for entry in data["voices"]]
    return _Catalog(
        voices=tuple(Voice(**entry) for entry in entries),
        styles={entry["name"]: Style(**entry) for entry in data["styles"]},
        natives={
            language: {gender: tuple(names) for gender, names in by_gender.items()}
            for language, by_gender in data["natives"].items()
        },
        read_as=data["read_as"],
        spoken_as=data["spoken_as"],
        defaults=data["defaults"],
    )
