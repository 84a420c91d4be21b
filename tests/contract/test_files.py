"""Uploaded files with the official SDK, and by hand where an SDK would be too polite."""

from __future__ import annotations

import io
import os
import re
import socket
from collections.abc import Generator
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from support.server import serving
from support.wire import error_of
from thinktalk.settings import MEBIBYTE

KEYS = {"api_keys": ("sk-ana", "sk-ben")}
MAX_BYTES = 3 * MEBIBYTE
LARGE = os.urandom(MAX_BYTES)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str, None, None]:
    files = {
        "directory": tmp_path_factory.mktemp("cache") / "files",
        "max_file_bytes": MAX_BYTES,
        "max_total_bytes": 10 * MAX_BYTES,
    }
    with serving(server=KEYS, files=files) as url:
        yield url


@pytest.fixture
def client(url: str) -> OpenAI:
    return OpenAI(base_url=f"{url}/v1", api_key="sk-ana", max_retries=0)


@pytest.fixture
def ben(url: str) -> OpenAI:
    return OpenAI(base_url=f"{url}/compatible-mode/v1", api_key="sk-ben", max_retries=0)


def call(
    url: str, method: str = "GET", path: str = "", *, key: str = "sk-ana", **options: Any
) -> httpx.Response:
    return httpx.request(
        method,
        f"{url}/v1/files{path}",
        headers={"authorization": f"Bearer {key}", **options.pop("headers", {})},
        timeout=30,
        trust_env=False,
        **options,
    )


def upload(
    url: str, data: bytes = b"RIFF", name: str = "a.wav", **fields: str | None
) -> httpx.Response:
    form = {"purpose": "user_data", **fields}
    return call(
        url,
        "POST",
        files={"file": (name, data)},
        data={name: value for name, value in form.items() if value is not None},
    )


def test_a_file_is_uploaded_found_read_and_deleted(client: OpenAI) -> None:
    file = client.files.create(file=("lecture.mp4", io.BytesIO(LARGE)), purpose="user_data")
    assert re.fullmatch("file-[0-9a-f]{32}", file.id)
    assert (file.object, file.status) == ("file", "processed")
    assert (file.filename, file.purpose, file.bytes) == ("lecture.mp4", "user_data", len(LARGE))
    assert file.expires_at == file.created_at + 48 * 3600

    assert client.files.retrieve(file.id) == file
    assert client.files.content(file.id).read() == LARGE
    assert file in client.files.list().data

    gone = client.files.delete(file.id)
    assert (gone.id, gone.object, gone.deleted) == (file.id, "file", True)
    with pytest.raises(openai.NotFoundError, match=f"No such File object: {file.id}"):
        client.files.retrieve(file.id)
    with pytest.raises(openai.NotFoundError):
        client.files.content(file.id)
    with pytest.raises(openai.NotFoundError):
        client.files.delete(file.id)
    assert file not in client.files.list().data


def test_both_prefixes_are_one_store(client: OpenAI, url: str) -> None:
    file = client.files.create(file=b"RIFF", purpose="vision")
    hosted = OpenAI(base_url=f"{url}/compatible-mode/v1", api_key="sk-ana", max_retries=0)
    assert hosted.files.retrieve(file.id) == file


def test_the_sdk_walks_through_the_pages_of_a_list(ben: OpenAI) -> None:
    ids = [ben.files.create(file=b"RIFF", purpose="evals").id for _ in range(5)]
    assert [file.id for file in ben.files.list(limit=2, order="asc")] == ids
    assert [file.id for file in ben.files.list(limit=2)] == ids[::-1]
    assert ben.files.list(purpose="batch").data == []
    for file_id in ids:
        ben.files.delete(file_id)
    page = ben.files.list()
    assert (page.data, page.has_more) == ([], False)


def test_the_purposes_of_the_hosted_service_are_taken(url: str) -> None:
    file = upload(url, purpose="file-extract").json()
    assert re.fullmatch("file-fe-[0-9a-f]{32}", file["id"])
    assert file["purpose"] == "file-extract"
    assert upload(url, purpose="batch").status_code == 200


