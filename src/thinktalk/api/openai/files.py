"""`/v1/files`: upload once, refer to it in any number of messages, until it expires."""

from __future__ import annotations

import asyncio
import urllib.parse
from contextlib import aclosing
from typing import Any, BinaryIO

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from thinktalk.api.context import ApiContext, caller
from thinktalk.api.json_response import json_response
from thinktalk.api.multipart import form_pieces
from thinktalk.api.streaming import while_connected
from thinktalk.errors import BadRequest, FileTooLarge, InvalidField, UnknownFile
from thinktalk.settings import MEBIBYTE
from thinktalk.store.files import FileStore
from thinktalk.store.index import StoredFile
from thinktalk.store.upload import Upload

PURPOSES = ("assistants", "batch", "evals", "file-extract", "fine-tune", "user_data", "vision")
_FIELD = {"type": "string"}
FILE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["file", "purpose"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "purpose": {"type": "string", "enum": list(PURPOSES)},
        "expires_after[anchor]": {"type": "string", "enum": ["created_at"]},
        "expires_after[seconds]": {"type": "integer"},
    },
}
# The hosted service's limits by purpose.
_STRICT_BYTES = {"file-extract": 150 * MEBIBYTE}
_STRICT_OTHER_BYTES = 500 * MEBIBYTE
_LIFETIMES_S = (3_600, 2_592_000)
_MAX_LISTED = 10_000
_MAX_NAME_CHARS = 1024
# What a form may hold beside its file.
_MAX_FIELD_BYTES = 64 * 1024
_PART_BYTES = 100  # that each field counts for beside its name and content
_MAX_FRAME_BYTES = MEBIBYTE
_READ_BYTES = 512 * 1024


