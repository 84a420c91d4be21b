"""Messages that refer to uploaded files, with the official SDK."""

from __future__ import annotations

import base64
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from openai import OpenAI

from support.media_files import audio_file, image_file, picture, tone, video_file
from support.scripted_senses import ScriptedSynthesizer
from support.server import serving
from support.wire import FLASH, chat_body
from thinktalk.conversation import AudioPart, ImagePart, Part, VideoPart
from thinktalk.settings import MEBIBYTE
from thinktalk.testing import ScriptedEngine

KEYS = {"api_keys": ("sk-ana", "sk-ben")}
PICTURE = image_file(picture(640, 480))
SOUND = audio_file(tone(3.0))
MP3 = audio_file(tone(3.0), container="mp3", codec="libmp3lame")
VIDEO = video_file(2.0, sound=tone(2.0))
SOUND_IN_MP4 = audio_file(tone(3.0), container="mp4", codec="aac")


@pytest.fixture(scope="module")
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture(scope="module")
def synthesizer() -> ScriptedSynthesizer:
    return ScriptedSynthesizer()


@pytest.fixture(scope="module")
def url(
    engine: ScriptedEngine,
    synthesizer: ScriptedSynthesizer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Generator[str, None, None]:
    files = {"directory": tmp_path_factory.mktemp("files")}
    with serving(engine, server=KEYS, files=files, synthesizer=synthesizer) as url:
        yield url


@pytest.fixture
def client(url: str) -> OpenAI:
    return OpenAI(base_url=f"{url}/v1", api_key="sk-ana", max_retries=0)


@pytest.fixture
def ben(url: str) -> OpenAI:
    return OpenAI(base_url=f"{url}/v1", api_key="sk-ben", max_retries=0)


def uploaded(client: OpenAI, data: bytes, name: str = "anything") -> str:
    return client.files.create(file=(name, data), purpose="user_data").id


def ask(client: OpenAI, *parts: Any) -> Any:
    content: Any = [{"type": "text", "text": "What is it?"}, *parts]
    return client.chat.completions.create(
        model=FLASH, messages=[{"role": "user", "content": content}]
    )


def file_part(file_id: str, **hints: Any) -> dict[str, Any]:
    return {"type": "file", "file": {"file_id": file_id}, **hints}


def data_url(data: bytes) -> str:
    return f"data:;base64,{base64.b64encode(data).decode()}"


def inline(kind: str, data: bytes) -> dict[str, Any]:
    if kind == "input_audio":
        return {"type": kind, kind: {"data": base64.b64encode(data).decode(), "format": "wav"}}
    return {"type": kind, kind: {"url": data_url(data)}}


def last_part(engine: ScriptedEngine) -> Part:
    return engine.requests[-1].messages[-1].parts[-1]


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [
        (PICTURE, "image_url", ImagePart),
        (SOUND, "input_audio", AudioPart),
        (MP3, "input_audio", AudioPart),
        (VIDEO, "video_url", VideoPart),
        (SOUND_IN_MP4, "input_audio", AudioPart),
    ],
    ids=["picture", "wav", "mp3", "video", "sound in an mp4"],
)
def test_a_file_is_what_its_bytes_say_whatever_it_is_called(
    client: OpenAI, engine: ScriptedEngine, data: bytes, kind: str, expected: type
) -> None:
    file_id = uploaded(client, data, "notes.txt")
    by_id = ask(client, file_part(file_id))
    assert isinstance(last_part(engine), expected)
    by_value = ask(client, inline(kind, data))
    assert by_id.choices[0].message.content == "This is a scripted reply."
    assert by_id.usage == by_value.usage, "and costs what it costs when it comes with the request"


@pytest.mark.parametrize(
    ("kind", "data", "where"),
    [
        ("image_url", PICTURE, {"url": "{id}"}),
        ("image_url", PICTURE, "{id}"),
        ("input_audio", SOUND, {"data": "{id}", "format": "wav"}),
        ("audio_url", SOUND, {"url": "{id}"}),
        ("video_url", VIDEO, {"url": "{id}"}),
    ],
)
def test_an_id_may_stand_where_an_address_does(
    client: OpenAI, kind: str, data: bytes, where: Any
) -> None:
    file_id = uploaded(client, data)
    place = (
        file_id
        if isinstance(where, str)
        else {name: file_id if value == "{id}" else value for name, value in where.items()}
    )
    by_id = ask(client, {"type": kind, kind: place})
    by_value = ask(client, inline("input_audio" if kind == "audio_url" else kind, data))
    assert by_id.usage == by_value.usage


