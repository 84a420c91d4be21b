"""Strict mode turns our extensions into the refusals of the hosted service."""

from __future__ import annotations

import base64
from collections.abc import Generator
from typing import Any

import pytest

from support.media_files import audio_file, image_file, picture, tone
from support.server import serving
from support.wire import error_of, events_of, post
from thinktalk.testing import ScriptedEngine

SPOKEN = {"modalities": ["text", "audio"]}


@pytest.fixture(scope="module")
def url() -> Generator[str, None, None]:
    with serving(ScriptedEngine("Hello."), server={"strict": True}) as url:
        yield url


def data_url(data: bytes) -> str:
    return "data:;base64," + base64.b64encode(data).decode()


MIXED = [
    {
        "role": "user",
        "content": [
            {"type": "image_url", "image_url": {"url": data_url(image_file(picture()))}},
            {"type": "input_audio", "input_audio": {"data": data_url(audio_file(tone(1)))}},
        ],
    }
]
TOOL = {"type": "function", "function": {"name": "f"}}

REFUSED: list[tuple[dict[str, Any], str]] = [
    (SPOKEN, "'audio' output only support with stream=true"),
    ({"modalities": ["audio"], "stream": True}, "modalities"),
    ({"model": "qwen3-omni-flash"}, "This model only support stream mode, please enable the "
     "stream parameter to access the model. "),
    ({**SPOKEN, "stream": True, "audio": {"format": "mp3"}}, "wav"),
    ({**SPOKEN, "stream": True, "audio": {"voice": "Cherry"}}, "Input should be 'Tina'"),
    ({**SPOKEN, "stream": True, "audio": {"voice": "alloy"}}, "Input should be 'Tina'"),
    ({**SPOKEN, "stream": True, "audio": {"voice": "custom", "voice_sample": {"data": "AA"}}},
     "Input should be 'Tina'"),
    ({"tools": [TOOL], "tool_choice": "required"}, '["none", "auto"]'),
    ({"enable_thinking": True}, "enable_thinking"),
    ({"enable_search": True}, "This model does not support enable_search."),
    ({"model": "qwen3-omni-flash", "stream": True, "messages": MIXED}, "one other modality"),
]  # fmt: skip


def _is_cloning(fields: dict[str, Any]) -> bool:
    return "voice_sample" in fields.get("audio", {})  # that sample is no sound in any mode


@pytest.mark.parametrize(("fields", "fragment"), REFUSED)
def test_extensions_are_refused_in_the_hosted_wording(
    url: str, fields: dict[str, Any], fragment: str
) -> None:
    refused = post(url, **fields)
    assert refused.status_code == 400
    assert fragment in error_of(refused)["message"]


def test_long_base64_is_refused(url: str) -> None:
    part = {"type": "image_url", "image_url": {"url": "data:;base64," + "A" * (10 * 2**20 + 4)}}
    refused = post(url, messages=[{"role": "user", "content": [part]}])
    assert (
        "Exceeded limit on max bytes per data-uri item : 10485760" in error_of(refused)["message"]
    )


def test_what_the_hosted_service_takes_is_served(url: str) -> None:
    assert post(url).is_success
    assert post(url, messages=MIXED).is_success
    events = events_of(post(url, **SPOKEN, stream=True, audio={"voice": "Tina", "format": "wav"}))
    assert events[-1] == "[DONE]"
    old = post(url, **SPOKEN, stream=True, model="qwen3-omni-flash", audio={"voice": "Cherry"})
    assert events_of(old)[-1] == "[DONE]"


@pytest.fixture(scope="module")
def lenient() -> Generator[str, None, None]:
    with serving(ScriptedEngine("Hello.")) as url:
        yield url


@pytest.mark.parametrize("fields", [fields for fields, _ in REFUSED if not _is_cloning(fields)])
def test_all_of_it_is_served_otherwise(lenient: str, fields: dict[str, Any]) -> None:
    assert post(lenient, **fields).is_success
