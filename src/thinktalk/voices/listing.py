"""How voices are listed, on the wire and on a terminal, and what each says as a sample."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
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
