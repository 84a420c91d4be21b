"""The whole form, and what of a request reaches the engine."""

from __future__ import annotations

import base64
import io
import wave
from collections.abc import Generator
from typing import Any

import httpx
import pytest

from support.server import serving
from support.wire import post
from thinktalk.conversation import TextPart
from thinktalk.engines.base import ResponseFormat, Sampling, ToolChoice
from thinktalk.media.decode import decode_audio
from thinktalk.testing import ScriptedEngine

REPLY = "Good evening."
TOOL = {"type": "function", "function": {"name": "look_up", "description": "Finds things."}}


@pytest.fixture(scope="module")
def engine() -> ScriptedEngine:
    return ScriptedEngine(REPLY)


@pytest.fixture(scope="module")
def url(engine: ScriptedEngine) -> Generator[str, None, None]:
    with serving(engine) as url:
        yield url


def test_a_text_answer_has_the_documented_body(url: str) -> None:
    response = post(url)
    body = response.json()
    assert set(body) == {
        *("id", "object", "created", "model", "system_fingerprint", "choices", "usage")
    }
    assert body["object"] == "chat.completion"
    assert body["choices"] == [
        {
            "index": 0,
            "finish_reason": "stop",
            "logprobs": None,
            "message": {"role": "assistant", "content": REPLY},
        }
    ]
    assert response.headers["x-request-id"] == body["id"].removeprefix("chatcmpl-")


def test_both_paths_answer_alike(url: str) -> None:
    path = "/compatible-mode/v1/chat/completions"
    assert post(url, path=path).json()["choices"] == post(url).json()["choices"]


@pytest.mark.parametrize("audio_format", ["wav", "mp3", "flac", "opus", "aac"])
def test_a_spoken_answer_is_one_complete_file(url: str, audio_format: str) -> None:
    voice = {"voice": "Tina", "format": audio_format}
    body = post(url, modalities=["text", "audio"], audio=voice).json()
    audio = body["choices"][0]["message"]["audio"]
    assert set(audio) == {"id", "data", "expires_at", "transcript"}
    data = base64.b64decode(audio["data"])
    assert decode_audio(data, sample_rate=24_000, max_s=9).duration_s == pytest.approx(0.4, abs=0.1)
    if audio_format == "wav":
        with wave.open(io.BytesIO(data)) as file:
            assert file.getnframes() * 2 + 44 == len(data)


def test_bare_pcm_is_given_when_asked_for(url: str) -> None:
    body = post(url, modalities=["audio"], audio={"format": "pcm16"}).json()
    data = base64.b64decode(body["choices"][0]["message"]["audio"]["data"])
    assert len(data) == 2 * int(0.2 * 24_000) * 2


def test_several_choices_are_counted_once_in_the_prompt(url: str) -> None:
    body = post(url, n=4).json()
    assert [choice["index"] for choice in body["choices"]] == [0, 1, 2, 3]
    assert (body["usage"]["prompt_tokens"], body["usage"]["completion_tokens"]) == (1, 8)


def test_a_tool_turn_fills_tool_calls_and_leaves_content_empty() -> None:
    with serving(ScriptedEngine(tool_calls=[("look_up", {})])) as url:
        choice = post(url, tools=[TOOL], modalities=["text", "audio"]).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] == "" and "audio" not in choice["message"]
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "look_up", "arguments": "{}"}


def test_truncation_is_said(url: str) -> None:
    assert post(url, max_tokens=1).json()["choices"][0]["finish_reason"] == "length"
    smaller = post(url, max_tokens=2, max_completion_tokens=1).json()
    assert smaller["choices"][0]["message"]["content"] == "Good "


def test_defaults_follow_the_family(url: str, engine: ScriptedEngine) -> None:
    post(url, modalities=["text", "audio"])
    new = engine.requests[-1]
    assert new.sampling == Sampling()
    assert new.speech is not None and new.speech.voice.name == "Tina"
    post(url, model="qwen3-omni-flash", modalities=["text", "audio"])
    old = engine.requests[-1]
    assert old.sampling == Sampling(repetition_penalty=1.05)
    assert old.speech is not None and old.speech.voice.name == "Cherry"


