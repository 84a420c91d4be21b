"""`thinktalk serve --engine qwen_omni` as a process, and the official SDK."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import wave
from collections.abc import Iterator
from typing import Any

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
    minutes = {"data": _url("audio/wav", audio_file(tone(170.0))), "format": "wav"}
    with pytest.raises(openai.BadRequestError, match=r"2048|2047"):
        _ask(client, [{"type": "input_audio", "input_audio": minutes}])
    assert _ask(client, "Hello?").choices[0].message.content


def test_a_long_video_is_fitted_to_the_window(client: OpenAI) -> None:
    film = _url("video/mp4", video_file(40.0, fps=4, size=(640, 480)))
    content = [
        {"type": "video_url", "video_url": {"url": film}},
        {"type": "text", "text": "What is this?"},
    ]
    assert _ask(client, content).choices[0].message.content


def test_large_pictures_are_fitted_to_the_window_unless_that_is_refused(client: OpenAI) -> None:
    large = _url("image/png", image_file(picture(2000, 1500)))
    content = [{"type": "image_url", "image_url": {"url": large}}] * 2
    reply = _ask(client, [*content, {"type": "text", "text": "What is this?"}])
    assert reply.choices[0].message.content
    with pytest.raises(openai.BadRequestError, match=r"\[1, 2047\]"):
        _ask(client, content, extra_body={"media_policy": "error"})


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
