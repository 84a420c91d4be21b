"""Which voice a name means, and which stock style speaks for it in each language.

The data is in catalog.toml. Knows nothing of synthesisers: a style is a name and a pitch.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from thinktalk.errors import UnknownVoice

Gender = Literal["female", "male"]
Family = Literal["qwen3.5", "qwen3", "openai", "guide"]


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

    `style` speaks the language that it was made for; `espeak` is a timbre for languages that have
    no style at all. `stand_in` says that the name is another service's, whose voice this is not.
    """

    name: str
    gender: Gender
    language: str
    description: str
    style: str
    espeak: str
    families: tuple[Family, ...]
    stand_in: bool = True


@dataclass(frozen=True, slots=True)
class _Catalog:
    voices: tuple[Voice, ...]
    styles: tuple[Style, ...]
    defaults: dict[str, str]


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
    return _load().styles


def style_for(voice: Voice, language: str, spoken: Collection[str]) -> Style | None:
    """Return the style that speaks `language` for `voice`, None where there is none.

    The voice's own style if it was made for `language`; else one that was, of the same gender,
    always the same for a voice; else, where only the other gender has one, the voice's own style
    with a foreign accent.

    Args:
        language: ISO 639-1.
        spoken: the languages that the synthesiser can pronounce.
    """
    if language not in spoken:
        return None
    catalog = _load()
    own = next(style for style in catalog.styles if style.name == voice.style)
    if _base(own.language) == language:
        return own
    native = [style for style in catalog.styles if _base(style.language) == language]
    matching = [style for style in native if style.gender == voice.gender]
    if not matching:
        return own if native else None
    same_gender = [other for other in catalog.voices if other.gender == voice.gender]
    return matching[same_gender.index(voice) % len(matching)]


def closest(pitch_hz: float) -> Voice:
    """Return the voice whose English style is nearest to `pitch_hz`, in semitones."""
    if pitch_hz <= 0:
        raise ValueError(f"a pitch is positive, not {pitch_hz}")
    pitches = {style.name: style.pitch_hz for style in styles() if _base(style.language) == "en"}
    candidates = [voice for voice in voices() if pitches.get(voice.style, 0.0) > 0]
    # The ratio, larger over smaller, grows with the distance in semitones.
    return min(
        candidates,
        key=lambda voice: max(pitches[voice.style] / pitch_hz, pitch_hz / pitches[voice.style]),
    )


def _base(language: str) -> str:
    return language.partition("-")[0]


@cache
def _load() -> _Catalog:
    text = resources.files(__package__).joinpath("catalog.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    entries = [{**entry, "families": tuple(entry["families"])} for entry in data["voices"]]
    return _Catalog(
        voices=tuple(Voice(**entry) for entry in entries),
        styles=tuple(Style(**entry) for entry in data["styles"]),
        defaults=data["defaults"],
    )
