"""Whole conversations by the official clients of all three dialects, unmodified."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from typing import Any

import pytest
from dashscope.audio.qwen_omni import (
    MultiModality,
    OmniRealtimeCallback,
    OmniRealtimeConversation,
)
from dashscope.v2 import Client as DashScope
from openai import AsyncOpenAI

from support.live import base64_of, silence, tone
from support.scripted_senses import ScriptedRecognizer
from support.server import serving
from thinktalk.engines.base import Segment
from thinktalk.testing import ScriptedEngine

MODEL = "qwen3.5-omni-flash-realtime"
HEARD = Segment(start_s=0.0, end_s=1.0, text=" What time is it?", language="en")


@pytest.fixture(scope="module")
def url() -> Generator[str, None, None]:
    recognizer = ScriptedRecognizer(segments=(HEARD,))
    with serving(ScriptedEngine("It is noon."), recognizer=recognizer) as url:
        yield url


class Listener(OmniRealtimeCallback):  # type: ignore[misc]
    """Collects events; `done` is set by the first response that ends."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.done = threading.Event()

    def on_event(self, message: Any) -> None:
        event = json.loads(message) if isinstance(message, str) else message
        self.events.append(event)
        if event["type"] == "response.done":
            self.done.set()

    @property
    def types(self) -> list[str]:
        return list(dict.fromkeys(event["type"] for event in self.events))


def connected(url: str) -> tuple[OmniRealtimeConversation, Listener]:
    listener = Listener()
    address = url.replace("http", "ws", 1) + "/api-ws/v1/realtime"
    conversation = OmniRealtimeConversation(MODEL, listener, url=address, api_key="sk-any")
    conversation.connect()
    return conversation, listener


def test_the_dashscope_client_holds_a_spoken_turn(url: str) -> None:
    conversation, listener = connected(url)
    conversation.update_session([MultiModality.AUDIO, MultiModality.TEXT], voice="Ethan")
    for data in (tone(2.0), silence(2.0)):
        for start in range(0, len(data), 3_200):
            conversation.append_audio(base64_of(data[start : start + 3_200]))
    assert listener.done.wait(10)
    conversation.end_session()
    transcription = "conversation.item.input_audio_transcription"
    assert f"{transcription}.completed" in listener.types
    # The sound came faster than it was spoken: hypotheses may come or not.
    assert [kind for kind in listener.types if not kind.startswith(transcription)] == [
        "session.created",
        "session.updated",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.created",
        "response.created",
        "response.output_item.added",
        "response.content_part.added",
        "response.audio_transcript.delta",
        "response.audio.delta",
        "response.audio_transcript.done",
        "response.audio.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
        "session.finished",
    ]
    done = next(e for e in listener.events if e["type"] == "response.done")["response"]
    assert done["status"] == "completed" and done["voice"] == "Ethan"
    assert done["output"][0]["content"][0]["transcript"] == "It is noon."
    assert done["usage"]["output_tokens_details"]["audio_tokens"] > 0


def test_the_dashscope_client_types_and_reads(url: str) -> None:
    conversation, listener = connected(url)
    conversation.update_session([MultiModality.TEXT], enable_turn_detection=False)
    content = [{"type": "input_text", "text": "Say when."}]
    conversation.create_item({"type": "message", "role": "user", "content": content})
    conversation.create_response()
    assert listener.done.wait(10)
    conversation.end_session()
    assert "response.text.done" in listener.types
    assert not any("audio" in kind for kind in listener.types if kind.startswith("response"))


def test_the_dashscope_client_resumes_a_lost_conversation(url: str) -> None:
    conversation, listener = connected(url)
    conversation.update_session([MultiModality.TEXT], enable_turn_detection=False)
    content = [{"type": "input_text", "text": "Say when."}]
    conversation.create_item({"type": "message", "role": "user", "content": content})
    conversation.create_response()
    assert listener.done.wait(10)
    lost = conversation.get_session_id()
    conversation.close()
    conversation, listener = connected(url)
    conversation.send_raw(json.dumps({"type": "session.resume", "session_id": lost}))
    conversation.create_response()
    assert listener.done.wait(10)
    conversation.close()
    (resumed,) = [event for event in listener.events if event["type"] == "session.resumed"]
    assert resumed["session"]["id"] == lost and len(resumed["item_ids"]) == 2


def test_the_newer_dashscope_client_holds_a_turn_and_ends(url: str) -> None:
    client = DashScope(api_key="sk-any")
    address = url.replace("http", "ws", 1) + "/api-ws/v1/realtime"
    types = []
    with client.audio.realtime.connect(model=MODEL, ws_url=address) as session:
        session.send_event(
            {"type": "session.update", "session": {"turn_detection": None, "voice": "Ethan"}}
        )
        session.append_audio(tone(1.0))
        session.commit()
        session.create_response()
        for event in session.events():
            types.append(event["type"])
            if event["type"] == "response.done":
                session.end_session()
    assert types[-1] == "session.finished"
    assert "response.audio.delta" in types


async def test_the_openai_client_holds_a_spoken_turn(url: str) -> None:
    client = AsyncOpenAI(base_url=f"{url}/v1", api_key="sk-any")
    types, sound = [], ""
    async with client.realtime.connect(model="gpt-realtime") as connection:
        audio: Any = {"input": {"transcription": {"model": "whisper-1"}}}
        await connection.session.update(
            session={"type": "realtime", "audio": {**audio, "output": {"voice": "Ethan"}}}
        )
        for data in (tone(2.0, 24_000), silence(2.0, 24_000)):
            for start in range(0, len(data), 4_800):
                piece = base64_of(data[start : start + 4_800])
                await connection.input_audio_buffer.append(audio=piece)
        async for event in connection:
            types.append(event.type)
            if event.type == "response.output_audio.delta":
                sound += event.delta
            if event.type == "response.done":
                assert event.response.status == "completed"
                assert event.response.output[0].content[0].transcript == "It is noon."  # type: ignore[union-attr,index]
                break
    assert sound
    assert {"conversation.item.added", "conversation.item.done"} <= set(types)
    assert not {"conversation.item.created", "response.audio.delta"} & set(types)


async def test_the_beta_client_holds_a_spoken_turn(url: str) -> None:
    address = url.replace("http", "ws", 1)
    client = AsyncOpenAI(base_url=f"{url}/v1", api_key="sk-any", websocket_base_url=f"{address}/v1")
    types = []
    async with client.beta.realtime.connect(model="gpt-4o-realtime-preview") as connection:
        await connection.session.update(session={"voice": "alloy"})
        for data in (tone(2.0, 24_000), silence(2.0, 24_000)):
            await connection.input_audio_buffer.append(audio=base64_of(data))
        async for event in connection:
            types.append(event.type)
            if event.type == "response.done":
                break
    assert {"conversation.created", "conversation.item.created", "response.audio.delta"} <= set(
        types
    )
    assert not any(kind.startswith("response.output_audio") for kind in types)
