"""`thinktalk serve --engine qwen_omni` as a process, and the official SDK."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import wave
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from websockets.sync.client import connect

from benchmarks.server import RunningServer, running_server
from support import random_omni
from support.media_files import audio_file, image_file, picture, tone, video_file

MODEL = "qwen3.5-omni-flash"
_SPOKEN: dict[str, Any] = {
    "modalities": ["text", "audio"],
    "audio": {"voice": "Ethan", "format": "pcm16"},
    "stream": True,
    "stream_options": {"include_usage": True},
}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    profiles = {tier: {"engine": "qwen_omni"} for tier in ("plus", "flash", "light")}
    with running_server(
        THINKTALK_PROFILES=json.dumps(profiles),
        THINKTALK_QWEN_OMNI__WEIGHTS=str(random_omni.cached(random_omni.TINY, ends=False)),
        THINKTALK_QWEN_OMNI__DTYPE="float32",
        THINKTALK_QWEN_OMNI__WINDOW_TOKENS="2048",
        THINKTALK_LIMITS__MAX_RUNNING="8",
        THINKTALK_OFFLINE="1",
        OMP_NUM_THREADS="1",  # fastest for so small a model
    ) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        yield client


def _url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _ask(client: OpenAI, content: Any, **how: Any) -> Any:
    how = {"max_tokens": 6, "seed": 1, **how}
    return client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": content}], **how
    )


def _heard(stream: Any) -> tuple[str, list[bytes], str]:
    """Text, sound in pieces, and the order in which they came: t and s."""
    text, sounds, order = "", [], ""
    for chunk in stream:
        for choice in chunk.choices:
            if choice.delta.content:
                text += choice.delta.content
                order += "t"
            audio = getattr(choice.delta, "audio", None)
            if data := getattr(audio, "data", None):
                sounds.append(base64.b64decode(data))
                order += "s"
    return text, sounds, order


def test_models_say_what_answers(client: OpenAI) -> None:
    model = next(m for m in client.models.list() if m.id == MODEL).model_dump()
    assert (model["engine"], model["state"], model["window_tokens"]) == ("qwen_omni", "ready", 2048)
    assert "/" not in model["parts"]["thinker"]  # clients need not know where it lies
    assert "Qwen3-Omni" in " ".join(model["notes"])


def test_speech_streams_while_text_is_written(client: OpenAI) -> None:
    text, sounds, order = _heard(_ask(client, "Hello?", max_tokens=30, **_SPOKEN))
    assert text and order.index("s") < order.rindex("t")
    assert len(sounds[0]) == 2 * 1365
    samples = np.frombuffer(b"".join(sounds), "<i2")
    assert len(samples) > 24_000 and samples.std() > 300


def test_a_seed_gives_the_same_answer_and_another_seed_another(client: OpenAI) -> None:
    one, same, other = (_heard(_ask(client, "Hello?", seed=seed, **_SPOKEN)) for seed in (3, 3, 4))
    assert one[0] == same[0] != other[0]
    first, second = (np.frombuffer(b"".join(each[1]), "<i2").astype(int) for each in (one, same))
    assert first.shape == second.shape and np.abs(first - second).max() < 10


def test_a_whole_answer_carries_a_wav(client: OpenAI) -> None:
    reply = _ask(
        client, "Hello?", modalities=["text", "audio"], audio={"voice": "Chelsie", "format": "wav"}
    )
    with wave.open(io.BytesIO(base64.b64decode(reply.choices[0].message.audio.data))) as file:
        assert file.getframerate() == 24_000 and file.getnframes() > 12_000


def test_all_kinds_of_media_are_taken_at_once_and_in_earlier_turns(client: OpenAI) -> None:
    image = {
        "type": "image_url",
        "image_url": {"url": _url("image/png", image_file(picture(96, 64)))},
    }
    sound = {
        "type": "input_audio",
        "input_audio": {"data": _url("audio/wav", audio_file(tone(1.0))), "format": "wav"},
    }
    film = {
        "type": "video_url",
        "video_url": {"url": _url("video/mp4", video_file(2.0, sound=tone(2.0)))},
    }
    text = {"type": "text", "text": "What is this?"}
    reply = client.chat.completions.create(
        model=MODEL,
        max_tokens=6,
        messages=[
            {"role": "user", "content": [image, sound, text]},
            {"role": "assistant", "content": "Noise."},
            {"role": "user", "content": [film, image, text]},
        ],
    )
    usage = reply.usage.prompt_tokens_details
    assert reply.choices[0].message.content and usage.audio_tokens
    assert usage.model_dump()["video_tokens"] and usage.model_dump()["image_tokens"]


def test_what_exceeds_the_window_is_refused_with_both_numbers(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match=r"\[1, 2047\] \(this prompt has \d{4} tokens"):
        _ask(client, "word " * 3000)
    assert _ask(client, "Hello?").choices[0].message.content


def _planned(server: RunningServer, content: Any, policy: str) -> dict[str, Any]:
    body = {"model": MODEL, "messages": [{"role": "user", "content": content}]}
    answer = httpx.post(f"{server.url}/v1/media/plan", json={**body, "media_policy": policy})
    plan: dict[str, Any] = answer.raise_for_status().json()
    return plan


def _answered(client: OpenAI, content: Any, policy: str) -> tuple[dict[str, Any], str]:
    """The report on the engine's window, and the header that tells of it."""
    answer = client.chat.completions.with_raw_response.create(
        model=MODEL,
        messages=[{"role": "user", "content": content}],
        max_tokens=6,
        extra_body={"media_policy": policy},
    )
    reply = answer.parse()
    assert reply.choices[0].message.content
    report = (reply.model_extra or {}).get("media_report", {})
    return report.get("window", {}), answer.headers.get("x-media-report", "")


