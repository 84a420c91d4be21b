"""Turns on the realtime socket, by a bare client: who speaks, who stops, what is remembered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from typing import Any

import pytest

from support.live import BETA, DASHSCOPE, OPENAI, Frame, Live, base64_of, live, silence, tone
from support.media_files import image_file, picture
from support.scripted_senses import ScriptedRecognizer
from support.server import serving
from thinktalk.conversation import AudioPart, ImagePart, TextPart
from thinktalk.engines.base import Segment
from thinktalk.testing import ScriptedEngine

WORDS = 60
LONG_REPLY = " ".join(f"word{number}" for number in range(WORDS))
HEARD = Segment(start_s=0.0, end_s=1.0, text=" What time is it?", language="en")
ALL_DIALECTS = [(DASHSCOPE, {}, 16_000), (OPENAI, {}, 24_000), (OPENAI, BETA, 24_000)]


@pytest.fixture(scope="module")
def engine() -> ScriptedEngine:
    return ScriptedEngine(LONG_REPLY)


@pytest.fixture(scope="module")
def url(engine: ScriptedEngine) -> Generator[str, None, None]:
    recognizer = ScriptedRecognizer(segments=(HEARD,))
    with serving(engine, recognizer=recognizer) as url:
        yield url


async def ask(client: Live, rate: int = 16_000) -> None:
    """Say something and fall silent; the reply has begun to sound."""
    await client.say(tone(0.6, rate) + silence(1.2, rate))
    await client.until("response.created")


def is_sound(frame: Frame) -> bool:
    return frame["type"] in ("response.audio.delta", "response.output_audio.delta")


@pytest.mark.parametrize(("path", "headers", "rate"), ALL_DIALECTS)
async def test_speaking_over_a_reply_stops_it(
    url: str, path: str, headers: dict[str, str], rate: int
) -> None:
    async with live(url, path, headers) as client:
        await ask(client, rate)
        await asyncio.sleep(0.3)
        await client.say(tone(0.4, rate))
        await client.until("input_audio_buffer.speech_started")
        done = await client.until("response.done")
        since = [f["type"] for f in client.frames].index("input_audio_buffer.speech_started", 10)
        assert not any(is_sound(frame) for frame in client.frames[since:])
        response = done["response"]
        assert response["status"] == "cancelled"
        assert response["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        assert response["output"][0]["status"] == "incomplete"
        assert response["usage"]["output_tokens"] > 0


async def test_sound_is_sent_about_a_second_ahead_of_playback(url: str) -> None:
    async with live(url) as client:
        await ask(client)
        began, sent_s = time.monotonic(), 0.0
        while sent_s < 3.0:
            frame = await client.next()
            if is_sound(frame):
                sent_s += len(frame["delta"]) * 3 / 4 / 48_000
                assert sent_s <= time.monotonic() - began + 1.0 + 0.25 + 0.2


async def test_the_conversation_holds_what_was_heard(url: str, engine: ScriptedEngine) -> None:
    async with live(url) as client:
        await ask(client)
        await client.until("response.audio.delta")
        await asyncio.sleep(1.0)
        await client.say(tone(0.4) + silence(1.2))
        await client.until("response.done")
        await client.until("response.created")
        await client.until("response.audio.delta")
        said = [m for m in engine.requests[-1].messages if m.role == "assistant"]
        heard_words = said[0].text.split()
        # 0.2 s a word; a second and the onset of the interruption were heard, three were sent.
        assert 3 <= len(heard_words) <= 9
        assert said[0].text == LONG_REPLY[: len(said[0].text)]


async def test_a_client_tells_exactly_what_was_played(url: str, engine: ScriptedEngine) -> None:
    async with live(url) as client:
        await ask(client)
        await client.until("response.audio.delta")
        await client.send("response.cancel")
        done = await client.until("response.done")
        item = done["response"]["output"][0]["id"]
        assert done["response"]["status_details"]["reason"] == "client_cancelled"
        await client.send(
            "conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=450
        )
        await client.until("conversation.item.truncated")
        await client.send("conversation.item.retrieve", item_id=item)
        retrieved = await client.until("conversation.item.retrieved")
        assert retrieved["item"]["content"][0]["transcript"] == "word0 word1"


async def test_a_manual_turn_is_answered_when_asked(url: str, engine: ScriptedEngine) -> None:
    async with live(url) as client:
        await client.send("session.update", session={"turn_detection": None})
        await client.say(tone(0.5), piece_bytes=1_001)  # odd sizes
        await client.send("input_image_buffer.append", image=base64_of(image_file(picture())))
        await client.send("input_audio_buffer.commit")
        committed = await client.until("input_audio_buffer.committed")
        await client.send("response.create", response={"instructions": None})
        await client.until("response.created")
        assert committed["item_id"].startswith("item_")
        await client.until("response.audio.delta")
        parts = engine.requests[-1].messages[-1].parts
        assert isinstance(parts[0], ImagePart) and isinstance(parts[1], AudioPart)
        assert parts[1].audio.duration_s == pytest.approx(0.5, abs=0.01)
        assert parts[1].transcript == "What time is it?"


async def test_responses_are_refused_while_somebody_speaks(url: str) -> None:
    async with live(url) as client:
        await client.say(tone(0.5))
        await client.until("input_audio_buffer.speech_started")
        await client.send("response.create")
        assert "user is speaking" in (await client.error())["message"]
        await client.say(silence(1.2))
        await client.until("response.created")
        await client.send("response.create")
        assert (await client.error())["code"] == "conversation_already_has_active_response"


async def test_the_light_tier_goes_by_silence(url: str) -> None:
    path = "/v1/realtime?model=qwen3.5-omni-light-realtime"
    turns = {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "low"}}}
    async with live(url, path) as client:
        await client.send("session.update", session={"type": "realtime", "audio": turns})
        await ask(client, 24_000)
        await asyncio.sleep(0.3)
        await client.say(tone(0.4, 24_000))
        await client.until("input_audio_buffer.speech_started")
        assert not any("judged" in kind for kind in client.types)


async def test_a_session_ends_well_in_the_middle_of_a_reply(url: str) -> None:
    async with live(url) as client:
        await client.send("session.update", session={"modalities": ["text"]})
        await ask(client)
        await client.send("session.finish")
        await client.until("session.finished")
        assert "response.done" in client.types
        await client.socket.wait_closed()
        assert client.socket.close_code == 1000


async def test_a_client_that_stops_sending_is_taken_for_silent(url: str) -> None:
    async with live(url) as client:
        await client.say(tone(0.6))
        async with asyncio.timeout(4):
            await client.until("response.created")


async def test_calls_are_answered_by_the_client_and_spoken() -> None:
    engine = ScriptedEngine("Done.", tool_calls=[("open_gate", {"gate": 2})])
    tool = {"type": "function", "name": "open_gate", "parameters": {"type": "object"}}
    with serving(engine) as url:
        async with live(url) as client:
            await client.send("session.update", session={"tools": [tool], "modalities": ["text"]})
            updated = await client.until("session.updated")
            assert updated["session"]["tools"] == [tool]
            await add_text(client, "Open gate two.")
            await client.send("response.create")
            arguments = await client.until("response.function_call_arguments.done")
            assert arguments["name"] == "open_gate"
            done = await client.until("response.done")
            call = done["response"]["output"][0]
            assert (call["type"], call["arguments"]) == ("function_call", '{"gate": 2}')
            result = {
                "type": "function_call_output",
                "call_id": call["call_id"],
                "output": '{"ok": true}',
            }
            await client.send("conversation.item.create", item=result)
            await client.send("response.create", response={"tool_choice": "none"})
            await client.until("response.done")
    calls, results = engine.requests[-1].messages[-2:]
    assert calls.tool_calls[0].id == results.tool_call_id == call["call_id"]


async def test_an_unanswered_call_does_not_spoil_the_conversation() -> None:
    engine = ScriptedEngine("Fine.", tool_calls=[("open_gate", {})])
    tool = {"type": "function", "name": "open_gate", "parameters": {"type": "object"}}
    with serving(engine) as url:
        async with live(url) as client:
            await client.send("session.update", session={"tools": [tool]})
            await add_text(client, "Open it.")
            await client.send("response.create")
            await client.until("response.done")
            await add_text(client, "Never mind.")
            await client.send("response.create", response={"tool_choice": "none"})
            await client.until("response.done")
    assert [m.role for m in engine.requests[-1].messages] == ["user", "user"]


async def test_a_detached_response_leaves_no_trace(url: str, engine: ScriptedEngine) -> None:
    async with live(url, OPENAI) as client:
        question = {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "Is this rude?"}],
        }
        await client.send(
            "response.create",
            response={
                "conversation": "none",
                "output_modalities": ["text"],
                "input": [question],
                "metadata": {"topic": "tone"},
            },
        )
        done = await client.until("response.done")
        assert done["response"]["metadata"] == {"topic": "tone"}
        assert engine.requests[-1].messages[-1].parts == (TextPart("Is this rude?"),)
        await add_text(client, "Hello.")
        await client.send("response.create", response={"output_modalities": ["text"]})
        await client.until("response.done")
        assert len(engine.requests[-1].messages) == 1


async def add_text(client: Live, text: str) -> None:
    content: Any = [{"type": "input_text", "text": text}]
    item = {"type": "message", "role": "user", "content": content}
    await client.send("conversation.item.create", item=item)
