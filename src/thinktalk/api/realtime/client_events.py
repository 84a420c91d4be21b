"""What clients may say, by the type of their event: each is read, checked and handed on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from thinktalk.api.realtime.audio import InputDecoder, WireFormat, from_base64
from thinktalk.api.realtime.schemas import ContentBody, ItemBody, ResponseBody, read
from thinktalk.errors import InvalidField
from thinktalk.media.activity import SAMPLE_RATE
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio
from thinktalk.session.config import ResponseRequest, SessionConfig
from thinktalk.session.errors import FieldMissing
from thinktalk.session.history import History
from thinktalk.session.ids import new_id
from thinktalk.session.items import Content, Item, ItemRole, Picture, Speech, Text
from thinktalk.session.session import Session

Event = Mapping[str, Any]
T = TypeVar("T")

MAX_AUDIO_BYTES = 15 * 1024 * 1024  # of one append, or one part of an item
_MAX_INPUT_ITEMS = 500
MAX_IMAGE_CHARS = 2 * 1024 * 1024


class Settled(Protocol):
    """A connection, as far as reading needs it: the settings are its to keep."""

    session: Session

    @property
    def input_format(self) -> WireFormat: ...

    @property
    def max_turn_s(self) -> float:
        """Of sound in one item."""
        ...

    async def update(self, changes: Event) -> None: ...

    async def resume(self, session_id: str) -> None: ...

    async def config_for(self, body: Event) -> SessionConfig:
        """The session's settings with those of one response."""
        ...


class ClientEvents:
    """Reads the events of one connection."""

    def __init__(self, connection: Settled) -> None:
        self._connection = connection
        self._session = connection.session
        self._decoder: InputDecoder | None = None
        self._handlers: dict[str, Callable[[Event], Awaitable[None]]] = {
            "session.update": self._update,
            "session.resume": self._resume,
            "input_audio_buffer.append": self._append_audio,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "input_image_buffer.append": self._append_image,
            "conversation.item.create": self._create_item,
            "conversation.item.retrieve": self._retrieve_item,
            "conversation.item.delete": self._delete_item,
            "conversation.item.truncate": self._truncate_item,
            "response.create": self._create_response,
            "response.cancel": self._cancel_response,
            "output_audio_buffer.clear": self._ignore,  # is for transports of another kind
        }

    async def read(self, event: Event) -> None:
        """Do what the event says.

        Raises:
            ThinktalkError: it cannot be done; the session is as it was.
        """
        kind = event.get("type")
        handler = self._handlers.get(kind) if isinstance(kind, str) else None
        if handler is None:
            known = ", ".join(self._handlers)
            raise InvalidField(f"type should be one of {known} (got {kind!r})", param="type")
        await handler(event)

    async def _update(self, event: Event) -> None:
        await self._connection.update(_object(event, "session"))

    async def _resume(self, event: Event) -> None:
        await self._connection.resume(_text(event, "session_id"))

    async def _append_audio(self, event: Event) -> None:
        data = _sound(_text(event, "audio"), "audio")
        wire = self._connection.input_format
        if self._decoder is None or self._decoder.wire != wire:
            self._decoder = InputDecoder(wire)
        await self._session.append_audio(self._decoder.decode(data))

    async def _commit(self, event: Event) -> None:
        self._session.commit()
        self._decoder = None

    async def _clear(self, event: Event) -> None:
        self._session.clear_input()
        self._decoder = None

    async def _append_image(self, event: Event) -> None:
        self._session.append_picture(_picture(_text(event, "image"), "image"))

    async def _create_item(self, event: Event) -> None:
        item = await self._item(_object(event, "item"), "item")
        before = event.get("previous_item_id")
        self._session.create_item(item, before if isinstance(before, str) else None)

    async def _retrieve_item(self, event: Event) -> None:
        self._session.retrieve_item(_text(event, "item_id"))

    async def _delete_item(self, event: Event) -> None:
        self._session.delete_item(_text(event, "item_id"))

    async def _truncate_item(self, event: Event) -> None:
        item_id, end_ms = _text(event, "item_id"), _count(event, "audio_end_ms")
        index = _count(event, "content_index") if "content_index" in event else 0
        self._session.truncate_item(item_id, index, end_ms)

    async def _create_response(self, event: Event) -> None:
        raw = _object({**event, "response": event.get("response") or {}}, "response")
        body = read(ResponseBody, raw, "response")
        config = await self._connection.config_for(raw)
        history = None
        if body.input is not None and len(body.input) > _MAX_INPUT_ITEMS:
            raise InvalidField(
                f"input has {len(body.input)} items; the limit is {_MAX_INPUT_ITEMS}",
                param="response.input",
            )
        if body.input is not None:
            history = History(self._session.family)
            for number, item in enumerate(body.input):
                history.add(await self._item(item, f"response.input.{number}"))
        self._session.respond(
            ResponseRequest(
                config=config,
                input=history,
                is_detached=body.conversation == "none",
                metadata=body.metadata,
            )
        )

    async def _cancel_response(self, event: Event) -> None:
        response_id = event.get("response_id")
        self._session.cancel_response(response_id if isinstance(response_id, str) else None)

    async def _ignore(self, event: Event) -> None:
        """Nothing is to be done."""

    async def _item(self, raw: Mapping[str, Any], place: str) -> Item:
        body = read(ItemBody, raw, place)
        item = Item(id=body.id or new_id("item"), type=body.type)
        if body.type == "message":
            role: ItemRole = _needed(body.role, f"{place}.role")
            parts = [
                await self._content(part, f"{place}.content.{number}")
                for number, part in enumerate(body.content or ())
            ]
            self._check_length(parts, place)
            return replace(item, role=role, content=tuple(parts))
        if body.type == "function_call":
            return replace(
                item,
                call_id=body.call_id or new_id("call"),
                name=_needed(body.name, f"{place}.name"),
                arguments=body.arguments or "{}",
            )
        return replace(
            item,
            call_id=_needed(body.call_id, f"{place}.call_id"),
            output=body.output or "",
        )

    async def _content(self, part: ContentBody, place: str) -> Content:
        match part.type:
            case "input_text" | "text" | "output_text":
                return Text(_needed(part.text, f"{place}.text"))
            case "input_image":
                return Picture(_picture(_needed(part.image_url, f"{place}.image_url"), place))
            case "input_audio" if part.audio is not None:
                data = _sound(part.audio, f"{place}.audio")
                # Minutes of sound take a while, in which others have to be answered.
                audio = await asyncio.to_thread(_decoded, data, self._connection.input_format)
                return Speech(audio, part.transcript)
            case "input_audio" | "audio" | "output_audio":
                return Speech(None, part.transcript or part.text or "")
        raise InvalidField(
            "content parts are input_text, input_audio, input_image, text, output_text, audio or "
            f"output_audio (got {part.type!r})",
            param=f"{place}.type",
        )

    def _check_length(self, parts: Sequence[Content], place: str) -> None:
        duration_s = sum(part.duration_s for part in parts if isinstance(part, Speech))
        if duration_s > self._connection.max_turn_s:
            raise InvalidField(
                f"the sound of the item lasts {duration_s:.1f} s; the limit is "
                f"{self._connection.max_turn_s:g} s (realtime.max_turn_s)",
                param=place,
            )


