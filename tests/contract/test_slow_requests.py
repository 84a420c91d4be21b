"""Requests that come too slowly, whose head has no end, or that are no HTTP."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Generator, Iterable
from http.client import HTTPResponse

import pytest

from support.server import serving
from support.wire import CHAT, chat_body, post

READ_TIMEOUT_S = 0.4
BODY = json.dumps(chat_body()).encode()


@pytest.fixture(scope="module")
def url() -> Generator[str, None, None]:
    with serving(server={"read_timeout_s": READ_TIMEOUT_S}) as url:
        yield url


def head(url: str, *lines: str) -> bytes:
    host = url.removeprefix("http://")
    return "\r\n".join([f"POST {CHAT} HTTP/1.1", f"host: {host}", *lines, "", ""]).encode()


def said(url: str, pieces: Iterable[bytes], pause_s: float = 0.0) -> tuple[int, dict[str, str]]:
    """Write pieces until the server answers; status and error of the answer."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause_s)
        response = HTTPResponse(connection)
        response.begin()
        body = json.loads(response.read())
        assert response.headers["x-request-id"] == body["request_id"]
        # The connection is closed by the server, not left open.
        assert connection.recv(1) == b""
    return response.status, body["error"]


def dripping(whole: bytes, then: bytes, count: int = 12) -> Generator[bytes, None, None]:
    yield whole
    for _ in range(count):
        yield then


SLOW = {
    "a head that stops": lambda url: dripping(head(url)[:-2], b"", 0),
    "a head that grows slowly": lambda url: dripping(head(url)[:-2], b"x: y\r\n", 6),
    "a body that stops": lambda url: dripping(head(url, "content-length: 99"), b"{", 1),
    "a body that grows slowly": lambda url: dripping(head(url, "content-length: 99"), b" ", 6),
}


@pytest.mark.parametrize("what", SLOW)
def test_a_request_that_does_not_come_is_given_up(url: str, what: str) -> None:
    status, error = said(url, SLOW[what](url), pause_s=0.1)
    assert status == 408
    assert error["code"] == "request_timeout"
    assert f"the limit is {READ_TIMEOUT_S} s" in error["message"]
    assert post(url).is_success


def test_a_connection_on_which_nothing_comes_is_closed(url: str) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        assert connection.recv(1) == b""


def test_a_body_that_comes_in_many_pieces_may_take_its_time(url: str) -> None:
    long = json.dumps(chat_body(extra="x" * 20_000)).encode()
    pieces = [long[start : start + 1000] for start in range(0, len(long), 1000)]
    request = [head(url, f"content-length: {len(long)}", "connection: close"), *pieces]
    host, _, port = url.removeprefix("http://").partition(":")
    started = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        for piece in request:
            connection.sendall(piece)
            time.sleep(0.05)
        response = HTTPResponse(connection)
        response.begin()
        assert response.status == 200
        assert time.monotonic() - started > 2 * READ_TIMEOUT_S


ENDLESS = {
    "a header": lambda url: [head(url)[:-2] + b"x: ", *[b"y" * 50_000] * 4],
    "headers": lambda url: [head(url)[:-2], *[b"x: y\r\n" * 1000] * 20],
    "a path": lambda _: [b"GET /", *[b"y" * 50_000] * 4],
    "blank lines": lambda _: [b"\r\n" * 25_000] * 4,
    "trailers": lambda url: [
        head(url, "transfer-encoding: chunked") + b"2\r\n{}\r\n0\r\n",
        *[b"x: y\r\n" * 1000] * 20,
    ],
    "an extension of a chunk": lambda url: [
        head(url, "transfer-encoding: chunked") + b"2;",
        *[b"y" * 50_000] * 4,
    ],
}


@pytest.mark.parametrize("what", ENDLESS)
def test_a_head_without_end_is_refused(url: str, what: str) -> None:
    status, error = said(url, ENDLESS[what](url))
    assert status == 431
    assert "the limit is 65536 bytes" in error["message"]
    assert post(url).is_success


def test_large_headers_within_the_limit_are_served(url: str) -> None:
    headers = {f"x-{number}": "y" * 500 for number in range(100)}
    assert post(url, headers=headers).is_success


@pytest.mark.parametrize(
    "raw",
    [b"\x16\x03\x01\x02\x00\x01", b"GET nowhere\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
)
def test_what_is_no_http_is_told_so_in_the_shape_of_all_errors(url: str, raw: bytes) -> None:
    status, error = said(url, [raw])
    assert status == 400
    assert error["type"] == "invalid_request_error"
    assert post(url).is_success


def test_a_chunk_of_no_size_ends_the_request_it_belongs_to(url: str) -> None:
    status, error = said(url, [head(url, "transfer-encoding: chunked") + b"2\r\n{}\r\nxyz\r\n"])
    assert (status, error["code"]) == (400, "invalid_parameter_error")


def test_a_refused_client_that_goes_on_sending_is_let_go_of(url: str) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    started = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head(url, f"content-length: {10**12}"))
        with pytest.raises(OSError):
            while time.monotonic() - started < 10:
                connection.sendall(b" " * 1000)
                time.sleep(0.05)
    assert time.monotonic() - started < 10
