"""Real requests through the official SDK to the real default models."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openai import BadRequestError, OpenAI

from benchmarks.screenshot import PICTURE
from benchmarks.server import RunningServer
from benchmarks.speech import edit_distance, plain_words
from support.media_files import video_file
from thinktalk.media.encode import wav_file
from thinktalk.media.types import Audio

pytestmark = pytest.mark.slow

PHOTOS = Path(__file__).parents[1] / "support" / "photos"
FLASH, LIGHT = "qwen3.5-omni-flash", "qwen3.5-omni-light"
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city right now.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


SAMPLE = (
    "Every year in spring the river comes up to the old wall. People from the village bring "
    "their boats inside, and children are told not to play near the bridge. It has been so for "
    "as long as anyone remembers."
)


def ask(client: OpenAI, content: Any, model: str = FLASH, **options: Any) -> Any:
    messages = [{"role": "user", "content": content}]
    options = {"max_tokens": 150, **options}  # small models may go on and on
    return client.chat.completions.create(
        model=model,
        messages=messages,
        temperature=0,
        **options,  # type: ignore[call-overload]
    )


def picture(data: bytes) -> dict[str, Any]:
    url = "data:image/png;base64," + base64.b64encode(data).decode()
    return {"type": "image_url", "image_url": {"url": url}}


def recording(data: bytes) -> dict[str, Any]:
    encoded = base64.b64encode(data).decode()
    return {"type": "input_audio", "input_audio": {"data": encoded, "format": "wav"}}


def say(client: OpenAI, text: str, voice: str = "Ethan") -> bytes:
    speech = client.audio.speech.create(
        model="tts-1", voice=voice, input=text, response_format="wav"
    )
    return speech.content


def hear(client: OpenAI, sound: bytes, **options: Any) -> str:
    return client.audio.transcriptions.create(
        model="whisper-1", file=("sound.wav", io.BytesIO(sound)), **options
    ).text


@pytest.mark.parametrize("voice", ["Chelsie", "Ethan"])
def test_a_spoken_reply_says_what_its_text_says(client: OpenAI, voice: str) -> None:
    reply = ask(
        client,
        "Tell me in two short sentences why the sea is salty.",
        modalities=["text", "audio"],
        audio={"voice": voice, "format": "wav"},
    )
    message = reply.choices[0].message
    said = plain_words(message.content)
    heard = plain_words(hear(client, base64.b64decode(message.audio.data), language="en"))
    assert message.audio.transcript == message.content
    assert len(said) > 5
    assert edit_distance(said, heard) / len(said) <= 0.15


def test_streamed_speech_is_the_same_pcm_as_a_player_would_hear(client: OpenAI) -> None:
    stream = ask(
        client,
        "Count from one to five in words.",
        modalities=["text", "audio"],
        audio={"voice": "Ethan", "format": "pcm16"},
        stream=True,
    )
    text, sound = "", b""
    for chunk in stream:
        for choice in chunk.choices:
            text += choice.delta.content or ""
            if audio := getattr(choice.delta, "audio", None):
                sound += base64.b64decode(audio.data)
    samples = np.frombuffer(sound, "<i2").astype(np.float32) / 32768
    heard = hear(client, wav_file(Audio(samples, 24_000)), language="en").lower()
    assert "three" in text.lower() or "3" in text
    assert "three" in heard or "3" in heard


def test_a_rendered_traceback_is_read(client: OpenAI) -> None:
    question = {"type": "text", "text": "Which exception was raised? Quote its message."}
    answer = ask(client, [picture(PICTURE.read_bytes()), question]).choices[0].message.content
    assert "PoolTimeout" in answer


def test_a_photo_is_named(client: OpenAI) -> None:
    photo = (PHOTOS / "cat.jpg").read_bytes()
    question = {"type": "text", "text": "Which animal is in this photo?"}
    answer = ask(client, [picture(photo), question]).choices[0].message.content
    assert "cat" in answer.lower()


def test_a_spoken_question_is_answered(client: OpenAI) -> None:
    sound = say(client, "What is the capital of France?")
    answer = ask(client, [recording(sound)]).choices[0].message.content
    assert "Paris" in answer


def test_a_video_is_watched_and_heard(client: OpenAI) -> None:
    data = base64.b64encode(video_file()).decode()
    part = {"type": "video_url", "video_url": {"url": f"data:video/mp4;base64,{data}"}}
    reply = ask(client, [part, {"type": "text", "text": "What is this video like?"}])
    assert reply.choices[0].message.content
    assert reply.usage.prompt_tokens_details.video_tokens > 0


def test_a_tool_is_called_and_its_result_is_used(client: OpenAI) -> None:
    question = {"role": "user", "content": "What is the weather in Oslo?"}
    first = client.chat.completions.create(
        model=FLASH,
        messages=[question],
        tools=[WEATHER],
        temperature=0,  # type: ignore[list-item]
    )
    assert first.choices[0].finish_reason == "tool_calls"
    (call,) = first.choices[0].message.tool_calls or []
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments)["city"] == "Oslo"
    second = client.chat.completions.create(
        model=FLASH,
        temperature=0,
        tools=[WEATHER],
        messages=[
            question,  # type: ignore[list-item]
            first.choices[0].message.model_dump(exclude_none=True),  # type: ignore[list-item]
            {"role": "tool", "tool_call_id": call.id, "content": '{"temperature_c": -7}'},
        ],
    )
    assert "7" in (second.choices[0].message.content or "")


def test_two_turns_share_memory(client: OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": "My name is Ingrid. Remember it."}]
    first = client.chat.completions.create(model=FLASH, messages=messages, temperature=0)
    messages += [
        {"role": "assistant", "content": first.choices[0].message.content},
        {"role": "user", "content": "What is my name?"},
    ]
    second = client.chat.completions.create(model=FLASH, messages=messages, temperature=0)
    assert "Ingrid" in (second.choices[0].message.content or "")


def test_json_by_schema_is_what_the_schema_says(client: OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "inhabitants": {"type": "integer"}},
        "required": ["city", "inhabitants"],
        "additionalProperties": False,
    }
    reply = ask(
        client,
        "Give me the capital of Italy as json.",
        response_format={"type": "json_schema", "json_schema": {"name": "city", "schema": schema}},
    )
    answer = json.loads(reply.choices[0].message.content)
    assert answer["city"] == "Rome"
    assert isinstance(answer["inhabitants"], int)


def test_the_light_tier_answers_with_its_own_model(client: OpenAI) -> None:
    assert "4" in ask(client, "What is 2 + 2?", model=LIGHT).choices[0].message.content
    parts = client.models.retrieve(LIGHT).model_extra or {}
    assert "0.5b" in json.dumps(parts)


def test_silence_is_not_turned_into_words(client: OpenAI) -> None:
    silence = wav_file(Audio(np.zeros(48_000, np.float32), 16_000))
    assert hear(client, silence).strip() == ""


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}],
        [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}],
        [{"type": "image_url", "image_url": {"url": "http://127.0.0.1:9/x.png"}}],
        [{"type": "video_url", "video_url": {"url": "not an address"}}],
    ],
    ids=["broken picture", "broken sound", "private address", "no address"],
)
def test_bad_media_is_a_clear_400_and_the_next_request_works(client: OpenAI, content: Any) -> None:
    with pytest.raises(BadRequestError) as refused:
        ask(client, content)
    assert refused.value.code == "invalid_parameter_error"
    assert len(str(refused.value)) > 20
    assert ask(client, "Say hi.", max_tokens=5).choices[0].message.content


def test_the_server_says_it_is_ready(server: RunningServer) -> None:
    import httpx

    ready = httpx.get(f"{server.url}/ready", trust_env=False).json()
    assert ready["status"] == "ready"
    assert ready["models"]["qwen3.5-omni-flash"] == "ready"


def test_the_guides_cloning_request_is_answered_in_a_matched_voice(client: OpenAI) -> None:
    sample = {"data": base64.b64encode(say(client, SAMPLE, "Raymond")).decode(), "format": "wav"}
    reply = client.chat.completions.create(
        model="qwen3.5-omni-plus",
        modalities=["text", "audio"],
        audio={"voice": "custom", "format": "wav", "voice_sample": sample},  # type: ignore[typeddict-item,typeddict-unknown-key]
        messages=[{"role": "user", "content": "Say hello in one short sentence."}],
        max_tokens=40,
    )
    sound = reply.choices[0].message.audio
    assert sound is not None
    assert len(base64.b64decode(sound.data)) > 24_000
    told = reply.model_extra["voice_report"]  # type: ignore[index]
    assert told["cloned"] is True
    assert told["similarity"] > 0.5
    assert told["speech_s"] > 5