def _sound(text: str, param: str) -> bytes:
    data = from_base64(text, param)
    if len(data) > MAX_AUDIO_BYTES:
        raise InvalidField(
            f"{param} has {len(data)} bytes; the limit is {MAX_AUDIO_BYTES}", param=param
        )
    return data


def _decoded(data: bytes, wire: WireFormat) -> Audio:
    return resample(InputDecoder(wire).decode(data), SAMPLE_RATE)


def _picture(image: str, param: str) -> str:
    """The address of a picture that was sent as base64 or as a data URL."""
    if len(image) > MAX_IMAGE_CHARS:
        raise InvalidField(
            f"the image has {len(image)} characters; the limit is {MAX_IMAGE_CHARS}", param=param
        )
    if image.startswith(("data:", "http://", "https://")):
        return image
    return f"data:image/jpeg;base64,{image}"  # the bytes say what it is


def _object(event: Event, name: str) -> Mapping[str, Any]:
    value = _needed(event.get(name), name)
    if not isinstance(value, dict):
        raise InvalidField(f"{name} should be an object", param=name)
    return value


def _text(event: Event, name: str) -> str:
    value = _needed(event.get(name), name)
    if not isinstance(value, str):
        raise InvalidField(f"{name} should be a string", param=name)
    return value


def _count(event: Event, name: str) -> int:
    value = _needed(event.get(name), name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidField(f"{name} should be a whole number from 0 on", param=name)
    return value


def _needed(value: T | None, param: str) -> T:
    if value is None:
        raise FieldMissing(param)
    return value
