"""Transcriptions, translations, speech and voices, with the official SDK."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from support.media_files import audio_file, tone
from support.scripted_senses import ScriptedRecognizer, ScriptedSynthesizer
from support.server import serving
from support.wire import error_of, events_of, post
from thinktalk.engines.base import Segment, Word
from thinktalk.library import transcribe
from thinktalk.media.decode import decode_audio

WORDS = (Word(" Hello", 0.2, 0.6, 0.9), Word(" there.", 0.6, 1.1, 0.8))
HEARD = [
    Segment(
        start_s=0.2, end_s=1.1, text=" Hello there.", language="en", words=WORDS, tokens=(5, 6)
    ),
    Segment(start_s=1.5, end_s=2.0, text=" Goodbye.", language="en"),
]
RECORDING = audio_file(tone(2.2))


@pytest.fixture(scope="module")
def recognizer() -> ScriptedRecognizer:
    return ScriptedRecognizer(HEARD)


@pytest.fixture(scope="module")
def synthesizer() -> ScriptedSynthesizer:
    return ScriptedSynthesizer()


@pytest.fixture(scope="module")
def url(
    recognizer: ScriptedRecognizer, synthesizer: ScriptedSynthesizer
) -> Generator[str, None, None]:
    with serving(recognizer=recognizer, synthesizer=synthesizer) as url:
        yield url


@pytest.fixture
def client(url: str) -> OpenAI:
    return OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)


def file() -> tuple[str, io.BytesIO]:
    return "question.wav", io.BytesIO(RECORDING)


def test_a_recording_is_transcribed(client: OpenAI, recognizer: ScriptedRecognizer) -> None:
    reply = client.audio.transcriptions.create(
        model="whisper-1", file=file(), language="en-US", prompt="Names: Ada"
    )
    assert reply.text == "Hello there. Goodbye."
    assert reply.usage is not None and reply.usage.type == "duration"
    assert reply.usage.seconds == 3
    audio, options = recognizer.heard[-1]
    assert audio.sample_rate == 16_000 and audio.duration_s == pytest.approx(2.2, abs=0.01)
    assert (options.language, options.prompt, options.translate) == ("en", "Names: Ada", False)


def test_plain_and_subtitle_formats(client: OpenAI) -> None:
    formats: dict[Any, str] = {
        "text": "Hello there. Goodbye.\n",
        "srt": "1\n00:00:00,200 --> 00:00:01,100\nHello there.\n\n"
        "2\n00:00:01,500 --> 00:00:02,000\nGoodbye.\n\n",
        "vtt": "WEBVTT\n\n00:00:00.200 --> 00:00:01.100\nHello there.\n\n"
        "00:00:01.500 --> 00:00:02.000\nGoodbye.\n\n",
    }
    for wanted, expected in formats.items():
        shown = client.audio.transcriptions.create(
            model="gpt-4o-transcribe", file=file(), response_format=wanted
        )
        assert shown == expected


def test_verbose_json_has_segments_and_words(
    client: OpenAI, recognizer: ScriptedRecognizer
) -> None:
    reply = client.audio.transcriptions.create(
        model="whisper-1",
        file=file(),
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert (reply.language, reply.duration) == ("english", 2.2)
    assert reply.segments is not None and reply.words is not None
    assert [(s.id, s.start, s.end, s.tokens) for s in reply.segments] == [
        (0, 0.2, 1.1, [5, 6]),
        (1, 1.5, 2.0, []),
    ]
    assert [(w.word, w.start, w.end) for w in reply.words] == [
        ("Hello", 0.2, 0.6),
        ("there.", 0.6, 1.1),
    ]
    assert recognizer.heard[-1][1].word_times


def test_a_transcript_is_streamed(client: OpenAI) -> None:
    events = list(
        client.audio.transcriptions.create(model="qwen3-asr-flash", file=file(), stream=True)
    )
    assert [event.type for event in events] == [
        "transcript.text.delta",
        "transcript.text.delta",
        "transcript.text.done",
    ]
    assert events[0].delta + events[1].delta == events[2].text == "Hello there. Goodbye."


@pytest.mark.filterwarnings("ignore:deprecated")
def test_a_recording_is_translated(client: OpenAI, recognizer: ScriptedRecognizer) -> None:
    reply = client.audio.translations.create(model="whisper-1", file=file())
    assert reply.text == "Hello there. Goodbye."
    assert recognizer.heard[-1][1].translate


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"response_format": "diarized_json"}, "response_format"),
        ({"language": "klingon"}, "language"),
        ({"temperature": "hot"}, "temperature"),
        ({"model": ""}, "model"),
    ],
)
def test_bad_form_fields_are_named(url: str, fields: dict[str, str], param: str) -> None:
    form = {"model": "whisper-1", **fields}
    refused = httpx.post(
        f"{url}/v1/audio/transcriptions", data=form, files={"file": ("a.wav", RECORDING)}
    )
    assert (refused.status_code, error_of(refused)["param"]) == (400, param)


def test_a_form_without_a_file_or_with_a_bad_one_is_refused(url: str) -> None:
    path = f"{url}/compatible-mode/v1/audio/transcriptions"
    missing = httpx.post(path, data={"model": "m"}, files={"other": ("a", b"x")})
    assert (missing.status_code, error_of(missing)["param"]) == (400, "file")
    assert httpx.post(path, json={"model": "m"}).status_code == 400
    broken = httpx.post(path, data={"model": "m"}, files={"file": ("a.wav", b"not sound")})
    assert broken.status_code == 400
    assert "The audio format is illegal" in error_of(broken)["message"]


def test_an_upload_over_the_limit_is_refused() -> None:
    limits = {"max_upload_bytes": 20_000}
    with serving(media=limits, recognizer=ScriptedRecognizer(HEARD)) as url:
        refused = httpx.post(
            f"{url}/v1/audio/transcriptions",
            data={"model": "m"},
            files={"file": ("a.wav", RECORDING)},
        )
    assert refused.status_code == 413


def test_the_hearing_model_answers_on_chat(client: OpenAI, recognizer: ScriptedRecognizer) -> None:
    content: Any = [
        {
            "type": "input_audio",
            "input_audio": {"data": "data:;base64," + base64.b64encode(RECORDING).decode()},
        }
    ]
    messages: Any = [{"role": "user", "content": content}]
    reply = client.chat.completions.create(
        model="qwen3-asr-flash", messages=messages, extra_body={"asr_options": {"language": "de"}}
    )
    assert reply.choices[0].message.content == "Hello there. Goodbye."
    assert recognizer.heard[-1][1].language == "de"
    with pytest.raises(openai.BadRequestError, match="input_audio"):
        client.chat.completions.create(
            model="qwen3-asr-flash", messages=[{"role": "user", "content": "Hello"}]
        )


CONTENT_TYPES: dict[Any, str] = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}


@pytest.mark.parametrize("wanted", CONTENT_TYPES)
def test_speech_is_streamed_in_every_format(client: OpenAI, wanted: Any) -> None:
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input="One two three four.", response_format=wanted
    ) as reply:
        data = reply.read()
        assert reply.headers["content-type"] == CONTENT_TYPES[wanted]
        assert reply.headers["transfer-encoding"] == "chunked"
    if wanted == "pcm":
        assert len(data) == 2 * 4 * 2_400
        return
    audio = decode_audio(data, sample_rate=24_000, max_s=60)
    assert audio.duration_s == pytest.approx(0.4, abs=0.12)
    if wanted == "wav":
        assert struct.unpack("<I", data[4:8])[0] == struct.unpack("<I", data[40:44])[0] == 2**32 - 1


def test_mp3_is_the_default(client: OpenAI) -> None:
    reply = client.audio.speech.create(model="tts-1", voice="Ethan", input="Hello there.")
    assert reply.response.headers["content-type"] == "audio/mpeg"


def test_voice_speed_and_language_reach_the_synthesiser(
    client: OpenAI, synthesizer: ScriptedSynthesizer
) -> None:
    client.audio.speech.create(
        model="tts-1", voice="Ethan", input="Hallo.", speed=1.5, extra_body={"language": "de"}
    )
    text, speech = synthesizer.asked[-1]
    assert text == "Hallo."
    assert (speech.voice.name, speech.speed, speech.language) == ("Ethan", 1.5, "de")


def test_instructions_reach_the_synthesiser(
    client: OpenAI, synthesizer: ScriptedSynthesizer
) -> None:
    client.audio.speech.create(
        model="tts-1", voice="Ethan", input="Hello.", instructions="Voice: calm and slow."
    )
    assert synthesizer.asked[-1][1].instructions == "Voice: calm and slow."


def test_speech_comes_as_events(url: str) -> None:
    body = {"model": "tts-1", "voice": "alloy", "input": "One two.", "stream_format": "sse"}
    response = httpx.post(f"{url}/v1/audio/speech", json={**body, "response_format": "pcm"})
    *deltas, done = events_of(response)
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert sum(len(base64.b64decode(event["audio"])) for event in deltas) == 2 * 2 * 2_400
    assert done["type"] == "speech.audio.done"
    assert done["usage"] == {"input_tokens": 2, "output_tokens": 3, "total_tokens": 5}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": " "}, "input"),
        ({"input": "x" * 100_001}, "input"),
        ({"input": "🙂 👍"}, "input"),
        ({"input": "🙂", "stream_format": "sse"}, "input"),
        ({"speed": 9}, "speed"),
        ({"voice": "Nobody"}, "audio.voice"),
        ({"response_format": "midi"}, "response_format"),
        ({"language": "klingon"}, "language"),
        ({"instructions": "x" * 10_001}, "instructions"),
    ],
)
def test_bad_speech_fields_are_named(url: str, fields: dict[str, Any], param: str) -> None:
    body = {"model": "tts-1", "voice": "alloy", "input": "Hello", **fields}
    refused = httpx.post(f"{url}/v1/audio/speech", json=body)
    assert (refused.status_code, error_of(refused)["param"]) == (400, param)


def test_the_built_in_voices_are_listed(url: str) -> None:
    voices = httpx.get(f"{url}/v1/audio/voices").json()
    assert voices["object"] == "list"
    by_name = {voice["name"]: voice for voice in voices["data"]}
    assert {"Tina", "Chelsie", "Ethan", "Cherry", "Eliška"} <= set(by_name)
    assert by_name["Tina"]["builtin"] is True and by_name["Tina"]["object"] == "audio.voice"
    assert all(voice["stand_in"] and voice["source"] for voice in voices["data"])
    assert all(len(voice["languages"]) == 29 for voice in voices["data"])
    assert by_name["Cindy"]["mixture"] and "mixture" in by_name["Cindy"]["source"]
    assert not by_name["Tina"]["mixture"]
    assert by_name["Bea"]["read_as"] == {"tl": "id"}


def test_without_senses_the_endpoints_say_so() -> None:
    with serving() as url:
        spoken = httpx.post(
            f"{url}/v1/audio/speech", json={"model": "tts-1", "voice": "alloy", "input": "Hello"}
        )
        assert spoken.status_code == 404
        assert "modalities ['text', 'audio']" in error_of(spoken)["message"]
        heard = post(url, model="qwen3-asr-flash")
        assert heard.status_code == 404 and "input_audio" in error_of(heard)["message"]


@pytest.mark.parametrize("wanted", ["text", "json", "srt", "vtt", "verbose_json"])
def test_the_library_gets_what_the_wire_gives_and_hears_of_progress(
    wanted: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(RECORDING)
    with serving(recognizer=ScriptedRecognizer(HEARD, delay_s=1.2)) as url:
        form = {"model": "whisper-1", "response_format": wanted}
        whole = httpx.post(
            f"{url}/v1/audio/transcriptions",
            data=form,
            files={"file": ("a.wav", RECORDING)},
            timeout=30,
        )
        shares: list[float] = []
        through = transcribe(
            str(path), response_format=wanted, on_progress=shares.append, base_url=f"{url}/v1"
        )

    assert through == whole.text
    assert shares
    assert all(0 < share <= 1 for share in shares)
