"""Our own client and library against our own server: deltas, speech, tools, faults."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import numpy as np
import pytest

import thinktalk
from support.media_files import audio_file, image_file, picture, tone
from support.scripted_senses import ReadingEngine
from support.server import serving
from thinktalk.client import Client, Question
from thinktalk.conversation import AudioPart, ImagePart
from thinktalk.errors import BadRequest, EngineFailed, MediaUndecodable
from thinktalk.events import Finished, Progress, TextDelta
from thinktalk.media.decode import decode_audio
from thinktalk.retry import RetryPolicy
from thinktalk.testing import Fault, ScriptedEngine

QUICK = RetryPolicy(max_attempts=3, base_s=0.01, cap_s=0.02)


def test_ask_returns_the_text_and_its_speech(tmp_path: Path) -> None:
    with serving(ScriptedEngine("Good evening to you.")) as url:
        reply = thinktalk.ask("Hello", voice="Ethan", base_url=f"{url}/v1")
    assert reply.text == "Good evening to you."
    assert reply.finish_reason == "stop"
    assert reply.usage["completion_tokens_details"]["audio_tokens"] > 0
    assert reply.audio is not None
    saved = decode_audio(reply.audio.save(tmp_path / "r.wav").read_bytes(), max_s=60)
    assert saved.duration_s == pytest.approx(0.8, abs=0.02)
    assert reply.first_text_s is not None
    assert reply.total_s is not None
    assert reply.first_text_s <= reply.total_s


def test_stream_tells_how_far_the_work_is() -> None:
    with (
        serving(ReadingEngine()) as url,
        thinktalk.stream("Hello", base_url=f"{url}/v1") as events,
    ):
        told = [event for event in events if isinstance(event, Progress)]
    assert told
    assert told[0].stage == "listening"
    assert 0.5 < told[0].fraction < 1
    assert events.reply.text == "done"


def test_stream_gives_text_as_it_is_written() -> None:
    with (
        serving(ScriptedEngine("One two three.")) as url,
        thinktalk.stream("Count", base_url=f"{url}/v1") as events,
    ):
        pieces = [event.text for event in events if isinstance(event, TextDelta)]
        assert len(pieces) > 1
        assert "".join(pieces) == events.reply.text == "One two three."


def test_leaving_a_stream_early_stops_the_work() -> None:
    engine = ScriptedEngine("word " * 1000, delay_s=0.01)
    with serving(engine) as url:
        with thinktalk.stream("Go", base_url=f"{url}/v1") as events:
            next(iter(events))
        for _ in range(200):
            if engine.running == 0 and engine.cancelled:
                break
            time.sleep(0.01)
    assert engine.cancelled == 1


def test_files_arrive_as_what_they_hold(tmp_path: Path) -> None:
    shot, sound = tmp_path / "shot.txt", tmp_path / "sound.bin"  # endings do not count
    shot.write_bytes(image_file(picture()))
    sound.write_bytes(audio_file(tone(0.5)))
    engine = ScriptedEngine()
    with serving(engine) as url:
        thinktalk.ask("What?", str(shot), str(sound), base_url=f"{url}/v1")
    kinds = [type(part) for part in engine.requests[0].messages[-1].parts]
    assert kinds[:2] == [ImagePart, AudioPart]


def test_a_file_that_is_no_media_is_named(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("just words")
    with serving() as url, pytest.raises(MediaUndecodable, match=r"notes\.txt"):
        thinktalk.ask("What?", str(notes), base_url=f"{url}/v1")


def test_tool_calls_are_put_together() -> None:
    engine = ScriptedEngine(tool_calls=[("find", {"name": "Ada"}), ("find", {"name": "Bob"})])
    tool = {"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}
    with serving(engine) as url:
        reply = thinktalk.ask("Find them", base_url=f"{url}/v1", tools=[tool])
    assert reply.finish_reason == "tool_calls"
    assert [call["arguments"] for call in reply.tool_calls] == [
        '{"name": "Ada"}',
        '{"name": "Bob"}',
    ]


def test_a_refusal_is_our_error_with_the_servers_words() -> None:
    with serving() as url, pytest.raises(BadRequest, match="Temperature should be in"):
        thinktalk.ask("Hello", base_url=f"{url}/v1", temperature=7)


async def test_a_busy_server_is_asked_again() -> None:
    engine = ScriptedEngine("Hello.", faults=[Fault("busy"), Fault("busy")])
    with serving(engine) as url:
        async with Client(f"{url}/v1", retry=QUICK) as client:
            events = [event async for event, _ in client.stream(Question("Hi"))]
    assert isinstance(events[-1], Finished)
    assert len(engine.requests) == 3


async def test_what_was_cut_in_the_middle_is_not_asked_again() -> None:
    engine = ScriptedEngine("One two three.", faults=[Fault("cut", after=1)])
    seen = []
    with serving(engine) as url:
        async with Client(f"{url}/v1", retry=QUICK) as client:
            with pytest.raises(EngineFailed):
                async for event, _ in client.stream(Question("Hi")):
                    seen.append(event)
    assert seen == [TextDelta("One ")]
    assert len(engine.requests) == 1


def test_speech_heard_by_the_reply_is_what_was_sent() -> None:
    engine = ScriptedEngine("Tone.", audio_s_per_word=0.5)
    with serving(engine) as url:
        reply = thinktalk.ask("Hum", voice="Ethan", base_url=f"{url}/v1")
    assert reply.audio is not None
    assert np.abs(reply.audio.audio.samples).max() == pytest.approx(0.3, abs=0.01)


def test_a_large_file_is_sent_before_the_question_and_removed_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thinktalk.client._MAX_INLINE_BYTES", 1000)
    engine = ScriptedEngine("A tone.")
    (tmp_path / "large.wav").write_bytes(audio_file(tone(2.0)))
    (tmp_path / "small.png").write_bytes(image_file(picture(16, 16)))
    with serving(engine, files={"directory": tmp_path / "store"}) as url:
        reply = thinktalk.ask(
            "What?", str(tmp_path / "large.wav"), str(tmp_path / "small.png"), base_url=f"{url}/v1"
        )
        kept = httpx.get(f"{url}/v1/files").json()["data"]
    assert reply.text == "A tone."
    sound, image, _ = engine.requests[-1].messages[0].parts
    assert isinstance(sound, AudioPart)
    assert sound.audio.duration_s == pytest.approx(2.0)
    assert isinstance(image, ImagePart)
    assert kept == []
