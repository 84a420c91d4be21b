"""Files that are one thing and something else too, or only pretend. Family `polyglot`.

Harmless to a server that decodes and keeps nothing: what is a picture is answered.
"""

from __future__ import annotations

from collections.abc import Callable

from thinktalk.abuse import crafted
from thinktalk.abuse.case import ANSWERED, EITHER, Case, Expected
from thinktalk.abuse.pictures import picture
from thinktalk.abuse.samples import sample
from thinktalk.abuse.sending import Body, audio_part, image_part, inline, video_part

_PAGE = b"<html><script>fetch('/v1/models')</script></html>"
_SCRIPT = b"/*" + _PAGE + b"*/=1;"

_PICTURES: dict[str, Callable[[], bytes]] = {
    "PNG, then HTML": lambda: sample("png") + _PAGE,
    "PNG with HTML in its text": lambda: crafted.png_with([(b"tEXt", b"Title\0" + _PAGE)]),
    "GIF, then a zip": lambda: sample("gif") + crafted.small_zip(),
    "JPEG, then a zip": lambda: sample("jpeg") + crafted.small_zip(),
    "JPEG with a script in its comment": lambda: crafted.jpeg_with_comment(_SCRIPT),
}
_PRETENDERS: dict[str, Callable[[], bytes]] = {
    "HTML with a GIF's magic": lambda: b"GIF89a" + _SCRIPT,
    "script with a BMP's magic": lambda: b"BM=1;" + _SCRIPT,
    "HTML with a PNG's magic": lambda: crafted.PNG_SIGNATURE + _PAGE,
    "PDF with a JPEG's magic": lambda: b"\xff\xd8\xff\xe0%PDF-1.7\n" + _PAGE,
}


def cases() -> list[Case]:
    return [
        *(picture(name, make, ANSWERED, "work", "polyglot") for name, make in _PICTURES.items()),
        *(picture(name, make, family="polyglot") for name, make in _PRETENDERS.items()),
        _other(
            "WAV, then a zip", audio_part, lambda: sample("wav") + crafted.small_zip(), ANSWERED
        ),
        _other("picture as sound", audio_part, lambda: sample("png"), EITHER),
        _other("picture as video", video_part, lambda: sample("gif"), EITHER),
        _other("video as picture", image_part, lambda: sample("mp4"), EITHER),
        _other("sound as picture", image_part, lambda: sample("mp3"), EITHER),
    ]


def _other(
    name: str, part: Callable[[str], Body], make: Callable[[], bytes], expected: Expected
) -> Case:
    send = inline(part, make)
    return Case(family="polyglot", name=name, send=send, expected=expected, pace="work")
