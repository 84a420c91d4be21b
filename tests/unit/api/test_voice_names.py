"""Voices that an engine has of its own may be asked for by name."""

from __future__ import annotations

from typing import Any

import pytest

from thinktalk.api.openai.schemas import SpeechBody
from thinktalk.api.openai.voices import VoiceReader
from thinktalk.errors import UnknownVoice
from thinktalk.serving import models

_MODEL = models.find("qwen3.5-omni-flash")


def _reader(*, strict: bool = False) -> VoiceReader:
    unused: Any = None  # no voice with a sample is chosen
    return VoiceReader(
        media=unused,
        cloner=unused,
        samples=unused,
        strict=strict,
        speakers=frozenset({"annika", "chelsie"}),
    )


async def test_a_speaker_of_the_checkpoint_is_known_whatever_the_case() -> None:
    assert (await _reader().choose(SpeechBody(voice="Annika"), _MODEL)).name == "annika"
    assert (await _reader().choose(SpeechBody(voice="Ethan"), _MODEL)).name == "Ethan"


async def test_names_that_nobody_has_stay_unknown_and_strict_mode_knows_only_the_services() -> None:
    with pytest.raises(UnknownVoice):
        await _reader().choose(SpeechBody(voice="Nobody"), _MODEL)
    with pytest.raises(UnknownVoice):
        await _reader(strict=True).choose(SpeechBody(voice="Annika"), _MODEL)