def test_frames_of_a_video_may_be_uploaded_one_by_one(client: OpenAI) -> None:
    file_id = uploaded(client, PICTURE)
    mixed = ask(client, {"type": "video", "video": [file_id, data_url(PICTURE), file_id, file_id]})
    inlined = ask(client, {"type": "video", "video": [data_url(PICTURE)] * 4})
    assert mixed.usage == inlined.usage


def test_the_hints_of_a_file_have_their_effect(client: OpenAI) -> None:
    picture_id, video_id = uploaded(client, PICTURE), uploaded(client, VIDEO)
    for file_id, hints in ((picture_id, {"max_pixels": 65_536}), (video_id, {"fps": 0.5})):
        whole, less = ask(client, file_part(file_id)), ask(client, file_part(file_id, **hints))
        assert less.usage.prompt_tokens < whole.usage.prompt_tokens


def test_a_file_serves_many_messages(client: OpenAI, engine: ScriptedEngine) -> None:
    sound, image = uploaded(client, SOUND), uploaded(client, PICTURE)
    for _ in range(3):
        ask(client, file_part(sound), file_part(image), file_part(sound))
        kinds = [type(part) for part in engine.requests[-1].messages[-1].parts[1:]]
        assert kinds == [AudioPart, ImagePart, AudioPart]


def test_a_file_may_come_with_the_message(client: OpenAI, engine: ScriptedEngine) -> None:
    ask(client, {"type": "file", "file": {"filename": "a.mp3", "file_data": data_url(MP3)}})
    assert isinstance(last_part(engine), AudioPart)


def test_a_sample_of_a_voice_may_be_an_uploaded_file(
    url: str, client: OpenAI, ben: OpenAI, synthesizer: ScriptedSynthesizer
) -> None:
    time_s = np.arange(10 * 24_000) / 24_000
    syllables = np.clip(np.sin(2 * np.pi * 3 * time_s) + 0.6, 0, 1)
    voice = sum(np.sin(2 * np.pi * 120 * overtone * time_s) / overtone for overtone in range(1, 20))
    file_id = uploaded(client, audio_file(np.asarray(0.15 * voice * syllables, np.float32), 24_000))

    def speak(client: OpenAI) -> bytes:
        sample = {"voice_sample": {"data": file_id}}
        return client.audio.speech.create(
            model="tts-1", input="Hello", voice="custom", extra_body=sample
        ).read()

    assert speak(client)
    cloned = synthesizer.asked[-1][1].voice.sample
    assert cloned is not None and cloned.duration_s == pytest.approx(10, abs=0.1)
    with pytest.raises(openai.NotFoundError) as error:
        speak(ben)
    assert error.value.param == "audio.voice_sample"


def refused(client: OpenAI, *parts: Any, status: int = 404) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as error:
        ask(client, *parts)
    assert error.value.status_code == status
    return error.value


def test_a_file_that_is_not_there_is_named(client: OpenAI, ben: OpenAI) -> None:
    gone, others, mine = (uploaded(c, SOUND) for c in (client, ben, client))
    client.files.delete(gone)
    for file_id in (gone, others, f"file-{'0' * 32}", "file-abc", "file-"):
        for part in (
            file_part(file_id),
            {"type": "input_audio", "input_audio": {"data": file_id, "format": "wav"}},
            {"type": "video", "video": [file_id, file_id]},
        ):
            error = refused(client, part)
            assert error.code == "file_not_found"
            assert error.param == "messages.0.content.1"
            assert f"No such File object: {file_id}. " in error.message
        assert ask(client, file_part(mine)).choices


@pytest.mark.parametrize(
    "file_id", ["", "a", "../../etc/passwd", "http://127.0.0.1:1/", "data:;base64,UklGRg==", "\0"]
)
def test_only_an_id_is_an_id(client: OpenAI, file_id: str) -> None:
    assert refused(client, file_part(file_id)).code == "file_not_found"


