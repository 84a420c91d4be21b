"""How voices are listed, on the wire and on a terminal, and what each says as a sample."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from thinktalk.voices import catalog
from thinktalk.voices.catalog import Voice


def listed(voice: Voice) -> dict[str, Any]:
    """What the list says of `voice`; `languages` are those it was tested in, its home first."""
    others = [code for code in greetings() if code != voice.language]
    return {
        "id": voice.name,
        "object": "audio.voice",
        "name": voice.name,
        "builtin": True,
        "gender": voice.gender,
        "language": voice.language,
        "languages": [voice.language, *others],
        "description": voice.description,
        "source": voice.source + _home(voice),
        "mixture": len(voice.recipe) > 1,
        "recipe": dict(voice.recipe),
        "espeak": voice.espeak,
        "spoken_as": dict(catalog.spoken_as()),
        "read_as": dict(catalog.read_as()),
        "families": list(voice.families),
        "stand_in": voice.stand_in,
    }


def spoken(speakers: Sequence[str], spoken_by: Mapping[str, str]) -> list[dict[str, Any]]:
    """What the list says of voices that are `speakers` of a model.

    Args:
        spoken_by: the speaker of each voice of the catalogue.
    """
    own = {name.casefold() for name in speakers} - {name.casefold() for name in spoken_by}
    return [
        *(_told(speaker) for speaker in speakers if speaker.casefold() in own),
        *(_spoken(voice, spoken_by[voice.name]) for voice in catalog.voices()),
    ]


def _spoken(voice: Voice, speaker: str) -> dict[str, Any]:
    about = {key: getattr(voice, key) for key in ("gender", "language", "description")}
    is_itself = voice.name.casefold() == speaker.casefold()
    return (
        _told(speaker)
        | about
        | {
            "id": voice.name,
            "name": voice.name,
            "languages": [voice.language],
            "families": list(voice.families),
            "stand_in": voice.stand_in and not is_itself,
        }
    )


def _told(speaker: str) -> dict[str, Any]:
    """Of a speaker, of whom a model says the name only."""
    return {
        "id": speaker,
        "object": "audio.voice",
        "name": speaker,
        "builtin": True,
        "gender": None,
        "language": None,
        "languages": [],
        "description": "",
        "source": f"the model's own speaker {speaker}",
        "mixture": False,
        "recipe": {},
        "espeak": None,
        "spoken_as": {},
        "read_as": {},
        "families": [],
        "stand_in": False,
    }


@cache
def greetings() -> Mapping[str, str]:
    """A sentence by ISO 639-1 for each spoken language, with a place for the voice's {name}."""
    text = resources.files(__package__).joinpath("greetings.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _home(voice: Voice) -> str:
    """Who speaks the home language, where Kokoro has no style of it."""
    home, lender = voice.language, catalog.spoken_as().get(voice.language)
    if home in catalog.neural_languages():
        return ""
    speaker = f"in Kokoro's styles of {lender!r}" if lender else "by eSpeak NG"
    rules = catalog.read_as().get(home)
    return f"; {home!r} is spoken {speaker}" + (
        f", read by the rules of {rules!r}" if rules else ""
    )
