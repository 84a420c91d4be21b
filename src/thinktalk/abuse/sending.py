"""How a case reaches the server: a JSON body, a form, or bytes on a socket that no client sends.

Every sender makes what it sends before the clock starts, and gives up at a set time.
"""

from __future__ import annotations

import base64
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import httpx

from thinktalk.abuse.case import Answer, Target

Send = Callable[[Target], Answer]
Body = dict[str, Any]

CHAT = "/chat/completions"
TRANSCRIPTIONS = "/audio/transcriptions"


def ordinary(target: Target) -> Body:
    """A request that nothing is wrong with, and that costs little."""
    message = {"role": "user", "content": "Say hello."}
    return {"model": target.model, "messages": [message], "max_tokens": 1}


def chat(make: Callable[[Target], Body]) -> Send:
    """Post an ordinary request changed by the fields that `make` gives."""

    def send(target: Target) -> Answer:
        return post(target, CHAT, json={**ordinary(target), **make(target)})

    return send


def parts(make: Callable[[Target], Sequence[Body]]) -> Send:
    """Post one user message that holds these parts, and a question."""

    def fields(target: Target) -> Body:
        content = [*make(target), {"type": "text", "text": "What is this?"}]
        return {"messages": [{"role": "user", "content": content}]}

    return chat(fields)


def inline(part: Callable[[str], Body], make: Callable[[], bytes]) -> Send:
    """Post one user message with a file in it, as this kind of part."""
    return parts(lambda _: [part(data_url(make()))])


def posted(
    make: Callable[[Target], bytes], *, path: str = CHAT, headers: Mapping[str, str] | None = None
) -> Send:
    """Post these bytes as the body."""

    def send(target: Target) -> Answer:
        return post(target, path, content=make(target), headers=headers)

    return send


def post(
    target: Target, path: str, *, headers: Mapping[str, str] | None = None, **body: Any
) -> Answer:
    """Send one request and read its answer, at most until the target's time is up."""
    sent = {"authorization": f"Bearer {target.key}", "content-type": "application/json"}
    if "files" in body or "json" in body:
        del sent["content-type"]
    with httpx.Client(
        base_url=target.url, timeout=target.give_up_s, trust_env=False, verify=_certificates()
    ) as http:
        request = http.build_request(
            "POST", target.prefix + path, headers=_encoded(sent, headers), **body
        )
        started = time.perf_counter()
        give_up_at = started + target.give_up_s
        try:
            response = http.send(request, stream=True)
            read = _read(response, give_up_at)
        except httpx.TimeoutException:
            return Answer(status=None, took_s=time.perf_counter() - started, has_hung=True)
        except httpx.TransportError:
            return Answer(status=None, took_s=time.perf_counter() - started)
        took_s = time.perf_counter() - started
        return Answer(status=response.status_code, body=read, took_s=took_s)


@cache
def _certificates() -> ssl.SSLContext:
    """Loading them takes longer than most requests here."""
    return ssl.create_default_context()


def _encoded(*groups: Mapping[str, str] | None) -> dict[bytes, bytes]:
    """Headers as bytes: httpx itself would refuse what is not ASCII."""
    headers = {name: value for group in groups for name, value in (group or {}).items()}
    return {name.encode(): value.encode("latin-1") for name, value in headers.items()}


def _read(response: httpx.Response, give_up_at: float) -> bytes:
    read = bytearray()
    for chunk in response.iter_raw():
        read += chunk
        if time.perf_counter() > give_up_at:
            raise httpx.ReadTimeout("the answer does not end")
    return bytes(read)


def written(make: Callable[[Target], Iterable[bytes]], *, pause_s: float = 0.0) -> Send:
    """Write these bytes to a socket, piece by piece, and read what comes back.

    What is left is not sent once the server has answered or closed.
    """

    def send(target: Target) -> Answer:
        pieces = iter(make(target))
        with _connected(target.url) as connection:
            connection.settimeout(target.give_up_s)
            started = time.perf_counter()
            give_up_at = started + target.give_up_s
            _write(connection, pieces, pause_s, give_up_at)
            connection.settimeout(max(0.1, give_up_at - time.perf_counter()))
            return _answer(connection, started)

    return send


def head(target: Target, *lines: str) -> bytes:
    """The head of a chat request: what it needs, and then these lines."""
    first = f"POST {target.prefix}{CHAT} HTTP/1.1"
    host, key = f"host: {urlsplit(target.url).netloc}", f"authorization: Bearer {target.key}"
    return "\r\n".join([first, host, key, *lines, "", ""]).encode("latin-1")


def _connected(url: str) -> socket.socket:
    place = urlsplit(url)
    host, is_tls = place.hostname or "", place.scheme == "https"
    plain = socket.create_connection((host, place.port or (443 if is_tls else 80)), timeout=10)
    return _certificates().wrap_socket(plain, server_hostname=host) if is_tls else plain


def _write(
    connection: socket.socket, pieces: Iterable[bytes], pause_s: float, give_up_at: float
) -> None:
    for piece in pieces:
        readable, _, _ = select.select([connection], [], [], pause_s)
        if readable or time.perf_counter() > give_up_at:
            return
        try:
            connection.sendall(piece)
        except OSError:
            return


def _answer(connection: socket.socket, started: float) -> Answer:
    response = HTTPResponse(connection)
    try:
        response.begin()
        body = response.read()
    except TimeoutError:
        return Answer(status=None, took_s=time.perf_counter() - started, has_hung=True)
    except (OSError, HTTPException):
        return Answer(status=None, took_s=time.perf_counter() - started)
    return Answer(status=response.status, body=body, took_s=time.perf_counter() - started)


def data_url(data: bytes, media_type: str = "") -> str:
    return f"data:{media_type};base64," + base64.b64encode(data).decode("ascii")


def image_part(address: str) -> Body:
    return {"type": "image_url", "image_url": {"url": address}}


def audio_part(address: str) -> Body:
    return {"type": "input_audio", "input_audio": {"data": address}}


def video_part(address: str) -> Body:
    return {"type": "video_url", "video_url": {"url": address}}


PART_OF: dict[str, Callable[[str], Body]] = {
    "image": image_part,
    "audio": audio_part,
    "video": video_part,
}