def test_a_client_may_ask_for_a_shorter_life(client: OpenAI) -> None:
    short = client.files.create(
        file=b"RIFF", purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    longer = client.files.create(
        file=b"RIFF", purpose="batch", expires_after={"anchor": "created_at", "seconds": 2_592_000}
    )
    assert short.expires_at == short.created_at + 3600
    assert longer.expires_at == longer.created_at + 48 * 3600, "as long as the server keeps files"


def test_a_file_is_another_keys_secret(client: OpenAI, ben: OpenAI) -> None:
    file = client.files.create(file=b"RIFF", purpose="user_data")
    for attempt in (ben.files.retrieve, ben.files.content, ben.files.delete):
        with pytest.raises(openai.NotFoundError) as refused:
            attempt(file.id)
        assert refused.value.code == "file_not_found"
    assert ben.files.list().data == []
    assert client.files.content(file.id).read() == b"RIFF"


def test_the_owner_keeps_his_files_when_the_keys_change_places(
    tmp_path: Any, client: OpenAI
) -> None:
    files = {"directory": tmp_path / "files"}
    with serving(server=KEYS, files=files) as url:
        file_id = upload(url).json()["id"]
    with serving(server={"api_keys": KEYS["api_keys"][::-1]}, files=files) as url:
        assert call(url, path=f"/{file_id}", key="sk-ana").status_code == 200
        assert call(url, path=f"/{file_id}", key="sk-ben").status_code == 404


def test_files_need_a_key_like_everything_else(url: str) -> None:
    assert call(url, key="sk-eve").status_code == 401
    assert call(url, "POST", key="sk-eve", content=b"x").status_code == 401
    with serving() as keyless:
        headers = {"origin": "https://evil.example"}
        assert call(keyless, "POST", headers=headers, files={"file": b"x"}).status_code == 403


@pytest.mark.parametrize(
    "name",
    ["запись 录音 🎙.wav", "../../etc/passwd", "/etc/passwd", "a;b=c, d.wav", "x" * 1000, "%2e%2e"],
)
def test_names_come_back_as_they_were_sent(client: OpenAI, name: str) -> None:
    file = client.files.create(file=(name, b"RIFF"), purpose="user_data")
    assert file.filename == name
    assert client.files.retrieve(file.id).filename == name
    answer = client.files.content(file.id)
    assert answer.read() == b"RIFF"
    assert answer.response.headers["content-disposition"].startswith("attachment; filename*=utf-8'")


def test_what_was_uploaded_never_runs_as_a_page_of_the_server(url: str) -> None:
    file_id = upload(url, b"<script>alert(1)</script>", "page.html").json()["id"]
    for method in ("GET", "HEAD"):
        answer = call(url, method, f"/{file_id}/content")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["content-length"] == "25"
        assert answer.content == (b"<script>alert(1)</script>" if method == "GET" else b"")


BOUNDARY = {"content-type": "multipart/form-data; boundary=x"}
OPEN_PART = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\ndata'
WRONG_FORMS: dict[str, tuple[dict[str, Any], str]] = {
    "no form": ({"content": b"RIFF"}, "must be multipart/form-data"),
    "no boundary": (
        {"content": b"--x--", "headers": {"content-type": "multipart/form-data"}},
        "must be multipart/form-data",
    ),
    "no parts": ({"content": b"--x--\r\n", "headers": BOUNDARY}, "file: Field required"),
    "an early end": ({"content": OPEN_PART, "headers": BOUNDARY}, "before its last boundary"),
    "an empty body": ({"content": b"", "headers": BOUNDARY}, "before its last boundary"),
    "no multipart": ({"content": b"hello there", "headers": BOUNDARY}, "cannot be read"),
    "a part without name": (
        {"content": b"--x\r\na: b\r\n\r\nc\r\n--x--\r\n", "headers": BOUNDARY},
        "a part has no name",
    ),
    "an endless header": (
        {"content": b"--x\r\na: " + b"b" * 5000, "headers": BOUNDARY},
        "cannot be read",
    ),
    "no file": ({"files": {"purpose": (None, "batch")}}, "file: Field required"),
    "a file without a name": (
        {"files": {"file": (None, "RIFF"), "purpose": (None, "batch")}},
        "file: Field required",
    ),
    "two files": (
        {"files": [("file", ("a", b"1")), ("file", ("b", b"2"))], "data": {"purpose": "batch"}},
        "only one file",
    ),
    "a name without end": (
        {"files": {"file": ("x" * 1025, b"1")}, "data": {"purpose": "batch"}},
        "has 1025 characters; the limit is 1024",
    ),
    "no purpose": ({"files": {"file": ("a", b"1")}}, "purpose: Field required"),
    "an unknown purpose": (
        {"files": {"file": ("a", b"1")}, "data": {"purpose": "fun"}},
        "purpose should be one of",
    ),
    "an empty file": (
        {"files": {"file": ("a", b"")}, "data": {"purpose": "batch"}},
        "The file is empty",
    ),
    "a large field": (
        {"files": {"file": ("a", b"1")}, "data": {"purpose": "x" * 70_000}},
        "over 65536 bytes",
    ),
    "endless parts without name or content": (
        {
            "content": b'--x\r\ncontent-disposition: form-data; name=""\r\n\r\n\r\n' * 1000
            + OPEN_PART
            + b"\r\n--x--\r\n",
            "headers": BOUNDARY,
        },
        "over 65536 bytes",
    ),
    "too large": (
        {"files": {"file": ("a", LARGE + b"x")}, "data": {"purpose": "batch"}},
        f"exceeds the limit of {MAX_BYTES} bytes (files.max_file_bytes)",
    ),
    "far too large": (
        {"files": {"file": ("a", LARGE * 2)}, "data": {"purpose": "batch"}},
        f"exceeds the limit of {MAX_BYTES} bytes (files.max_file_bytes)",
    ),
    "no lifetime": (
        {
            "files": {"file": ("a", b"1")},
            "data": {
                "purpose": "batch",
                "expires_after[anchor]": "created_at",
                "expires_after[seconds]": "1",
            },
        },
        "expires_after.seconds should be a whole number in [3600, 2592000] (got '1')",
    ),
    "an odd anchor": (
        {
            "files": {"file": ("a", b"1")},
            "data": {"purpose": "batch", "expires_after[seconds]": "3600"},
        },
        "expires_after.anchor should be 'created_at' (got None)",
    ),
}


@pytest.mark.parametrize("what", WRONG_FORMS)
def test_a_wrong_upload_is_explained_and_the_next_one_works(url: str, what: str) -> None:
    options, message = WRONG_FORMS[what]
    before = call(url).json()["data"]

    refused = call(url, "POST", **options)

    assert refused.status_code == 400, refused.text
    assert message in error_of(refused)["message"]
    assert error_of(refused)["type"] == "invalid_request_error"
    assert call(url).json()["data"] == before
    assert upload(url).status_code == 200


def test_too_large_has_the_code_of_the_hosted_service(url: str) -> None:
    assert error_of(upload(url, LARGE + b"x"))["code"] == "BadRequest.TooLarge"


def test_a_length_that_is_not_told_is_bounded_too(url: str) -> None:
    def endless() -> Generator[bytes, None, None]:
        yield OPEN_PART
        for _ in range(8):
            yield LARGE

    try:
        refused = call(url, "POST", content=endless(), headers=BOUNDARY)
        assert error_of(refused)["code"] == "BadRequest.TooLarge"
    except httpx.TransportError:
        pass  # whoever goes on sending may be cut off before it has read the answer
    assert upload(url).status_code == 200


@pytest.mark.parametrize(
    "file_id",
    ["file-0", "..", "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%00", "file-%ff", "x" * 5000],
)
def test_an_id_that_means_nothing_is_not_found(url: str, file_id: str) -> None:
    for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        assert call(url, method, f"/{file_id}{path}").status_code == 404
    assert upload(url).status_code == 200


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=ten", "limit"),
        ("limit=10001", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("order=up", "order"),
    ],
)
def test_a_wrong_query_is_explained(url: str, query: str, param: str) -> None:
    refused = call(url, path=f"?{query}")
    assert refused.status_code == 400
    assert error_of(refused)["param"] == param
    assert call(url, path="?limit=1").status_code == 200


