"""Which of a checkpoint's speakers a voice of the catalogue is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from thinktalk.errors import UnknownVoice
from thinktalk.voices import catalog

# Of the speakers of the released checkpoints, who speaks for the catalogue's other voices.
_STAND_INS = {"female": "chelsie", "male": "ethan"}


def speaker_id(voice: str, speakers: Mapping[str, int]) -> int:
    """The id of the speaker of that name, or of the one of its gender; at worst the first."""
    named = {name.casefold(): number for name, number in speakers.items()}
    if voice.casefold() in named:
        return named[voice.casefold()]
    try:
        gender = catalog.resolve(voice).gender
    except UnknownVoice:
        gender = "female"
    return named.get(_STAND_INS[gender], next(iter(named.values())))


def spoken_by(speakers: Sequence[str]) -> dict[str, str]:
    """The speaker of each voice of the catalogue; nothing where there are none."""
    numbers = {name: number for number, name in enumerate(speakers)}
    if not numbers:
        return {}
    return {voice.name: speakers[speaker_id(voice.name, numbers)] for voice in catalog.voices()}