class Files:
    """Answers for the files of whoever asks."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    @property
    def _store(self) -> FileStore:
        return self._context.services.files

    async def create(self, request: Request) -> Response:
        """Store the file of a form."""
        limit = self._context.settings.files.max_file_bytes
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit + _MAX_FRAME_BYTES:
            raise FileTooLarge(limit, "files.max_file_bytes", int(declared))
        self._context.rates.admit(caller(request))
        async with self._store.upload() as upload:
            name, fields = await self._receive(request, upload, limit + _MAX_FRAME_BYTES)
            purpose = self._checked_purpose(fields, upload.num_bytes)
            file = await self._store.commit(
                upload,
                owner=caller(request),
                name=name,
                purpose=purpose,
                lifetime_s=_lifetime_s(fields),
            )
        return json_response(_entry(file))

    async def list(self, request: Request) -> Response:
        query = request.query_params
        order = query.get("order", "desc")
        if order not in ("asc", "desc"):
            raise InvalidField(
                f"order should be one of ['asc', 'desc'] (got {order!r})", param="order"
            )
        limit = _whole_number(query.get("limit", str(_MAX_LISTED)), "limit", 1, _MAX_LISTED)
        try:
            files, has_more = await self._store.page(
                caller(request),
                purpose=query.get("purpose"),
                after=query.get("after"),
                newest_first=order == "desc",
                limit=limit,
            )
        except UnknownFile as error:
            error.param = "after"
            raise
        data = [_entry(file) for file in files]
        return json_response({"object": "list", "data": data, "has_more": has_more})

    async def retrieve(self, request: Request) -> Response:
        file = await self._store.find(request.path_params["file_id"], caller(request))
        return json_response(_entry(file))

    async def content(self, request: Request) -> Response:
        file_id = request.path_params["file_id"]
        file = await self._store.find(file_id, caller(request))
        return _Download(file, await self._store.open(file_id, caller(request)))

    async def delete(self, request: Request) -> Response:
        file_id = request.path_params["file_id"]
        await self._store.delete(file_id, caller(request))
        return json_response({"id": file_id, "object": "file", "deleted": True})

    async def _receive(
        self, request: Request, upload: Upload, max_bytes: int
    ) -> tuple[str, dict[str, str]]:
        """Write the file to `upload`; returns its name and the other fields."""
        file, fields, num_field_bytes = None, dict[str, bytes](), 0
        last = None
        stall_s = self._context.settings.limits.request_timeout_s
        async with aclosing(form_pieces(request, max_bytes=max_bytes, stall_s=stall_s)) as pieces:
            async for part, data in pieces:
                if part.name == "file" and part.filename is not None:
                    if file is not None and part is not file:
                        raise InvalidField("file: only one file can be uploaded", param="file")
                    file = part
                    await upload.write(data)
                    continue
                num_field_bytes += len(data) + len(part.name) + _PART_BYTES * (part is not last)
                last = part
                if num_field_bytes > _MAX_FIELD_BYTES:
                    raise BadRequest(f"The fields of the form are over {_MAX_FIELD_BYTES} bytes")
                fields[part.name] = fields.get(part.name, b"") + data
        if file is None or not file.filename:
            raise InvalidField("file: Field required, a file with a name", param="file")
        if len(file.filename) > _MAX_NAME_CHARS:
            raise InvalidField(
                f"The name of the file has {len(file.filename)} characters; the limit is "
                f"{_MAX_NAME_CHARS}",
                param="file",
            )
        if not upload.num_bytes:
            raise InvalidField("The file is empty", param="file")
        return file.filename, {name: data.decode(errors="replace") for name, data in fields.items()}

    def _checked_purpose(self, fields: dict[str, str], size_bytes: int) -> str:
        purpose = fields.get("purpose")
        if not purpose:
            raise InvalidField("purpose: Field required", param="purpose")
        if purpose not in PURPOSES:
            raise InvalidField(
                f"purpose should be one of {[*PURPOSES]} (got {purpose[:100]!r})", param="purpose"
            )
        limit = _STRICT_BYTES.get(purpose, _STRICT_OTHER_BYTES)
        if self._context.settings.server.strict and size_bytes > limit:
            raise FileTooLarge(limit, f"for purpose {purpose}", size_bytes)
        return purpose


class _Download(Response):
    """The bytes of a file, for saving: what others made must not run as a page of this server."""

    def __init__(self, file: StoredFile, content: BinaryIO) -> None:
        super().__init__(media_type="application/octet-stream")
        self.headers["content-length"] = str(file.size_bytes)
        self.headers["x-content-type-options"] = "nosniff"
        quoted = urllib.parse.quote(file.name, safe="")
        self.headers["content-disposition"] = f"attachment; filename*=utf-8''{quoted}"
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._content:
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            if scope["method"] != "HEAD":
                await while_connected(receive, self._send(send))
            await send({"type": "http.response.body", "body": b""})

    async def _send(self, send: Send) -> None:
        while data := await asyncio.to_thread(self._content.read, _READ_BYTES):
            await send({"type": "http.response.body", "body": data, "more_body": True})


def _entry(file: StoredFile) -> dict[str, Any]:
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.size_bytes,
        "created_at": file.created_s,
        "expires_at": file.expires_s,
        "filename": file.name,
        "purpose": file.purpose,
        "status": "processed",
    }


def _lifetime_s(fields: dict[str, str]) -> float | None:
    anchor, seconds = fields.get("expires_after[anchor]"), fields.get("expires_after[seconds]")
    if anchor is None and seconds is None:
        return None
    if anchor != "created_at":
        raise InvalidField(
            f"expires_after.anchor should be 'created_at' (got {anchor!r})",
            param="expires_after.anchor",
        )
    return _whole_number(seconds or "", "expires_after.seconds", *_LIFETIMES_S)


def _whole_number(text: str, name: str, least: int, most: int) -> int:
    # A number of many digits would take long to read.
    number = int(text) if text.isdecimal() and len(text) < 20 else -1
    if not least <= number <= most:
        raise InvalidField(
            f"{name} should be a whole number in [{least}, {most}] (got {text[:100]!r})", param=name
        )
    return number
