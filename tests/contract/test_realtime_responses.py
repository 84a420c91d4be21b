"""Responses on the wire: where their sound ends, how it is written, and what they leave behind."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Generator
from typing import Any

import pytest

from support.live import BETA, DASHSCOPE, OPENAI, Frame, Live, live, silence, tone
from support.scripted_senses import ScriptedRecognizer
from support.server import serving
from thinktalk.api.realtime import flat
from thinktalk.engines.base import Segment
from thinktalk.session.events import Hypothesis, Transcribed
from thinktalk.testing import ScriptedEngine

LONG_REPLY = " ".join(f"word{number}" for number in range(60))
HEARD = Segment(start_s=0.0, end_s=1.0, text=" What time is it?", language="en")


@pytest.fixture(scope="module")
def url() -> Generator[str, None, None]:
    recognizer = ScriptedRecognizer(segments=(HEARD,))
    with serving(ScriptedEngine(LONG_REPLY), recognizer=recognizer) as url:
        yield url


def is_sound(frame: Frame) -> bool:
    return frame["type"].endswith("audio.delta")


TELEPHONE = {"output_audio_format": "g711_ulaw"}
SLOW = {"audio": {"output": {"format": {"type": "pcm", "sample_rate": 16_000}}}}


@pytest.mark.parametrize(
    ("path", "headers", "session", "rate"),
    [(DASHSCOPE, None, SLOW, 16_000), (OPENAI, BETA, TELEPHONE, 24_000)],
)
async def test_no_sound_follows_an_interruption_at_any_rate(
    url: str, path: str, headers: Any, session: dict[str, Any], rate: int
) -> None:
    async with live(url, path, headers) as client:
        await client.send("session.update", session=session)
        await client.say(tone(0.6, rate) + silence(1.2, rate))
        await client.until("response.created")
        await client.until("response.audio.delta")
        client.frames.clear()
        await client.say(tone(0.4, rate))
        await client.until("input_audio_buffer.speech_started")
        client.frames.clear()
        await client.until("response.done")
        assert not any(is_sound(frame) for frame in client.frames)


async def test_a_format_holds_from_the_next_response_on(url: str) -> None:
    async with live(url) as client:
        await client.send("response.create")
        created = await client.until("response.created")
        wav: Any = {"output_audio_format": "wav"}
        await client.send("session.update", session=wav)
        await client.until("session.updated")
        sound = await client.until("response.audio.delta")
        assert not base64.b64decode(sound["delta"]).startswith(b"RIFF")
        await client.send("response.cancel")
        done = await client.until("response.done")
        names = [frame["response"]["output_audio_format"] for frame in (created, done)]
        assert names == ["pcm", "pcm"]
        await client.send("response.create")
        sound = await client.until("response.audio.delta")
        assert base64.b64decode(sound["delta"]).startswith(b"RIFF")


@pytest.mark.parametrize(("path", "headers"), [(DASHSCOPE, None), (OPENAI, None), (OPENAI, BETA)])
async def test_a_detached_response_is_no_part_of_the_conversation(
    url: str, path: str, headers: Any
) -> None:
    async with live(url, path, headers) as client:
        content = [{"type": "input_text", "text": "x"}]
        item = {"type": "message", "role": "user", "content": content}
        kind = "output_modalities" if path == OPENAI and not headers else "modalities"
        body = {"conversation": "none", "input": [item], kind: ["text"]}
        await client.send("response.create", response=body)
        done = await client.until("response.done")
        assert done["response"]["conversation_id"] is None
        assert not any(kind.startswith("conversation.item") for kind in client.types)


async def deltas_of(client: Live, rate: int) -> tuple[str, str]:
    await client.say(tone(0.6, rate) + silence(1.2, rate))
    prefix = "conversation.item.input_audio_transcription"
    completed = await client.until(f"{prefix}.completed")
    deltas = [frame["delta"] for frame in client.frames if frame["type"] == f"{prefix}.delta"]
    return "".join(deltas), completed["transcript"]


@pytest.mark.parametrize("headers", [None, BETA])
async def test_openais_deltas_add_up_to_the_transcript(url: str, headers: Any) -> None:
    model = {"model": "whisper-1"}
    session: dict[str, Any] = {"input_audio_transcription": model}
    if not headers:
        session = {"type": "realtime", "audio": {"input": {"transcription": model}}}
    async with live(url, OPENAI, headers) as client:
        await client.send("session.update", session=session)
        async with asyncio.timeout(10):
            told, transcript = await deltas_of(client, 24_000)
        assert told == transcript == "What time is it?"


def test_what_is_confirmed_of_two_turns_is_told_once_each() -> None:
    words = flat.openai_words()

    def told(event: Hypothesis | Transcribed) -> str | None:
        frame = words.rest(event) if isinstance(event, Transcribed) else words.hypothesis(event)
        return frame and frame["delta"]

    assert told(Hypothesis("a", " One", " two", "en")) == "One"
    assert told(Hypothesis("b", " Three", "", "en")) == "Three"
    assert told(Transcribed("a", "One two.", 1.0)) == " two."
    assert told(Hypothesis("b", " Three", " four", "en")) is None
    assert told(Transcribed("b", "Tree four.", 1.0)) is None