def test_a_list_from_behind_an_unknown_file_is_not_found(url: str) -> None:
    refused = call(url, path="?after=file-0")
    assert refused.status_code == 404
    assert error_of(refused)["param"] == "after"


def test_a_full_store_says_so_and_has_room_after_a_deletion(tmp_path: Any) -> None:
    with serving(files={"directory": tmp_path, "max_total_bytes": 10}) as url:
        first = upload(url, b"12345678").json()
        refused = upload(url, b"123")
        assert refused.status_code == 400
        assert error_of(refused)["code"] == "Throttling.AllocationQuota"
        assert "11 bytes; the limit is 10 bytes" in error_of(refused)["message"]
        assert call(url, "DELETE", f"/{first['id']}").status_code == 200
        assert upload(url, b"123").status_code == 200


def test_an_upload_that_stalls_is_ended(tmp_path: Any) -> None:
    with serving(files={"directory": tmp_path}, limits={"request_timeout_s": 0.3}) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        head = f"POST /v1/files HTTP/1.1\r\nhost: {host}\r\ncontent-length: 999\r\n"
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            content_type = f"content-type: {BOUNDARY['content-type']}\r\n\r\n"
            connection.sendall((head + content_type).encode() + OPEN_PART)
            answer = connection.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 400")
        assert b"Nothing more of the form came in 0.3 s" in answer
        assert upload(url).status_code == 200


def test_a_client_that_leaves_in_the_middle_leaves_nothing(tmp_path: Any) -> None:
    with serving(files={"directory": tmp_path}) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        head = f"POST /v1/files HTTP/1.1\r\nhost: {host}\r\ncontent-length: 99999999\r\n"
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            content_type = f"content-type: {BOUNDARY['content-type']}\r\n\r\n"
            connection.sendall((head + content_type).encode() + OPEN_PART + LARGE)
        file = upload(url).json()
        assert [one["id"] for one in call(url).json()["data"]] == [file["id"]]
    assert [path.name for path in (tmp_path / "content").iterdir()] == [file["id"]]


@pytest.mark.slow
def test_strict_copies_the_limit_of_the_hosted_service(tmp_path: Any) -> None:
    data = bytes(150 * MEBIBYTE + 1)
    with serving(server={"strict": True}, files={"directory": tmp_path}) as url:
        refused = upload(url, data, purpose="file-extract")
        assert (refused.status_code, error_of(refused)["code"]) == (400, "BadRequest.TooLarge")
        assert upload(url, data, purpose="batch").status_code == 200


def test_a_browser_may_delete_with_a_key(url: str) -> None:
    asked = {
        "origin": "https://app.example",
        "access-control-request-method": "DELETE",
        "access-control-request-headers": "authorization",
    }
    answer = httpx.options(f"{url}/v1/files/file-0", headers=asked, trust_env=False)
    assert "DELETE" in answer.headers["access-control-allow-methods"]