def test_sampling_fields_reach_the_engine(url: str, engine: ScriptedEngine) -> None:
    post(
        url,
        temperature=0,
        top_p=1,
        top_k=5,
        presence_penalty=-2,
        seed=7,
        frequency_penalty=2,
        repetition_penalty=1.2,
        stop=["END", "STOP"],
    )
    assert engine.requests[-1].sampling == Sampling(
        temperature=0,
        top_p=1,
        top_k=5,
        presence_penalty=-2,
        frequency_penalty=2,
        repetition_penalty=1.2,
        stop=("END", "STOP"),
        seed=7,
    )


@pytest.mark.parametrize(
    ("stop", "words", "token_ids"),
    [
        ("END", ("END",), ()),
        ([13], (), ((13,),)),
        ([[13, 14], [15]], (), ((13, 14), (15,))),
        ([], (), ()),
    ],
)
def test_stop_takes_words_and_token_ids(
    url: str, engine: ScriptedEngine, stop: Any, words: Any, token_ids: Any
) -> None:
    post(url, stop=stop)
    sampling = engine.requests[-1].sampling
    assert (sampling.stop, sampling.stop_token_ids) == (words, token_ids)


def test_top_k_is_disabled_by_null_and_by_more_than_a_hundred(
    url: str, engine: ScriptedEngine
) -> None:
    for value in ("null", "101"):
        raw = (
            '{"model":"qwen3.5-omni-flash","messages":[{"role":"user","content":"x"}],'
            f'"top_k":{value}}}'
        )
        assert httpx.post(f"{url}/v1/chat/completions", content=raw).status_code == 200
        assert engine.requests[-1].sampling.top_k == 0


def test_unknown_fields_and_headers_are_ignored(url: str) -> None:
    extra = {"user": "me", "metadata": {}, "store": True, "logprobs": True, "x_new_field": [1]}
    headers = {"X-DashScope-DataInspection": "enable", "OpenAI-Project": "p", "x-stainless-os": "l"}
    assert post(url, headers=headers, enable_search=True, **extra).status_code == 200
    assert post(url, use_multichannel=True, thinking_budget=5, enable_thinking=True).is_success


def test_tools_and_formats_reach_the_engine(url: str, engine: ScriptedEngine) -> None:
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}}
    post(
        url,
        tools=[TOOL],
        tool_choice={"type": "function", "function": {"name": "look_up"}},
        parallel_tool_calls=True,
        response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": schema}},
    )
    asked = engine.requests[-1]
    assert [(tool.name, tool.description) for tool in asked.tools] == [("look_up", "Finds things.")]
    assert asked.tool_choice == ToolChoice("named", "look_up")
    assert asked.parallel_tool_calls
    assert asked.response_format == ResponseFormat("json_schema", schema)
    post(url, tools=[TOOL], tool_choice="required")
    assert engine.requests[-1].tool_choice == ToolChoice("required")


def test_developer_messages_count_as_system(url: str, engine: ScriptedEngine) -> None:
    post(url, messages=[{"role": "developer", "content": "Be brief."}, *HI])
    assert engine.requests[-1].messages[0].role == "system"


HI = [{"role": "user", "content": "Hi"}]


def test_an_earlier_spoken_reply_may_be_named_by_its_id(url: str, engine: ScriptedEngine) -> None:
    for is_stream in (False, True):
        response = post(url, modalities=["text", "audio"], stream=is_stream)
        audio_id = "audio_" + response.headers["x-request-id"]
        turns = [*HI, {"role": "assistant", "audio": {"id": audio_id}}, *HI]
        assert post(url, messages=turns).is_success
        assert engine.requests[-1].messages[1].parts == (TextPart(REPLY),)


def test_an_unknown_audio_id_is_refused(url: str) -> None:
    turns = [*HI, {"role": "assistant", "audio": {"id": "audio_gone"}}, *HI]
    refused = post(url, messages=turns)
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "messages.1.audio.id"
