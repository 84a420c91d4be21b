"""Request bodies, read as a stream so that the limit holds while reading, not after."""

from __future__ import annotations

from collections.abc import Mapping
from tempfile import SpooledTemporaryFile
from typing import Any

import orjson
from starlette.datastructures import State
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from thinktalk.errors import BadRequest, BodyTooLarge, Busy

# JSON takes memory by its values, not by its length: ten million empty lists, 30 MB of text, take
# a gigabyte. A context of 262,144 tokens has room for no more than this.
MAX_JSON_VALUES = 262_144
_VALUE_MARKS = (b",", b"[", b"{")
# What has come of a body lies in memory up to this size, then in a file that has no name: one that
# turns out to have no end costs no more.
_HELD_BYTES = 16 * 1024 * 1024
# Smaller bodies are too many to be worth counting, and too small to matter.
_COUNTED_BYTES = 256 * 1024


class BodyBudget:
    """Bytes that the bodies of all running requests may take together."""

    def __init__(self, total_bytes: int) -> None:
        self._total = total_bytes
        self._taken = 0

    def take(self, state: State, num_bytes: int) -> None:
        """Book bytes to the request with this state, until `give_back`.

        Raises:
            Busy: other requests have taken too much.
        """
        if self._taken + num_bytes > self._total:
            raise Busy(
                "Requests rate limit exceeded, try again later. Request bodies take "
                f"{self._taken} bytes; the limit is {self._total} bytes for all together",
                retry_after_s=1.0,
            )
        self._taken += num_bytes
        state.body_bytes = getattr(state, "body_bytes", 0) + num_bytes

    def give_back(self, state: Mapping[str, Any]) -> None:
        """Free what the request with this state has taken; call when it ends."""
        self._taken -= state.get("body_bytes", 0)


async def read_body(request: Request, max_bytes: int, budget: BodyBudget) -> bytes:
    """The whole body.

    Raises:
        BodyTooLarge: it is, or says that it will be, longer than `max_bytes`.
        Busy: the bodies of other requests leave no room for it.
    """
    receive = limited(request, max_bytes, budget)
    first = await _piece(receive)
    if not first.get("more_body", False):
        return bytes(first.get("body", b""))
    with SpooledTemporaryFile(_HELD_BYTES) as file:
        message = first
        while message.get("more_body", False):
            file.write(message.get("body", b""))
            message = await _piece(receive)
        file.write(message.get("body", b""))
        size_bytes = file.tell()
        file.seek(0)
        return file.read(size_bytes)  # to read to the end, it would be gathered in growing pieces


async def _piece(receive: Receive) -> Message:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message


def limited(request: Request, max_bytes: int, budget: BodyBudget | None) -> Receive:
    """The request's `receive`, which raises as `read_body` does.

    Args:
        budget: None for bodies that are not held in memory.
    """
    receive, declared = request.receive, request.headers.get("content-length", "0")
    size, booked = 0, 0

    async def checked() -> Message:
        nonlocal size, booked
        # Whoever is refused may go on sending: the server drops what comes after the answer.
        if declared.isdigit() and int(declared) > max_bytes:
            raise BodyTooLarge(max_bytes)
        message = await receive()
        size += len(message.get("body", b""))
        if size > max_bytes:
            raise BodyTooLarge(max_bytes)
        is_end = not message.get("more_body", False)
        if budget and (size - booked > _COUNTED_BYTES or (booked and is_end)):
            budget.take(request.state, size - booked)
            booked = size
        return message

    return checked


async def read_json(request: Request, max_bytes: int, budget: BodyBudget) -> dict[str, Any]:
    """The body as a JSON object.

    Raises:
        BadRequest: it is none, or holds too many values. BodyTooLarge, Busy: as `read_body`.
    """
    raw = await read_body(request, max_bytes, budget)
    _check_values(raw)
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as invalid:
        raise BadRequest(f"The request body is not valid JSON: {invalid}") from None
    if not isinstance(body, dict):
        raise BadRequest("The request body must be a JSON object")
    return body


def _check_values(raw: bytes) -> None:
    """Bound what parsing would make, by the marks that begin or part values, also within texts."""
    if len(raw) <= MAX_JSON_VALUES:
        return
    num_values = sum(raw.count(mark) for mark in _VALUE_MARKS)
    if num_values > MAX_JSON_VALUES:
        raise BadRequest(
            f"The request body holds {num_values} commas and opening brackets; the limit is "
            f"{MAX_JSON_VALUES}"
        )
