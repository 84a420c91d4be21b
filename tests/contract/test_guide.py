"""Every row of the guide that brings most users here: the official SDK, its bodies unchanged."""

from __future__ import annotations

import base64
import io
import wave
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import openai
import pytest
from openai import OpenAI

from support import old_sdk
from support.file_server import serving_files
from support.media_files import audio_file, image_file, picture, tone, video_file
from support.server import serving
from thinktalk.conversation import AudioPart, ImagePart, TextPart, VideoPart
from thinktalk.testing import Fault, ScriptedEngine

REPLY = "The second service looks like the bottleneck."


@dataclass(frozen=True)
class Guide:
    """A running server, what it was asked, and the media of the guide."""

    url: str
    engine: ScriptedEngine
    files_url: str
    files: dict[str, bytes]

    @property
    def client(self) -> OpenAI:
        return OpenAI(base_url=f"{self.url}/compatible-mode/v1", api_key="any-key", max_retries=0)

    def b64(self, name: str) -> str:
        return base64.b64encode(self.files[name]).decode()

    def ask(self, content: Any, **options: Any) -> Any:
        options.setdefault("model", "qwen3.5-omni-flash")
        messages = [{"role": "user", "content": content}]
        return self.client.chat.completions.create(messages=messages, **options)

    @property
    def asked(self) -> Any:
        return self.engine.requests[-1]


@pytest.fixture(scope="module")
def guide() -> Generator[Guide, None, None]:
    files = {
        "question.wav": audio_file(tone(1.5, 16_000), 16_000),
        "voice.wav": audio_file(spoken(12.0), 24_000),
        "chart.png": image_file(picture(640, 480)),
        "clip.mp4": video_file(2.0, sound=tone(2.0)),
    }
    engine = ScriptedEngine(REPLY)
    with serving_files(files) as files_url:
        host = files_url.removeprefix("http://")
        with serving(engine, media={"allow_hosts": (host,)}) as url:
            yield Guide(url, engine, files_url, files)


def spoken(duration_s: float, sample_rate: int = 24_000) -> np.ndarray[Any, Any]:
    """Something like a voice: harmonics of a wandering pitch, in syllables."""
    time_s = np.arange(round(duration_s * sample_rate)) / sample_rate
    phase = 2 * np.pi * np.cumsum(120 + 20 * np.sin(2 * np.pi * 0.7 * time_s)) / sample_rate
    voice = sum(np.sin(k * phase) / k for k in range(1, 12))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * time_s)
    return np.asarray(0.15 * voice * syllables, np.float32)


def test_text_is_answered(guide: Guide) -> None:
    reply = guide.ask("Explain OAuth 2.0 in one sentence.", model="qwen3.5-omni-plus")
    assert reply.choices[0].message.content == REPLY
    assert reply.choices[0].message.audio is None
    assert reply.model == "qwen3.5-omni-plus"


def test_bare_base64_audio_is_heard(guide: Guide) -> None:
    sound = {"data": guide.b64("question.wav"), "format": "wav"}
    reply = guide.ask([{"type": "input_audio", "input_audio": sound}])
    part = guide.asked.messages[-1].parts[0]
    assert reply.choices[0].message.content == REPLY
    assert isinstance(part, AudioPart)
    assert part.audio.duration_s == pytest.approx(1.5, abs=0.02)
    assert reply.usage.prompt_tokens_details.audio_tokens == 11


def test_an_image_is_seen_by_url_and_by_data_url(guide: Guide) -> None:
    for url in (
        f"{guide.files_url}/chart.png",
        f"data:image/png;base64,{guide.b64('chart.png')}",
    ):
        content = [
            {"type": "image_url", "image_url": {"url": url}},
            {"type": "text", "text": "What does this show?"},
        ]
        reply = guide.ask(content, model="qwen3.5-omni-plus")
        seen, text = guide.asked.messages[-1].parts
        assert isinstance(seen, ImagePart) and isinstance(text, TextPart)
        assert (seen.image.width, seen.image.height) == (640, 480)
        assert reply.usage.prompt_tokens_details.image_tokens == 302


