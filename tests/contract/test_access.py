"""Keys, origins and host names, by bare sockets where clients would be too polite."""

from __future__ import annotations

import socket
from collections.abc import Generator

import httpx
import orjson
import pytest

from support.server import serving
from support.wire import CHAT, chat_body, error_of, post

KEYS = {"api_keys": ("sk-first", "sk-second")}


@pytest.fixture(scope="module")
def keyless() -> Generator[str, None, None]:
    server = {"allow_origins": ("https://app.example",), "allow_hosts": ("box.lan",)}
    with serving(server=server) as url:
        yield url


@pytest.fixture(scope="module")
def keyed() -> Generator[str, None, None]:
    with serving(server=KEYS) as url:
        yield url


def raw(url: str, *headers: str, method: str = "POST", path: str = CHAT) -> tuple[int, str]:
    """Send exactly these header lines; returns status and the whole answer."""
    host, _, port = url.removeprefix("http://").partition(":")
    data = orjson.dumps(chat_body()) if method == "POST" else b""
    lines = [f"{method} {path} HTTP/1.1", *headers, f"content-length: {len(data)}"]
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "connection: close", "", ""]).encode() + data)
        answer = b"".join(iter(lambda: connection.recv(65_536), b"")).decode()
    return int(answer.split()[1]), answer


def port_of(url: str) -> str:
    return url.rpartition(":")[2]


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}", "LOCALHOST", "box.lan:{port}"]
)
def test_local_and_allowed_names_are_served(keyless: str, host: str) -> None:
    status, _ = raw(keyless, f"host: {host.format(port=port_of(keyless))}")
    assert status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example:{port}", "192.168.1.4", "localhost.evil.example", "127.0.0.1.evil.com", ""],
)
def test_a_foreign_host_name_is_refused(keyless: str, host: str) -> None:
    status, answer = raw(keyless, f"host: {host.format(port=port_of(keyless))}")
    assert status == 403
    assert '"code":"access_denied"' in answer and "allow_hosts" in answer


def test_a_request_without_a_host_is_refused(keyless: str) -> None:
    status, _ = raw(keyless)
    assert status in (400, 403)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:3000", "http://127.0.0.1:1"]
)
def test_a_foreign_origin_is_refused_preflight_included(keyless: str, origin: str) -> None:
    host = f"host: 127.0.0.1:{port_of(keyless)}"
    status, answer = raw(keyless, host, f"origin: {origin}")
    assert status == 403
    assert "access-control-allow-origin" not in answer.lower()
    status, answer = raw(
        keyless, host, f"origin: {origin}", "access-control-request-method: POST", method="OPTIONS"
    )
    assert status == 403
    assert "access-control-allow-origin" not in answer.lower()


def test_own_and_allowed_origins_are_served(keyless: str) -> None:
    for origin in (keyless, "https://app.example"):
        response = post(keyless, headers={"origin": origin})
        assert response.is_success
        assert response.headers["access-control-allow-origin"] == origin
        assert response.headers["vary"] == "Origin"


def test_health_is_guarded_too_when_there_is_no_key(keyless: str) -> None:
    status, _ = raw(keyless, "host: evil.example", method="GET", path="/health")
    assert status == 403


def test_any_key_or_none_is_accepted_without_configured_keys(keyless: str) -> None:
    assert post(keyless, headers={"authorization": "Bearer whatever"}).is_success
    assert post(keyless).is_success


@pytest.mark.parametrize(
    "header", [None, "Bearer sk-wrong", "Bearer", "Basic sk-first", "sk-first"]
)
def test_a_missing_or_wrong_key_is_refused(keyed: str, header: str | None) -> None:
    refused = post(keyed, headers={"authorization": header} if header else None)
    assert refused.status_code == 401
    assert error_of(refused)["code"] == "invalid_api_key"
    assert error_of(refused)["message"] == "Incorrect API key provided."


def test_every_configured_key_is_accepted(keyed: str) -> None:
    for key in KEYS["api_keys"]:
        assert post(keyed, headers={"authorization": f"Bearer {key}"}).is_success


def test_the_key_is_asked_for_before_the_body_is_looked_at(keyed: str) -> None:
    assert httpx.post(keyed + CHAT, content=b"not json").status_code == 401


def test_operations_need_no_key(keyed: str) -> None:
    for path in ("/health", "/ready", "/version", "/metrics", "/docs"):
        assert httpx.get(keyed + path).status_code == 200
    assert httpx.get(keyed + "/v1/models").status_code == 401


def test_with_keys_any_page_may_ask(keyed: str) -> None:
    preflight = httpx.options(
        keyed + CHAT,
        headers={
            "origin": "https://app.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization, content-type, x-stainless-os, cookie",
        },
    )
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    allowed = preflight.headers["access-control-allow-headers"]
    assert "x-stainless-os" in allowed and "authorization" in allowed and "cookie" not in allowed
    headers = {"origin": "https://app.example", "authorization": "Bearer sk-first"}
    answer = post(keyed, headers=headers)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "x-request-id" in answer.headers["access-control-expose-headers"]


def test_forwarding_headers_do_not_change_who_calls(keyless: str) -> None:
    assert post(keyless, headers={"x-forwarded-for": "203.0.113.9"}).is_success