def test_a_file_that_is_no_medium_is_refused_and_kept(client: OpenAI) -> None:
    text, broken = uploaded(client, b"Dear diary, " * 100), uploaded(client, VIDEO[:300])
    error = refused(client, file_part(text), status=400)
    assert "no recording, picture or video" in error.message
    assert error.param == "messages.0.content.1"
    assert "Invalid video file" in refused(client, file_part(broken), status=400).message
    assert client.files.content(text).read() == b"Dear diary, " * 100
    assert ask(client, file_part(uploaded(client, SOUND))).choices


@pytest.mark.parametrize("file", [{}, {"file_id": "file-a", "file_data": "AAAA"}])
def test_a_file_part_names_one_file(client: OpenAI, file: dict[str, str]) -> None:
    error = refused(client, {"type": "file", "file": file}, status=400)
    assert error.param == "messages.0.content.1.file"
    assert "either file_id or file_data is needed" in error.message


def test_a_stored_file_obeys_the_limit_of_downloads(tmp_path: Any) -> None:
    media = {"max_download_bytes": MEBIBYTE}
    with serving(media=media, files={"directory": tmp_path}) as url:
        client = OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)
        large = uploaded(client, audio_file(tone(40.0)))
        error = refused(client, file_part(large), status=400)
        assert f"exceeds the limit of {MEBIBYTE} bytes" in error.message
        assert ask(client, file_part(uploaded(client, SOUND))).choices


def test_strict_knows_no_files_in_messages(tmp_path: Any) -> None:
    with serving(server={"strict": True}, files={"directory": tmp_path}) as url:
        client = OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)
        file_id = uploaded(client, PICTURE)
        error = refused(client, file_part(file_id), status=400)
        assert "not accepted in strict mode" in error.message
        error = refused(client, {"type": "image_url", "image_url": {"url": file_id}}, status=400)
        assert "not accepted in strict mode" in error.message
        assert ask(client, inline("image_url", PICTURE)).choices


def test_base64_that_looks_like_an_id_at_its_start_is_base64(url: str, client: OpenAI) -> None:
    looks_so = base64.urlsafe_b64encode(base64.urlsafe_b64decode("file-fee") + bytes(300)).decode()
    assert looks_so.startswith("file-")
    part = {"type": "input_audio", "input_audio": {"data": looks_so, "format": "wav"}}
    body = chat_body(messages=[{"role": "user", "content": [part]}])
    answer = httpx.post(
        f"{url}/v1/chat/completions",
        json=body,
        headers={"authorization": "Bearer sk-ana"},
        timeout=30,
        trust_env=False,
    )
    assert answer.status_code == 400
    assert "audio format is illegal" in answer.json()["error"]["message"]


def descriptors() -> int:
    """Of this process, in which the server runs."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_thousand_references_to_a_file_take_no_descriptors(client: OpenAI, url: str) -> None:
    file = client.files.create(file=("p.png", PICTURE), purpose="vision")
    parts = [{"type": "image_url", "image_url": {"url": file.id}}] * 1000
    body = chat_body(messages=[{"role": "user", "content": parts}])
    before, most = descriptors(), 0
    is_over = threading.Event()

    def watch() -> None:
        nonlocal most
        while not is_over.wait(0.01):
            most = max(most, descriptors())

    watching = threading.Thread(target=watch)
    watching.start()
    answer = httpx.post(
        f"{url}/v1/media/plan", json=body, headers={"authorization": "Bearer sk-ana"}, timeout=120
    )
    is_over.set()
    watching.join()

    assert answer.status_code == 200
    assert most < before + 60


def test_a_refused_request_lets_go_of_the_files_it_had(client: OpenAI, url: str) -> None:
    large = audio_file(tone(60.0))
    file = client.files.create(file=("a.wav", large), purpose="user_data")
    part = {"type": "input_audio", "input_audio": {"data": file.id}}
    unknown = {"type": "input_audio", "input_audio": {"data": "file-" + "0" * 32}}
    before = descriptors()
    for _ in range(4):
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(
                model=FLASH, messages=[{"role": "user", "content": [*[part] * 40, unknown]}]
            )
    assert descriptors() < before + 20


def test_more_pictures_than_a_request_may_bring_are_refused(client: OpenAI) -> None:
    part = {"type": "image_url", "image_url": {"url": "data:;base64,AAAA"}}
    with pytest.raises(openai.BadRequestError, match=r"\[1, 2048\] \(got 2049\)"):
        client.chat.completions.create(
            model=FLASH, messages=[{"role": "user", "content": [part] * 2049}]
        )
