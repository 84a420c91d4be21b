"""Requests that are no HTTP, or never end: on bare sockets. Family `wire`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator

from thinktalk.abuse.case import CLOSED, EITHER, REFUSED, Case, Expected, Pace, Target
from thinktalk.abuse.sending import CHAT, head, ordinary, written

_DRIP_S = 0.05
_JSON = "content-type: application/json"
_CHUNKED = "transfer-encoding: chunked"


def _path(target: Target) -> bytes:
    return (target.prefix + CHAT).encode()


def _body(target: Target) -> bytes:
    return json.dumps(ordinary(target)).encode()


def _whole(target: Target, *lines: str) -> bytes:
    data = _body(target)
    return head(target, _JSON, f"content-length: {len(data)}", *lines) + data


# No HTTP parser reads past these; some close without a word.
_HEADS: dict[str, Callable[[Target], bytes]] = {
    "no HTTP": lambda _: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "HTTP/2": lambda _: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/9.9": lambda at: _whole(at).replace(b"HTTP/1.1", b"HTTP/9.9"),
    "unknown verb": lambda at: _whole(at).replace(b"POST", b"SNEEZE"),
    "verb of 100,000 letters": lambda at: _whole(at).replace(b"POST", b"P" * 100_000),
    "NUL in a header": lambda at: _whole(at, "x-a: a\0b"),
    "line feed in a header": lambda at: _whole(at, "x-a: a\nb"),
    "space before the colon": lambda at: _whole(at, "x-a : b"),
    "header without a colon": lambda at: _whole(at, "no colon"),
    "length of -1": lambda at: head(at, _JSON, "content-length: -1"),
    "length of 10^30": lambda at: head(at, _JSON, f"content-length: {10**30}"),
    "length in words": lambda at: head(at, _JSON, "content-length: ten"),
    "two lengths": lambda at: head(at, _JSON, "content-length: 5", "content-length: 6") + b"{}",
    "length and chunks": lambda at: head(at, _JSON, "content-length: 5", _CHUNKED) + b"0\r\n\r\n",
    "chunks, not last": lambda at: head(at, "transfer-encoding: chunked, gzip") + b"0\r\n\r\n",
    "chunk of a bad size": lambda at: head(at, _JSON, _CHUNKED) + b"xyz\r\n{}\r\n0\r\n\r\n",
    "chunk of 2^64 bytes": lambda at: head(at, _JSON, _CHUNKED) + b"FFFFFFFFFFFFFFFFF\r\n",
    "body longer than its length": lambda at: head(at, "content-length: 2") + b"{}" + _body(at),
    "path outside ASCII": lambda at: _whole(at).replace(_path(at), b"/v\xff/"),
    "path that is none": lambda at: _whole(at).replace(_path(at), b"http://"),
}
# Valid, but of a size that nobody needs.
_LARGE: dict[str, Callable[[Target], Iterable[bytes]]] = {
    "header of 16 MB": lambda at: [head(at)[:-2], b"x: ", *[b"y" * 65_536] * 256, b"\r\n\r\n"],
    "200,000 headers": lambda at: [head(at)[:-2], *[b"x-header: and its value\r\n" * 200] * 1000],
    "path of 16 MB": lambda _: [b"POST /v1/", *[b"y" * 65_536] * 256, b" HTTP/1.1\r\n\r\n"],
    "blank lines without end": lambda _: [b"\r\n" * 32_768] * 256,
    "endless trailers": lambda at: [
        head(at, _JSON, _CHUNKED),
        b"2\r\n{}\r\n0\r\n",
        *[b"x-trailer: and its value\r\n" * 2_000] * 400,
    ],
    "chunk with an endless extension": lambda at: [
        head(at, _JSON, _CHUNKED),
        b"2;",
        *[b"x" * 65_536] * 256,
    ],
}


def cases() -> list[Case]:
    heads = [
        _case(name, lambda at, m=make: [m(at)], CLOSED)  # type: ignore[misc]
        for name, make in _HEADS.items()
    ]
    large = [_case(name, make, CLOSED, "work") for name, make in _LARGE.items()]
    return [
        *heads,
        *large,
        _case("200 headers", lambda at: [_whole(at, *(f"x-{n}: {n}" for n in range(200)))], EITHER),
        _case("length of 10^12", lambda at: [head(at, f"content-length: {10**12}")], REFUSED),
        _case("small chunks, 100,000", _small_chunks, EITHER, "work"),
        _case("endless body", _endless_body, REFUSED, "work"),
        _slow("head, byte by byte", lambda at: _drip(_whole(at))),
        _slow("head, header by header", _headers_without_end),
        _slow("body, byte by byte", _slow_body),
        _slow("body, chunk by chunk", _slow_chunks),
        _slow("body that stops", lambda at: [_whole(at)[:-20]]),
        _slow("head that stops", lambda at: [_whole(at)[:30]]),
        _slow("nothing at all", lambda _: []),
    ]


def _case(
    name: str,
    make: Callable[[Target], Iterable[bytes]],
    expected: Expected,
    pace: Pace = "header",
) -> Case:
    return Case(family="wire", name=name, send=written(make), expected=expected, pace=pace)


def _slow(name: str, make: Callable[[Target], Iterable[bytes]]) -> Case:
    send = written(make, pause_s=_DRIP_S)
    return Case(family="wire", name=f"slow {name}", send=send, expected=CLOSED, pace="stall")


def _drip(data: bytes) -> Iterator[bytes]:
    for start in range(len(data) - 1):
        yield data[start : start + 1]


def _headers_without_end(target: Target) -> Iterator[bytes]:
    yield head(target)[:-2]
    yield from itertools.repeat(b"x: y\r\n")


def _slow_body(target: Target) -> Iterator[bytes]:
    yield head(target, _JSON, "content-length: 10000000")
    yield from itertools.repeat(b" ")


def _slow_chunks(target: Target) -> Iterator[bytes]:
    yield head(target, _JSON, _CHUNKED)
    yield from itertools.repeat(b"1\r\n \r\n")


def _small_chunks(target: Target) -> Iterator[bytes]:
    yield head(target, _JSON, _CHUNKED)
    yield from itertools.repeat(b"1\r\n \r\n" * 1000, 100)
    yield b"2\r\n{}\r\n0\r\n\r\n"


def _endless_body(target: Target) -> Iterator[bytes]:
    yield head(target, _JSON, _CHUNKED)
    yield from itertools.repeat(b"10000\r\n" + b" " * 65_536 + b"\r\n", 16_384)
