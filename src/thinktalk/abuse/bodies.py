"""Bodies that are no JSON, or JSON that bursts in memory. Family `json`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from thinktalk.abuse.case import EITHER, REFUSED, Case, Expected, Pace, Target
from thinktalk.abuse.crafted import zeros_packed
from thinktalk.abuse.sending import ordinary, posted

_XML = b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"

# Each is the value of one more field of a request that nothing else is wrong with.
_VALUES: dict[str, tuple[bytes, Expected]] = {
    "lone surrogate": (b'"\\ud800"', REFUSED),
    "surrogates in the wrong order": (b'"\\udc00\\ud800"', REFUSED),
    "invalid UTF-8": (b'"\xff\xfe"', REFUSED),
    "overlong UTF-8": (b'"\xc0\xaf"', REFUSED),
    "surrogate in UTF-8": (b'"\xed\xa0\x80"', REFUSED),
    "control character": (b'"\x01"', REFUSED),
    "NUL, escaped": (b'"\\u0000"', EITHER),
    "NaN": (b"NaN", REFUSED),
    "Infinity": (b"Infinity", REFUSED),
    "-Infinity": (b"-Infinity", REFUSED),
    "1e999": (b"1e999", EITHER),
    "integer of 100,000 digits": (b"9" * 100_000, EITHER),
    "fraction of 100,000 digits": (b"0." + b"1" * 100_000, EITHER),
    "100,000 lists, nested": (b"[" * 100_000 + b"]" * 100_000, REFUSED),
    "100,000 lists, open": (b"[" * 100_000, REFUSED),
    "100,000 objects, nested": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, REFUSED),
    "900 lists, nested": (b"[" * 900 + b"]" * 900, EITHER),
    "keys twice": (b'{"a":1,"a":2},"n":1,"n":1', EITHER),
    "comment": (b"1 /* comment */", REFUSED),
    "comma at the end": (b"[1,]", REFUSED),
}
_LARGE: dict[str, Callable[[], bytes]] = {
    "10,000,000 lists, empty": lambda: b"[" + b"[]," * 9_999_999 + b"[]]",
    "1,000,000 objects": lambda: b"[" + b'{"a":1},' * 999_999 + b"{}]",
    "1,000,000 keys": lambda: b"{" + b",".join(b'"k%d":0' % n for n in range(1_000_000)) + b"}",
    "text of 16 MB": lambda: b'"' + b"a" * 16_000_000 + b'"',
}
_NO_REQUESTS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "null": lambda _: b"null",
    "a list": lambda _: b"[]",
    "a text": lambda _: b'"hello"',
    "half of a request": lambda whole: whole[:-10],
    "two requests": lambda whole: whole * 2,
    "a request in UTF-16": lambda whole: whole.decode().encode("utf-16"),
    "random bytes": lambda _: bytes(range(256)) * 100,
    "2 MB of blanks": lambda _: b" " * 2_000_000,
    "a form": lambda _: b"model=a&messages=b",
}


def cases() -> list[Case]:
    return [
        *(
            _case(name, _with_value(lambda v=value: v), expected)  # type: ignore[misc]
            for name, (value, expected) in _VALUES.items()
        ),
        *(_case(name, _with_value(make), EITHER, "work") for name, make in _LARGE.items()),
        *(_case(name, _instead(make)) for name, make in _NO_REQUESTS.items()),
        _case("a byte order mark", _instead(lambda whole: b"\xef\xbb\xbf" + whole), EITHER),
        _case("XML", lambda _: _XML, headers={"content-type": "application/xml"}),
        _case(
            "gzip bomb",
            lambda _: zeros_packed(64, as_gzip=True),
            headers={"content-encoding": "gzip"},
        ),
    ]


def _case(
    name: str,
    make: Callable[[Target], bytes],
    expected: Expected = REFUSED,
    pace: Pace = "header",
    headers: Mapping[str, str] | None = None,
) -> Case:
    send = posted(make, headers=headers)
    return Case(family="json", name=name, send=send, expected=expected, pace=pace)


def _whole(target: Target) -> bytes:
    return json.dumps(ordinary(target)).encode()


def _with_value(make: Callable[[], bytes]) -> Callable[[Target], bytes]:
    return lambda target: _whole(target)[:-1] + b',"extra":' + make() + b"}"


def _instead(change: Callable[[bytes], bytes]) -> Callable[[Target], bytes]:
    return lambda target: change(_whole(target))
