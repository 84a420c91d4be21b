"""A multipart form with one small file, read whole. Knows nothing of what its fields mean."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass

from starlette.requests import Request

from thinktalk.api.body import BodyBudget
from thinktalk.api.multipart import form_pieces
from thinktalk.errors import BadRequest, BodyTooLarge, FileTooLarge, InvalidField
from thinktalk.media.spool import MediaFile

# What a form may hold beside its file.
_MAX_FIELD_BYTES = 64 * 1024
_PART_BYTES = 100  # that each field counts for beside its name and content
_MAX_FRAME_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SmallForm:
    """`fields` are all but the file, by name; of several values of one name, they are joined."""

    file: MediaFile
    fields: dict[str, str]


async def read_small_form(
    request: Request,
    file_field: str,
    *,
    max_file_bytes: int,
    limit_name: str,
    stall_s: float,
    budget: BodyBudget,
) -> SmallForm:
    """The whole form.

    Args:
        limit_name: the setting behind `max_file_bytes`.
        budget: what all bodies may take together.
    Raises:
        BadRequest: it is no form, is malformed, or its fields are too long.
        InvalidField: its file is missing or empty. FileTooLarge, Busy.
    """
    file, fields, num_field_bytes = None, dict[str, bytes](), 0
    content, last = MediaFile(), None
    pieces = form_pieces(request, max_bytes=max_file_bytes + _MAX_FRAME_BYTES, stall_s=stall_s)
    try:
        async with aclosing(pieces):
            async for part, data in pieces:
                if part.name == file_field:
                    if file is not None and part is not file:
                        raise InvalidField(f"{file_field}: only one is taken", param=file_field)
                    file = part
                    if content.size_bytes + len(data) > max_file_bytes:
                        raise FileTooLarge(max_file_bytes, limit_name, param=file_field)
                    budget.take(request.state, len(data))
                    content.write(data)
                    continue
                num_field_bytes += len(data) + len(part.name) + _PART_BYTES * (part is not last)
                last = part
                if num_field_bytes > _MAX_FIELD_BYTES:
                    raise BadRequest(f"The fields of the form are over {_MAX_FIELD_BYTES} bytes")
                fields[part.name] = fields.get(part.name, b"") + data
    except BodyTooLarge:
        raise FileTooLarge(max_file_bytes, limit_name, param=file_field) from None
    if file is None:
        raise InvalidField(f"{file_field}: Field required", param=file_field)
    if not content.size_bytes:
        raise InvalidField(f"{file_field}: the file is empty", param=file_field)
    texts = {name: data.decode(errors="replace") for name, data in fields.items()}
    return SmallForm(content, texts)
