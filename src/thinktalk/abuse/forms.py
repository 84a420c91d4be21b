"""Forms that are none, or hold what no form should. Family `form`."""

from __future__ import annotations

from collections.abc import Callable

from thinktalk.abuse.case import EITHER, REFUSED, Case, Expected, Pace, Target
from thinktalk.abuse.recordings import silent_opus
from thinktalk.abuse.samples import sample
from thinktalk.abuse.sending import TRANSCRIPTIONS, posted

_TYPE = "multipart/form-data; boundary=boundary"
_END = b"--boundary--\r\n"
_MB = 1_000_000


def field(name: bytes, content: bytes, extra: bytes = b"") -> bytes:
    head = b"--boundary\r\ncontent-disposition: form-data; name=" + name + extra
    return head + b"\r\n\r\n" + content + b"\r\n"


def file(content: bytes, name: bytes = b"a.wav") -> bytes:
    return field(b"file", content, b"; filename=" + name)


_MODEL = field(b"model", b"whisper-1")


def _with(*further: bytes) -> bytes:
    """An honest form, with a recording, and further parts."""
    return _of(_MODEL, file(sample("wav")), *further)


def _of(*pieces: bytes) -> bytes:
    return b"".join(pieces) + _END


def _named(name: bytes) -> bytes:
    return _of(_MODEL, file(sample("wav"), name))


def _headed(*lines: bytes) -> bytes:
    return _of(b"--boundary\r\n" + b"".join(lines) + b"\r\nx\r\n")


_FORMS: dict[str, tuple[Callable[[], bytes], Expected]] = {
    "nothing": (lambda: b"", REFUSED),
    "no boundary in it": (lambda: b"hello", REFUSED),
    "boundary only": (lambda: _END, REFUSED),
    "no file": (lambda: _of(_MODEL), REFUSED),
    "no model": (lambda: _of(file(sample("wav"))), REFUSED),
    "no end": (lambda: _with()[: -len(_END)], EITHER),
    "cut in a header": (lambda: _MODEL + b"--boundary\r\ncontent-dispo", REFUSED),
    "file that is a field": (lambda: _of(_MODEL, field(b"file", b"text")), REFUSED),
    "model that is a file": (
        lambda: _of(file(sample("wav")), field(b"model", b"x", b"; filename=m")),
        REFUSED,
    ),
    "file, empty": (lambda: _of(_MODEL, file(b"")), REFUSED),
    "file of zeros": (lambda: _of(_MODEL, file(bytes(100_000))), REFUSED),
    "file that is a picture": (lambda: _of(_MODEL, file(sample("png"))), EITHER),
    "file twice": (lambda: _with(file(b"x")), EITHER),
    "file name with a path": (lambda: _named(b'"../../etc/passwd"'), EITHER),
    "file name with NUL": (lambda: _named(b'"a\0b.wav"'), EITHER),
    "file name of 100,000 letters": (lambda: _named(b"a" * 100_000), EITHER),
    "file name outside UTF-8": (lambda: _named(b'"\xff\xfe"'), EITHER),
    "5,000 fields": (lambda: _of(field(b"x", b"y") * 5_000), REFUSED),
    "5,000 files": (lambda: _of(field(b"x", b"y", b"; filename=f") * 5_000), REFUSED),
    "field of 8 MB": (lambda: _of(field(b"model", b"m" * 8 * _MB), file(b"x")), REFUSED),
    "part without a name": (lambda: _headed(b"content-disposition: form-data\r\n"), REFUSED),
    "part without headers": (lambda: _headed(), REFUSED),
    "part with 100,000 headers": (lambda: _headed(b"x: y\r\n" * 100_000), REFUSED),
    "part with a header of 8 MB": (lambda: _headed(b"x: " + b"y" * 8 * _MB + b"\r\n"), REFUSED),
    "field outside UTF-8": (lambda: _with(field(b"prompt", b"\xff\xfe")), EITHER),
    "language of 100,000 letters": (lambda: _with(field(b"language", b"a" * 100_000)), REFUSED),
    "temperature of NaN": (lambda: _with(field(b"temperature", b"nan")), REFUSED),
    "temperature of 1e999": (lambda: _with(field(b"temperature", b"1e999")), REFUSED),
    "format that is not there": (lambda: _with(field(b"response_format", b"exe")), REFUSED),
    "25 MB that unpack to hours of silence": (
        lambda: _of(_MODEL, file(silent_opus(25 * _MB), b"a.opus")),
        REFUSED,
    ),
}
_TYPES = {
    "no boundary": "multipart/form-data",
    "boundary, empty": "multipart/form-data; boundary=",
    "boundary of 100,000 letters": "multipart/form-data; boundary=" + "b" * 50_000,
    "boundary outside ASCII": "multipart/form-data; boundary=\xff\xfe",
    "another boundary": "multipart/form-data; boundary=other",
    "unknown encoding": "multipart/form-data; boundary=boundary; charset=none-such",
    "JSON": "application/json",
    "urlencoded": "application/x-www-form-urlencoded",
    "nothing": "",
}


def cases() -> list[Case]:
    forms = [
        _case(name, make, _TYPE, expected, "work" if "hours" in name else "header")
        for name, (make, expected) in _FORMS.items()
    ]
    types = [
        _case(
            f"content type: {name}",
            _with,
            content_type,
            EITHER if "unknown" in name else REFUSED,
        )
        for name, content_type in _TYPES.items()
    ]
    return [*forms, *types]


def _case(
    name: str,
    make: Callable[[], bytes],
    content_type: str,
    expected: Expected,
    pace: Pace = "header",
) -> Case:
    def body(_: Target) -> bytes:
        return make()

    send = posted(body, path=TRANSCRIPTIONS, headers={"content-type": content_type})
    return Case(family="form", name=name, send=send, expected=expected, pace=pace)