def test_a_video_is_seen_by_url_and_by_data_url(guide: Guide) -> None:
    for url in (f"{guide.files_url}/clip.mp4", f"data:video/mp4;base64,{guide.b64('clip.mp4')}"):
        content = [
            {"type": "video_url", "video_url": {"url": url}},
            {"type": "text", "text": "Summarise this recording."},
        ]
        reply = guide.ask(content, model="qwen3.5-omni-plus")
        seen = guide.asked.messages[-1].parts[0]
        assert isinstance(seen, VideoPart)
        assert seen.video.frames and seen.video.audio is not None
        assert reply.usage.prompt_tokens_details.model_extra["video_tokens"] > 0
        assert reply.usage.prompt_tokens_details.audio_tokens >= 14


def test_speech_comes_as_a_wav_file_without_streaming(guide: Guide) -> None:
    reply = guide.ask(
        "Describe REST.", modalities=["text", "audio"], audio={"voice": "Chelsie", "format": "wav"}
    )
    message = reply.choices[0].message
    with wave.open(io.BytesIO(base64.b64decode(message.audio.data))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        assert file.getnframes() == round(0.2 * len(REPLY.split()) * 24_000)
    assert message.content == message.audio.transcript == REPLY
    assert message.audio.expires_at > reply.created
    assert guide.asked.speech is not None


def test_streamed_speech_is_read_as_an_attribute_by_the_present_sdk(guide: Guide) -> None:
    text, sound = "", b""
    for chunk in guide.ask(
        "Hello",
        stream=True,
        modalities=["text", "audio"],
        audio={"voice": "Ethan", "format": "pcm16"},
    ):
        delta = chunk.choices[0].delta
        text += delta.content or ""
        if delta.audio is not None:
            sound += base64.b64decode(delta.audio.data)
    assert text == REPLY
    assert len(sound) == 2 * round(0.2 * len(REPLY.split()) * 24_000)


OLD_CLIENT = """
import base64, sys
from openai import OpenAI
client = OpenAI(base_url=sys.argv[1] + "/compatible-mode/v1", api_key="any-key")
stream = client.chat.completions.create(
    model="qwen3.5-omni-flash", messages=[{"role": "user", "content": "Hello"}], stream=True,
    modalities=["text", "audio"], audio={"voice": "Ethan", "format": "pcm16"})
text, sound = "", b""
for chunk in stream:
    delta = chunk.choices[0].delta
    if getattr(delta, "audio", None):
        sound += base64.b64decode(delta.audio["data"])
    elif delta.content:
        text += delta.content
print(len(sound), text)
"""


@pytest.mark.skipif(
    not old_sdk.is_installed(), reason="needs `python tests/support/old_sdk.py` (make setup)"
)
def test_streamed_speech_is_read_by_key_with_the_sdk_before(guide: Guide) -> None:
    printed = old_sdk.run(OLD_CLIENT, guide.url).strip()
    assert printed == f"{2 * round(0.2 * len(REPLY.split()) * 24_000)} {REPLY}"


def test_a_voice_is_cloned_from_an_inline_sample(guide: Guide) -> None:
    sample = {"data": guide.b64("voice.wav"), "format": "wav"}
    reply = guide.ask(
        "Read this in my voice.",
        model="qwen3.5-omni-plus",
        modalities=["text", "audio"],
        audio={"voice": "custom", "format": "wav", "voice_sample": sample},
    )
    voice = guide.asked.speech.voice
    assert voice.sample is not None
    assert voice.sample.duration_s == pytest.approx(12.0, abs=0.1)
    assert base64.b64decode(reply.choices[0].message.audio.data)[:4] == b"RIFF"


def test_turns_that_mix_kinds_arrive_in_order(guide: Guide) -> None:
    url = f"data:image/png;base64,{guide.b64('chart.png')}"
    messages: list[Any] = [
        {"role": "system", "content": "You review architecture."},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]},
        {"role": "assistant", "content": "I see three services."},
        {
            "role": "user",
            "content": [
                {
                    "type": "input_audio",
                    "input_audio": {"data": guide.b64("question.wav"), "format": "wav"},
                }
            ],
        },
        {"role": "assistant", "content": [{"type": "text", "text": "The second."}]},
        {"role": "user", "content": "Why?"},
    ]
    guide.client.chat.completions.create(model="qwen3.5-omni-plus", messages=messages)
    turns = [(turn.role, type(turn.parts[0])) for turn in guide.asked.messages]
    assert turns == [
        ("system", TextPart),
        ("user", ImagePart),
        ("assistant", TextPart),
        ("user", AudioPart),
        ("assistant", TextPart),
        ("user", TextPart),
    ]


