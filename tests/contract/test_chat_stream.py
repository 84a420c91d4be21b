"""The streamed form, chunk by chunk."""

from __future__ import annotations

import base64
import re
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest

from support.server import serving
from support.wire import events_of, post
from thinktalk.media.decode import decode_audio
from thinktalk.testing import ScriptedEngine

REPLY = "Good evening to all of you."
CHUNK_KEYS = {"choices", "object", "usage", "created", "system_fingerprint", "model", "id"}


@pytest.fixture(scope="module")
def url() -> Generator[str, None, None]:
    with serving(ScriptedEngine(REPLY, audio_s_per_word=0.333)) as url:
        yield url


def stream(url: str, **fields: Any) -> list[Any]:
    response = post(url, stream=True, **fields)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream;charset=UTF-8"
    return events_of(response)


def speak(url: str, audio_format: str) -> list[Any]:
    voice = {"voice": "Ethan", "format": audio_format}
    return stream(url, modalities=["text", "audio"], audio=voice)


def audio_of(events: list[Any]) -> list[str]:
    deltas = [event["choices"][0]["delta"] for event in events[:-1] if event["choices"]]
    return [delta["audio"]["data"] for delta in deltas if "audio" in delta]


def test_every_chunk_carries_exactly_the_documented_keys(url: str) -> None:
    *chunks, done = stream(url, stream_options={"include_usage": True})
    assert done == "[DONE]"
    assert all(set(chunk) == CHUNK_KEYS for chunk in chunks)
    for chunk in chunks[:-1]:
        assert set(chunk["choices"][0]) == {"index", "delta", "finish_reason", "logprobs"}
        assert chunk["usage"] is None and chunk["object"] == "chat.completion.chunk"
    assert len({(chunk["created"], chunk["id"], chunk["model"]) for chunk in chunks}) == 1
    assert re.fullmatch(r"chatcmpl-[0-9a-f-]{36}", chunks[0]["id"])


def test_the_order_is_role_text_end_usage_done(url: str) -> None:
    events = stream(url, stream_options={"include_usage": True})
    deltas = [event["choices"][0]["delta"] for event in events[:-2]]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert deltas[-1] == {"content": ""}
    assert "".join(delta["content"] for delta in deltas) == REPLY
    assert events[-3]["choices"][0]["finish_reason"] == "stop"
    assert events[-2]["choices"] == []
    assert events[-2]["usage"] == {
        "prompt_tokens": 1,
        "completion_tokens": 6,
        "total_tokens": 7,
        "prompt_tokens_details": {"text_tokens": 1},
        "completion_tokens_details": {"text_tokens": 6},
    }


def test_no_usage_chunk_without_being_asked(url: str) -> None:
    assert all(event["usage"] is None for event in stream(url)[:-1])


