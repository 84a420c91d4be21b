"""Voices of the catalogue are speakers of the checkpoint."""

from __future__ import annotations

import pytest

from thinktalk.engines.qwen_omni.voices import speaker_id, spoken_by
from thinktalk.voices import catalog, listing

_RELEASED = {"chelsie": 2301, "ethan": 2302, "aiden": 2303}


@pytest.mark.parametrize(
    ("voice", "speaker"),
    [
        ("Chelsie", 2301),
        ("ethan", 2302),
        ("Aiden", 2303),
        ("Cherry", 2301),  # of the catalogue, female
        ("Ryan", 2302),  # of the catalogue, male
        ("Somebody", 2301),
    ],
)
def test_a_voice_is_the_speaker_of_its_name_or_gender(voice: str, speaker: int) -> None:
    assert speaker_id(voice, _RELEASED) == speaker


def test_speakers_of_other_checkpoints_are_known_by_name() -> None:
    assert speaker_id("Anna", {"Bert": 7, "Anna": 8}) == 8
    assert speaker_id("Ethan", {"bert": 7, "anna": 8}) == 7


def test_the_list_says_which_speaker_each_voice_is() -> None:
    speakers = ("chelsie", "ethan", "anna")
    listed = {entry["id"]: entry for entry in listing.spoken(speakers, spoken_by(speakers))}
    assert listed.keys() == {"anna"} | {voice.name for voice in catalog.voices()}
    sources = {name: listed[name]["source"].split()[-1] for name in ("anna", "Ryan", "Cherry")}
    assert sources == {"anna": "anna", "Ryan": "ethan", "Cherry": "chelsie"}
    assert listed["Ryan"]["stand_in"] and not listed["Ethan"]["stand_in"]
    assert "Kokoro" not in str(listed) and "eSpeak" not in str(listed)
    assert spoken_by(()) == {}