def test_all_four_kinds_fit_one_message(guide: Guide) -> None:
    guide.ask(
        [
            {"type": "text", "text": "Compare."},
            {"type": "image_url", "image_url": {"url": f"{guide.files_url}/chart.png"}},
            {
                "type": "input_audio",
                "input_audio": {"data": guide.b64("question.wav"), "format": "wav"},
            },
            {"type": "video_url", "video_url": {"url": f"{guide.files_url}/clip.mp4"}},
        ],
        model="qwen3.5-omni-plus",
    )
    kinds = [type(part) for part in guide.asked.messages[-1].parts]
    assert kinds == [TextPart, ImagePart, AudioPart, VideoPart]


def test_text_only_gives_no_audio(guide: Guide) -> None:
    reply = guide.ask("Hello", modalities=["text"], audio={"voice": "Ethan", "format": "wav"})
    assert reply.choices[0].message.audio is None
    assert guide.asked.speech is None


WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


def test_a_tool_is_called_and_its_result_is_taken() -> None:
    engine = ScriptedEngine(tool_calls=[("get_weather", {"city": "Oslo"})])
    with serving(engine) as url:
        client = OpenAI(base_url=f"{url}/compatible-mode/v1", api_key="any")
        messages: list[Any] = [{"role": "user", "content": "Weather in Oslo?"}]
        reply = client.chat.completions.create(
            model="qwen3.5-omni-plus", messages=messages, tools=[WEATHER]
        )
        message = reply.choices[0].message
        assert reply.choices[0].finish_reason == "tool_calls"
        assert message.tool_calls is not None
        call: Any = message.tool_calls[0]
        assert (call.function.name, call.function.arguments) == ("get_weather", '{"city": "Oslo"}')
        result = {"role": "tool", "tool_call_id": call.id, "content": '{"celsius": -3}'}
        client.chat.completions.create(
            model="qwen3.5-omni-plus", messages=[*messages, message, result]
        )
    asked, called, answered = engine.requests[-1].messages
    assert asked.text == "Weather in Oslo?"
    assert called.tool_calls[0].id == answered.tool_call_id
    assert answered.text == '{"celsius": -3}'


@pytest.mark.parametrize("fault", [Fault("busy"), Fault("cut")])
def test_a_client_that_retries_gets_its_answer(fault: Fault) -> None:
    with serving(ScriptedEngine(REPLY, faults=[fault])) as url:
        client = OpenAI(base_url=f"{url}/compatible-mode/v1", api_key="any", max_retries=2)
        reply = client.chat.completions.create(
            model="qwen3.5-omni-flash", messages=[{"role": "user", "content": "Hello"}]
        )
    assert reply.choices[0].message.content == REPLY


def test_a_client_that_does_not_retry_sees_rate_limits_as_such() -> None:
    with serving(ScriptedEngine(faults=[Fault("busy", retry_after_s=3)])) as url:
        client = OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)
        with pytest.raises(openai.RateLimitError) as refused:
            client.chat.completions.create(
                model="qwen3.5-omni-light", messages=[{"role": "user", "content": "Hello"}]
            )
    assert refused.value.response.headers["retry-after"] == "3"
    assert refused.value.code == "limit_requests"


def test_a_lost_connection_is_an_error_the_sdk_knows() -> None:
    with serving(ScriptedEngine(REPLY, faults=[Fault("cut", after=2)])) as url:
        client = OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)
        stream = client.chat.completions.create(
            model="qwen3.5-omni-flash", messages=[{"role": "user", "content": "Hello"}], stream=True
        )
        with pytest.raises(openai.APIError, match="An internal error has occured"):
            list(stream)