_TEXT = {"type": "text", "text": "What is this?"}


def _film(duration_s: float) -> dict[str, Any]:
    data = video_file(duration_s, fps=4, size=(640, 480), sound=tone(duration_s))
    return {"type": "video_url", "video_url": {"url": _url("video/mp4", data)}}


def _sound(duration_s: float) -> dict[str, Any]:
    sound = {"data": _url("audio/wav", audio_file(tone(duration_s))), "format": "wav"}
    return {"type": "input_audio", "input_audio": sound}


@pytest.mark.parametrize("policy", ["fit", "split", "trim"])
def test_videos_with_sound_have_room_under_every_policy_that_makes_some(
    server: RunningServer, client: OpenAI, policy: str
) -> None:
    content = [_film(60.0), _film(20.0), _TEXT]
    window, header = _answered(client, content, policy)
    assert window["how"] == ("trimmed" if policy == "trim" else "fitted")
    assert window["limit"] == 2048 < window["needed"]
    assert "video: " in window["summary"] and window["summary"] in header
    planned = _planned(server, content, policy)
    assert (planned["window"]["how"], planned["refusal"]) == (window["how"], None)
    assert planned["window"]["needed"] == pytest.approx(window["needed"], rel=0.1)


def test_without_a_policy_that_makes_room_there_is_none(
    server: RunningServer, client: OpenAI
) -> None:
    content = [_film(60.0), _film(20.0), _TEXT]
    would = "media_policy 'fit' or 'trim' would let it pass"
    with pytest.raises(openai.BadRequestError, match=rf"\[1, 2047\].*{would}"):
        _ask(client, content, extra_body={"media_policy": "error"})
    assert would in _planned(server, content, "error")["refusal"]


def test_sound_is_trimmed_where_that_is_asked_for_and_refused_else(
    server: RunningServer, client: OpenAI
) -> None:
    content = [_sound(170.0), _TEXT]
    with pytest.raises(openai.BadRequestError, match=r"\[1, 2047\].*media_policy 'trim' would"):
        _ask(client, content)
    assert "media_policy 'trim' would" in _planned(server, content, "fit")["refusal"]
    window, _ = _answered(client, content, "trim")
    (span,) = window["spans"]
    assert window["how"] == "trimmed" and 100 < span["end_s"] < 160
    assert f"audio: first {span['end_s']:.0f} of 170 s" in window["summary"]


def test_a_recording_too_long_to_be_held_is_trimmed_before_it_is_read(client: OpenAI) -> None:
    window, _ = _answered(client, [_sound(660.0), _TEXT], "trim")
    assert 100 < window["spans"][0]["end_s"] < 160


