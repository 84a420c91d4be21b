"""Which names are served."""

from __future__ import annotations

import pytest

from thinktalk.errors import ModelNotFound, ModelNotSupported
from thinktalk.serving.models import find, find_for_chat, for_audio, served


@pytest.mark.parametrize(
    ("name", "base", "tier", "family"),
    [
        ("qwen3.5-omni-plus", "qwen3.5-omni-plus", "plus", "qwen3.5"),
        ("qwen3.5-omni-flash-2026-03-15", "qwen3.5-omni-flash", "flash", "qwen3.5"),
        ("qwen3.5-omni-light-2031-01-01", "qwen3.5-omni-light", "light", "qwen3.5"),
        ("qwen3-omni-flash-2025-09-15", "qwen3-omni-flash", "flash", "qwen3"),
    ],
)
def test_snapshots_are_their_base_under_their_own_name(
    name: str, base: str, tier: str, family: str
) -> None:
    model = find(name)
    assert (model.id, model.base, model.tier, model.family) == (name, base, tier, family)


@pytest.mark.parametrize("name", ["", "qwen3.5-omni", "qwen3.5-omni-plus-2026", "gpt-4o"])
def test_other_names_are_not_found(name: str) -> None:
    with pytest.raises(ModelNotFound):
        find(name)


def test_realtime_and_speech_names_are_no_chat_models() -> None:
    for name in ("qwen3.5-omni-plus-realtime", "qwen3-omni-flash-realtime-2025-12-01", "tts-1"):
        with pytest.raises(ModelNotSupported):
            find_for_chat(name)
    assert find_for_chat("qwen3-asr-flash").kind == "transcription"


def test_any_name_will_do_for_a_pure_audio_request() -> None:
    assert for_audio("kokoro").kind == "speech"
    assert for_audio("qwen3-omni-flash").defaults.voice == "Cherry"


def test_every_listed_name_is_found() -> None:
    names = [model.id for model in served()]
    assert len(names) == len(set(names))
    assert all(find(name).id == name for name in names)
