"""A multipart form piece by piece, as it arrives, for forms whose files are too large to hold.

Knows nothing of what the parts mean.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from thinktalk.errors import BadRequest, BodyTooLarge

_MAX_HEADER_BYTES = 4096


@dataclass(frozen=True, slots=True, eq=False)
class FormPart:
    """One part; only files have a `filename`, which is what the client calls it."""

    name: str
    filename: str | None


async def form_pieces(
    request: Request, *, max_bytes: int, stall_s: float
) -> AsyncGenerator[tuple[FormPart, bytes], None]:
    """Yield each piece of content with the part it belongs to. A part begins with an empty piece.

    Args:
        max_bytes: of the whole body.
        stall_s: longest time without a byte of it.
    Raises:
        BadRequest: it is no form, is malformed, ends early or stalls. BodyTooLarge.
    """
    reader = _Reader(request.headers.get("content-type", ""))
    size_bytes = 0
    while True:
        try:
            async with asyncio.timeout(stall_s):
                message = await request.receive()
        except TimeoutError:
            raise BadRequest(f"Nothing more of the form came in {stall_s:g} s") from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        data = message.get("body", b"")
        size_bytes += len(data)
        if size_bytes > max_bytes:
            raise BodyTooLarge(max_bytes)
        for piece in reader.read(data):
            yield piece
        if not message.get("more_body", False):
            reader.finish()
            return


class _Reader:
    """Turns the parser's callbacks into pieces."""

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise BadRequest("The request body must be multipart/form-data with a file")
        self._pieces: list[tuple[FormPart, bytes]] = []
        self._part: FormPart | None = None
        self._header = self._value = self._disposition = b""
        self._is_complete = False
        try:
            self._parser = MultipartParser(
                options[b"boundary"],
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._add_to_header,
                    "on_header_value": self._add_to_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._add_data,
                    "on_end": self._end,
                },
            )
        except FormParserError as broken:
            raise BadRequest(f"The form cannot be read: {broken}") from None

    def read(self, data: bytes) -> list[tuple[FormPart, bytes]]:
        try:
            self._parser.write(data)
        except FormParserError as broken:
            raise BadRequest(f"The form cannot be read: {broken}") from None
        pieces, self._pieces = self._pieces, []
        return pieces

    def finish(self) -> None:
        if not self._is_complete:
            raise BadRequest("The form cannot be read: it ends before its last boundary")

    def _begin_part(self) -> None:
        self._header = self._value = self._disposition = b""

    def _add_to_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]
        self._check_header()

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._check_header()

    def _check_header(self) -> None:
        if len(self._header) + len(self._value) > _MAX_HEADER_BYTES:
            raise BadRequest(
                f"The form cannot be read: a header of a part is over {_MAX_HEADER_BYTES} bytes"
            )

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise BadRequest("The form cannot be read: a part has no name")
        filename = options.get(b"filename")
        self._part = FormPart(
            options[b"name"].decode(errors="replace"),
            None if filename is None else filename.decode(errors="replace"),
        )
        self._pieces.append((self._part, b""))

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        assert self._part is not None
        self._pieces.append((self._part, data[start:end]))

    def _end(self) -> None:
        self._is_complete = True