def test_large_pictures_are_made_smaller_unless_the_policy_takes_nothing(
    server: RunningServer, client: OpenAI
) -> None:
    large = _url("image/png", image_file(picture(2000, 1500)))
    content = [{"type": "image_url", "image_url": {"url": large}}] * 2 + [_TEXT]
    window, _ = _answered(client, content, "fit")
    assert window["how"] == "fitted" and window["spans"] == []
    for policy in ("trim", "error"):
        with pytest.raises(openai.BadRequestError, match=r"\[1, 2047\].*media_policy 'fit' would"):
            _ask(client, content, extra_body={"media_policy": policy})
        assert "media_policy 'fit' would" in _planned(server, content, policy)["refusal"]


def test_what_has_room_is_not_reported(client: OpenAI) -> None:
    assert _answered(client, [_film(4.0), _TEXT], "fit") == ({}, "")


def test_greedy_answers_stops_and_choices(client: OpenAI) -> None:
    one, same = (_ask(client, "Hello?", temperature=0, max_tokens=12) for _ in range(2))
    text = one.choices[0].message.content
    assert text == same.choices[0].message.content
    assert (one.usage.completion_tokens, one.choices[0].finish_reason) == (12, "length")
    stop = text[len(text) // 2 : len(text) // 2 + 3]
    cut = _ask(client, "Hello?", temperature=0, max_tokens=12, stop=stop).choices[0]
    assert (cut.message.content, cut.finish_reason) == (text[: text.index(stop)], "stop")
    several = _ask(client, "Hello?", n=3, temperature=1.5)
    assert len({choice.message.content for choice in several.choices}) == 3


async def test_more_listeners_than_places_are_all_answered(server: RunningServer) -> None:
    async def listen(client: AsyncOpenAI) -> int:
        size = 0
        stream = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "Hello?"}],
            max_tokens=3,
            **_SPOKEN,
        )
        async for chunk in stream:
            for choice in chunk.choices:
                data = getattr(getattr(choice.delta, "audio", None), "data", None)
                size += len(base64.b64decode(data)) if data else 0
        return size

    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        sizes = await asyncio.gather(*(listen(client) for _ in range(6)))
    assert min(sizes) > 48_000


def test_who_leaves_gives_up_the_place(client: OpenAI) -> None:
    for _ in range(6):  # more than there are places
        with _ask(client, "Hello?", max_tokens=1500, **_SPOKEN) as stream:
            for chunk in stream:
                if chunk.choices and getattr(chunk.choices[0].delta, "audio", None):
                    break
    assert _ask(client, "Hello?", timeout=20).choices[0].message.content


def test_nothing_reads_aloud_or_transcribes_but_errors_say_what_does(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match=r"no engine|nothing|speak"):
        client.audio.speech.create(model="tts-1", voice="alloy", input="Hello.")
    with pytest.raises(openai.NotFoundError):
        client.audio.transcriptions.create(
            model="whisper-1", file=("a.wav", audio_file(tone(0.5)), "audio/wav")
        )


def test_a_conversation_in_real_time_is_answered_and_cut_off(server: RunningServer) -> None:
    url = server.url.replace("http", "ws") + f"/v1/realtime?model={MODEL}"
    with connect(url, additional_headers={"Authorization": "Bearer any"}) as socket:

        def send(**event: Any) -> None:
            socket.send(json.dumps(event))

        def until(*kinds: str) -> list[dict[str, Any]]:
            seen = []
            while not seen or seen[-1]["type"] not in kinds:
                seen.append(json.loads(socket.recv(30)))
                assert seen[-1]["type"] != "error", seen[-1]
            return seen

        until("session.created")
        send(
            type="session.update",
            session={
                "type": "realtime",
                "output_modalities": ["audio"],
                "audio": {"input": {"turn_detection": None}},
            },
        )
        until("session.updated")
        sound = (tone(1.0, sample_rate=24_000) * 32767).astype("<i2").tobytes()
        for is_cut in (True, False):
            send(type="input_audio_buffer.append", audio=base64.b64encode(sound).decode())
            send(type="input_audio_buffer.commit")
            send(type="response.create", response={"max_output_tokens": 400 if is_cut else 3})
            until("response.output_audio.delta")
            if is_cut:
                send(type="response.cancel")
            done = until("response.done")[-1]["response"]
            assert done["status"] == ("cancelled" if is_cut else "incomplete")