def test_no_chunk_holds_both_text_and_sound(url: str) -> None:
    chunks = speak(url, "wav")[:-1]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert all(not ("audio" in delta and "content" in delta) for delta in deltas)
    assert "audio" not in deltas[-1] and chunks[-1]["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("audio_format", ["wav", "pcm16", "pcm"])
def test_streamed_speech_is_bare_pcm_that_decodes_piecewise_and_joined(
    url: str, audio_format: str
) -> None:
    encoded = audio_of(speak(url, audio_format))
    pieces = [base64.b64decode(piece, validate=True) for piece in encoded]
    joined = base64.b64decode("".join(encoded), validate=True)
    assert b"".join(pieces) == joined
    assert len(joined) == 2 * 6 * int(0.333 * 24_000)
    assert all(len(piece) % 6 == 0 and len(piece) <= 9_600 for piece in pieces[:-1])
    samples = np.frombuffer(joined, "<i2")
    assert 0.25 < np.abs(samples).max() / 32768 < 0.35


@pytest.mark.parametrize("audio_format", ["mp3", "opus", "aac", "flac"])
def test_other_formats_are_one_continuous_encoded_stream(url: str, audio_format: str) -> None:
    encoded = audio_of(speak(url, audio_format))
    assert all(len(base64.b64decode(piece)) % 6 == 0 for piece in encoded[:-1])
    audio = decode_audio(base64.b64decode("".join(encoded)), sample_rate=24_000, max_s=60)
    assert audio.duration_s == pytest.approx(6 * 0.333, abs=0.15)


def test_audio_chunks_carry_the_id_of_the_answer_and_an_expiry(url: str) -> None:
    chunk = next(c for c in speak(url, "wav") if "audio" in c["choices"][0]["delta"])
    audio = chunk["choices"][0]["delta"]["audio"]
    assert set(audio) == {"data", "expires_at", "id"}
    assert audio["id"] == chunk["id"].replace("chatcmpl-", "audio_")
    assert audio["expires_at"] == chunk["created"] + 3600


def test_spoken_usage_counts_the_seconds_of_speech(url: str) -> None:
    options = {"include_usage": True}
    events = stream(url, modalities=["audio", "text"], stream_options=options)
    details = events[-2]["usage"]["completion_tokens_details"]
    assert details == {"text_tokens": 6, "audio_tokens": 25}


def test_several_choices_are_told_apart_by_their_index(url: str) -> None:
    texts = {0: "", 1: "", 2: ""}
    ends = []
    for event in stream(url, n=3)[:-1]:
        choice = event["choices"][0]
        texts[choice["index"]] += choice["delta"]["content"]
        ends.append(choice["finish_reason"])
    assert set(texts.values()) == {REPLY}
    assert ends.count("stop") == 3


def test_tool_calls_come_in_pieces_that_join_to_json() -> None:
    tool = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
    engine = ScriptedEngine(tool_calls=[("look_up", {"q": 1}), ("look_up", {"q": 2})])
    with serving(engine) as url:
        events = stream(url, tools=[tool], parallel_tool_calls=True)
    calls = [
        call for event in events[:-1] for call in event["choices"][0]["delta"].get("tool_calls", ())
    ]
    first = calls[0]
    assert first["type"] == "function" and first["id"].startswith("call_")
    assert first["function"] == {"name": "look_up", "arguments": ""}
    for index in (0, 1):
        pieces = [call["function"]["arguments"] for call in calls if call["index"] == index]
        assert "".join(pieces) == f'{{"q": {index + 1}}}'
    assert events[-2]["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("place", "in_content", "in_transcript"),
    [("content", True, False), ("transcript", False, True), ("both", True, True)],
)
def test_the_text_of_speech_goes_where_the_operator_wants(
    place: str, in_content: bool, in_transcript: bool
) -> None:
    with serving(ScriptedEngine(REPLY), server={"audio_text": place}) as url:
        events = stream(url, modalities=["text", "audio"])
        silent = stream(url)
    deltas = [event["choices"][0]["delta"] for event in events[:-1]]
    content = "".join(delta.get("content", "") for delta in deltas)
    spoken = "".join(delta.get("audio", {}).get("transcript", "") for delta in deltas)
    assert (content, spoken) == (REPLY if in_content else "", REPLY if in_transcript else "")
    assert "".join(e["choices"][0]["delta"]["content"] for e in silent[:-1]) == REPLY


def test_a_thinking_answer_of_the_qwen3_family_opens_its_own_way(url: str) -> None:
    first = stream(url, model="qwen3-omni-flash", enable_thinking=True)[0]
    assert first["choices"][0]["delta"] == {
        "content": None,
        "role": "assistant",
        "reasoning_content": "",
    }


def test_the_requested_name_is_echoed_and_snapshots_resolve(url: str) -> None:
    for name in ("qwen3.5-omni-plus-2026-03-15", "qwen3.5-omni-light", "qwen3-omni-flash"):
        assert stream(url, model=name)[0]["model"] == name
