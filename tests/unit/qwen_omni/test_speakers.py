"""Voices of the catalogue are speakers of the checkpoint."""

from __future__ import annotations

import pytest

from thinktalk.engines.qwen_omni.voices import speaker_id

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
