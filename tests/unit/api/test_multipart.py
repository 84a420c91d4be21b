from __future__ import annotations

import random
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request

from thinktalk.api.multipart import form_pieces
from thinktalk.errors import BadRequest, BodyTooLarge

CONTENT = b"\r\n--no boundary\r\n\0\xff--x"
FORM = (
    b"--x\r\n"
    b'Content-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    b"--x\r\n"
    b"content-type: audio/wav\r\n"
    b'content-disposition: form-data; name="file"; filename="\xd0\xaf.wav"\r\n\r\n'
    + CONTENT
    + b"\r\n--x\r\n"
    b'content-disposition: form-data; name="empty"\r\n\r\n\r\n'
    b"--x--\r\n"
)
PARTS = [("purpose", None, b"batch"), ("file", "Я.wav", CONTENT), ("empty", None, b"")]


async def read(
    chunks: list[bytes], *, max_bytes: int = 1 << 20, leaves: bool = False
) -> list[tuple[str, str | None, bytes]]:
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.disconnect"} if leaves else {"type": "http.request"})
    left = iter(messages)

    async def receive() -> Any:
        return next(left)

    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    content: dict[Any, bytes] = {}
    async for part, data in form_pieces(request, max_bytes=max_bytes, stall_s=5):
        content[part] = content.get(part, b"") + data
    return [(part.name, part.filename, data) for part, data in content.items()]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
async def test_a_form_is_the_same_however_it_is_cut(size: int) -> None:
    chunks = [FORM[start : start + size] for start in range(0, len(FORM), size)]
    assert await read(chunks) == PARTS


async def test_a_form_without_its_end_is_refused_wherever_it_breaks_off() -> None:
    for end in range(len(FORM) - 3):
        with pytest.raises(BadRequest):
            await read([FORM[:end]])


async def test_a_damaged_form_is_read_or_refused_and_nothing_else() -> None:
    chance = random.Random(7)
    outcomes = set()
    for _ in range(2000):
        damaged = bytearray(FORM)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.choice(b'\r\n-x:;="\\\0\xff a')
        try:
            await read([bytes(damaged)])
            outcomes.add("read")
        except BadRequest:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


async def test_the_size_of_a_form_is_bounded() -> None:
    assert await read([FORM], max_bytes=len(FORM)) == PARTS
    with pytest.raises(BodyTooLarge):
        await read([FORM], max_bytes=len(FORM) - 1)


async def test_whoever_leaves_has_sent_no_form() -> None:
    with pytest.raises(ClientDisconnect):
        await read([FORM], leaves=True)
