"""What is wrong with a request is said with its status, its code and the field it is about."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import openai
import pytest

from support.file_server import serving_files
from support.media_files import audio_file, image_file, picture, tone
from support.server import serving
from support.wire import CHAT, FLASH, HELLO, chat_body, error_of, events_of, post
from thinktalk.testing import Fault, ScriptedEngine


def nested(depth: int) -> dict[str, object]:
    schema: dict[str, object] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"inner": schema}}
    return schema


TOOL = {"type": "function", "function": {"name": "look_up"}}


@pytest.fixture(scope="module")
def files() -> Generator[str, None, None]:
    with serving_files({"chart.png": image_file(picture())}) as url:
        yield url


@pytest.fixture(scope="module")
def url(files: str) -> Generator[str, None, None]:
    hosts = (files.removeprefix("http://"),)
    with serving(ScriptedEngine(), media={"allow_hosts": hosts, "longest_s": 5}, limits={}) as url:
        yield url


def user(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(parts)}]


def image(address: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": address}}


def sound(data: str) -> dict[str, Any]:
    return {"type": "input_audio", "input_audio": {"data": data}}


def data_url(data: bytes) -> str:
    return "data:;base64," + base64.b64encode(data).decode()


FIELDS: list[tuple[dict[str, Any], str, str]] = [
    ({"messages": []}, "messages", "[] is too short"),
    ({"messages": [{"role": "system", "content": "x"}]}, "messages", "user"),
    ({"temperature": 2}, "temperature", "Temperature should be in [0.0, 2.0)"),
    ({"temperature": -0.1}, "temperature", "Temperature should be in [0.0, 2.0)"),
    ({"temperature": "hot"}, "temperature", "valid number"),
    ({"top_p": 0}, "top_p", "Range of top_p should be (0.0, 1.0]"),
    ({"top_p": 1.1}, "top_p", "Range of top_p should be (0.0, 1.0]"),
    ({"top_k": -1}, "top_k", "greater than or equal to 0"),
    ({"max_tokens": 0}, "max_tokens", "Range of max_tokens should be [1, 65536]"),
    ({"max_tokens": 65_537}, "max_tokens", "Range of max_tokens should be [1, 65536]"),
    ({"max_completion_tokens": 0}, "max_completion_tokens", "[1, 65536]"),
    ({"presence_penalty": 2.1}, "presence_penalty", "[-2.0, 2.0]"),
    ({"frequency_penalty": -2.1}, "frequency_penalty", "[-2.0, 2.0]"),
    ({"repetition_penalty": 0}, "repetition_penalty", "greater than 0"),
    ({"seed": -1}, "seed", "Range of seed should be [0,"),
    ({"n": 0}, "n", "Range of n should be [1, 4]"),
    ({"n": 5}, "n", "Range of n should be [1, 4]"),
    ({"n": 2, "modalities": ["text", "audio"]}, "n", "with audio"),
    ({"stop": ["a", 1]}, "stop", "of the same type"),
    ({"modalities": []}, "modalities", "['text', 'audio']"),
    ({"modalities": ["text", "smell"]}, "modalities.1", "'text' or 'audio'"),
    ({"modalities": ["audio"], "audio": {"format": "midi"}}, "audio.format", "wav"),
    ({"modalities": ["audio"], "audio": {"voice": "Nobody"}}, "audio.voice", "Input should be"),
    ({"modalities": ["audio"], "audio": {"voice": "custom"}}, "audio.voice_sample", "custom"),
    ({"tools": [{"type": "function", "function": {"name": "search"}}]}, "tools.0.function.name",
     "Tool names are not allowed to be [search]"),
    ({"tools": [TOOL, TOOL]}, "tools.1.function.name", "twice"),
    ({"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "foo"}}}]},
     "tools", "not a JSON schema"),
    ({"tools": [{"type": "function", "function": {
        "name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "text"}}}}}]},
     "tools", "not a JSON schema"),
    ({"tool_choice": "any"}, "tool_choice", 'should be ["none", "auto"]'),
    ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "other"}}},
     "tool_choice", "other"),
    ({"response_format": {"type": "json_object"}}, "response_format", "the word 'json'"),
    ({"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
     "response_format.json_schema.schema", "schema"),
    ({"model": "qwen3-omni-flash", "enable_thinking": True}, "enable_thinking", "non-streaming"),
    ({"modalities": 5}, "modalities", "valid list"),
    ({"modalities": True}, "modalities", "valid list"),
    ({"tools": [{"type": "function", "function": {"name": "f", "parameters": nested(150)}}]},
     "tools", "too deeply"),
    ({"messages": [{"role": "tool", "content": "1"}, *HELLO]}, "messages.0.role", "tool_calls"),
    ({"messages": [{"role": "judge", "content": "x"}]}, "messages.0", "role"),
    ({"messages": user({"type": "smell", "smell": "rose"})}, "messages.0.content.0", "'smell'"),
    ({"messages": user({"type": "image_url", "image_url": {}})},
     "messages.0.content.0.image_url.url", "required"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "param", "fragment"), FIELDS)
def test_a_bad_field_is_named_with_its_rule(
    url: str, fields: dict[str, Any], param: str, fragment: str
) -> None:
    refused = post(url, **fields)
    error = error_of(refused)
    assert refused.status_code == 400
    assert (error["code"], error["type"]) == ("invalid_parameter_error", "invalid_request_error")
    assert error["param"] == param
    assert fragment in error["message"]


MEDIA: list[tuple[dict[str, Any], str]] = [
    (image("ftp://host/a.png"), "The provided URL does not appear to be valid."),
    (image("file:///etc/passwd"), "The provided URL does not appear to be valid."),
    (image("oss://bucket/key.png"), "The provided URL does not appear to be valid."),
    (image("!!! not base64"), "The provided URL does not appear to be valid."),
    (image("http://127.0.0.1:9/a.png"), "Failed to download multimodal content."),
    (image("http://169.254.169.254/latest"), "Failed to download multimodal content."),
    (image(data_url(b"not a picture")), "The file format is illegal and cannot be opened."),
    (image(data_url(image_file(picture(8, 8)))), "do not meet the model restrictions."),
    (sound(data_url(b"not a sound")), "The audio format is illegal and cannot be opened."),
    (sound(data_url(audio_file(tone(0.0)))), "The audio is empty"),
    (sound(data_url(audio_file(tone(6.0)))), "too long"),
    ({"type": "video_url", "video_url": {"url": data_url(b"no video")}}, "Invalid video file."),
    ({"type": "video", "video": []}, "number of frames"),
]


@pytest.mark.parametrize(("part", "fragment"), MEDIA)
@pytest.mark.parametrize("is_stream", [False, True])
def test_bad_media_are_refused_with_their_place(
    url: str, part: dict[str, Any], fragment: str, is_stream: bool
) -> None:
    refused = post(url, messages=user({"type": "text", "text": "?"}, part), stream=is_stream)
    assert refused.status_code == 400
    assert fragment in error_of(refused)["message"]
    assert error_of(refused)["param"] == "messages.0.content.1"
    body = refused.json()
    assert body["id"] == "chatcmpl-" + body["request_id"]


def test_a_missing_file_is_a_failed_download(url: str, files: str) -> None:
    refused = post(url, messages=user(image(f"{files}/gone.png")))
    assert refused.status_code == 400
    assert "Failed to download multimodal content." in error_of(refused)["message"]


def test_the_error_body_has_the_documented_shape(url: str) -> None:
    refused = post(url, temperature=3)
    body = refused.json()
    assert set(body) == {"error", "id", "request_id"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert str(uuid.UUID(body["request_id"])) == refused.headers["x-request-id"]


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("gpt-9", "model_not_found"),
        ("qwen3.5-omni-plus-realtime", "model_not_supported"),
        ("whisper-1", "model_not_supported"),
    ],
)
def test_unknown_models_are_not_found(url: str, model: str, code: str) -> None:
    refused = post(url, model=model, temperature=99)
    assert refused.status_code == 404
    assert error_of(refused)["code"] == code
    assert model in error_of(refused)["message"]
    assert "id" not in refused.json()


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b'{"messages":[]}'])
def test_what_is_no_request_is_refused(url: str, raw: bytes) -> None:
    refused = httpx.post(url + CHAT, content=raw)
    assert refused.status_code == 400
    assert error_of(refused)["code"] == "invalid_parameter_error"


def test_wrong_verbs_and_paths_get_the_same_shape(url: str) -> None:
    verb = httpx.get(url + CHAT)
    assert (verb.status_code, verb.headers["allow"]) == (405, "POST")
    assert "Request method 'GET' is not supported." in error_of(verb)["message"]
    path = httpx.post(url + "/v1/nothing")
    assert path.status_code == 404
    assert error_of(path)["type"] == "invalid_request_error"


def test_a_prompt_beyond_the_documented_context_is_refused() -> None:
    picture_url = data_url(image_file(picture(640, 480)))
    with serving(limits={"context_tokens": 300}, media={"policy": "error"}) as url:
        refused = post(url, messages=user(image(picture_url)))
        assert post(url).is_success
    assert refused.status_code == 400
    assert "Range of input length should be [1, 300]" in error_of(refused)["message"]


def test_schemas_beyond_their_limit_are_refused() -> None:
    field = {"type": "string", "description": "x" * 40_000}
    schema = {"type": "object", "properties": {"text": field}}
    tools = [
        {"type": "function", "function": {"name": f"tool_{number}", "parameters": schema}}
        for number in range(4)
    ]
    reply = {"type": "json_schema", "json_schema": {"schema": {**schema, "title": "x" * 100_000}}}
    with serving() as url:
        assert post(url, tools=tools[:3]).is_success
        refused = [post(url, tools=tools), post(url, response_format=reply)]
    for response, param in zip(
        refused, ("tools", "response_format.json_schema.schema"), strict=True
    ):
        assert response.status_code == 400
        assert error_of(response)["param"] == param
        assert "the limit is 131072 bytes" in error_of(response)["message"]


def test_others_are_answered_while_schemas_are_checked() -> None:
    fields = {f"field_{number}": {"type": "string"} for number in range(2_000)}
    function = {"name": "save", "parameters": {"type": "object", "properties": fields}}
    with serving() as url, ThreadPoolExecutor(1) as pool:
        checking = pool.submit(post, url, tools=[{"type": "function", "function": function}])
        num_answered = 0
        while not checking.done():
            assert httpx.get(f"{url}/health").is_success
            num_answered += 1
        assert checking.result().is_success
    assert num_answered > 5


def test_many_media_that_decode_to_too_much_are_refused() -> None:
    pictures = [image(data_url(image_file(picture(width, 100)))) for width in range(100, 108)]
    with serving(media={"max_decoded_bytes": 100_000}) as url:
        refused = post(url, messages=user(*pictures))
        assert post(url, messages=user(*pictures[:2])).is_success
    assert refused.status_code == 400
    error = error_of(refused)
    assert "the limit is 100000 bytes (media.max_decoded_bytes)" in error["message"]
    assert error["param"].startswith("messages.0.content.")


def test_a_body_over_the_limit_is_refused_however_it_is_sent() -> None:
    with serving(server={"max_body_bytes": 10_000}) as url:
        large = b'{"messages":"' + b"x" * 20_000_000 + b'"}'
        whole = httpx.post(url + CHAT, content=large)
        pieces = httpx.post(url + CHAT, content=iter([large[:9_000_000], large[9_000_000:]]))
        assert post(url).is_success
    for refused in (whole, pieces):
        assert refused.status_code == 413
        assert error_of(refused)["code"] == "BadRequest.TooLarge"
        assert "10000 bytes" in error_of(refused)["message"]


def test_a_fault_before_the_first_byte_gets_its_status_even_when_streaming() -> None:
    with serving(ScriptedEngine(faults=[Fault("cut"), Fault("busy", retry_after_s=0.05)])) as url:
        broken, busy = post(url, stream=True), post(url, stream=True)
    assert broken.status_code == 500
    assert error_of(broken)["code"] == "internal_error"
    assert error_of(broken)["message"].startswith(
        "An internal error has occured, try again later or contact service support."
    )
    assert busy.status_code == 429
    assert (busy.headers["retry-after"], busy.headers["retry-after-ms"]) == ("1", "50")


def test_a_fault_in_mid_stream_is_an_error_event_and_no_done() -> None:
    with serving(ScriptedEngine(faults=[Fault("cut", after=2)])) as url:
        events = events_of(post(url, stream=True))
        assert post(url).is_success
    assert events[-1]["error"]["code"] == "internal_error"
    assert events[-2]["choices"][0]["delta"] == {"content": "is "}


def test_the_sdk_turns_errors_into_its_own(url: str) -> None:
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model=FLASH, messages=chat_body()["messages"], top_p=0)
    assert refused.value.code == "invalid_parameter_error"
    assert refused.value.param == "top_p"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-9")
