"""What clients may say, by the type of their event: each is read, checked and handed on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from thinktalk.api.openai.schemas import parse
from thinktalk.api.realtime.audio import InputDecoder, WireFormat, from_base64
from thinktalk.api.realtime.schemas import ContentBody, ItemBody, ResponseBody
from thinktalk.errors import InvalidField
from thinktalk.media.activity import SAMPLE_RATE
from thinktalk.media.resample import resample
from thinktalk.session.config import ResponseRequest, SessionConfig
from thinktalk.session.history import History
from thinktalk.session.ids import new_id
from thinktalk.session.items import Content, Item, Picture, Speech, Text
from thinktalk.session.session import Session

Event = Mapping[str, Any]

MAX_AUDIO_BYTES = 15 * 1024 * 1024  # of one append
_MAX_INPUT_ITEMS = 500
MAX_IMAGE_CHARS = 2 * 1024 * 1024


class Settled(Protocol):
    """A connection, as far as reading needs it: the settings are its to keep."""

    session: Session

    @property
    def input_format(self) -> WireFormat: ...

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
        changes = event.get("session")
        if not isinstance(changes, dict):
            raise InvalidField("session is missing or no object", param="session")
        await self._connection.update(changes)

    async def _resume(self, event: Event) -> None:
        await self._connection.resume(_text(event, "session_id"))

    async def _append_audio(self, event: Event) -> None:
        data = from_base64(_text(event, "audio"), "audio")
        if len(data) > MAX_AUDIO_BYTES:
            raise InvalidField(
                f"audio has {len(data)} bytes; the limit of one append is {MAX_AUDIO_BYTES}",
                param="audio",
            )
        if self._decoder is None:
            self._decoder = InputDecoder(self._connection.input_format)
        await self._session.append_audio(self._decoder.decode(data))

    async def _commit(self, event: Event) -> None:
        self._session.commit()

    async def _clear(self, event: Event) -> None:
        self._session.clear_input()

    async def _append_image(self, event: Event) -> None:
        self._session.append_picture(_picture(_text(event, "image"), "image"))

    async def _create_item(self, event: Event) -> None:
        raw = event.get("item")
        if not isinstance(raw, dict):
            raise InvalidField("item is missing or no object", param="item")
        before = event.get("previous_item_id")
        self._session.create_item(self._item(raw), before if isinstance(before, str) else None)

    async def _retrieve_item(self, event: Event) -> None:
        self._session.retrieve_item(_text(event, "item_id"))

    async def _delete_item(self, event: Event) -> None:
        self._session.delete_item(_text(event, "item_id"))

    async def _truncate_item(self, event: Event) -> None:
        self._session.truncate_item(
            _text(event, "item_id"), _count(event, "content_index"), _count(event, "audio_end_ms")
        )

    async def _create_response(self, event: Event) -> None:
        raw = event.get("response") or {}
        if not isinstance(raw, dict):
            raise InvalidField("response is no object", param="response")
        body = parse(ResponseBody, raw)
        config = await self._connection.config_for(raw)
        history = None
        if body.input is not None and len(body.input) > _MAX_INPUT_ITEMS:
            raise InvalidField(
                f"input has {len(body.input)} items; the limit is {_MAX_INPUT_ITEMS}",
                param="response.input",
            )
        if body.input is not None:
            history = History(self._session.family)
            for item in body.input:
                history.add(self._item(item))
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

    def _item(self, raw: Mapping[str, Any]) -> Item:
        body = parse(ItemBody, raw)
        item = Item(id=body.id or new_id("item"), type=body.type)
        if body.type == "message":
            if body.role is None:
                raise InvalidField("a message needs a role", param="item.role")
            parts = [self._content(p, n) for n, p in enumerate(body.content or ())]
            return replace(item, role=body.role, content=tuple(parts))
        if body.type == "function_call":
            return replace(
                item,
                call_id=body.call_id or new_id("call"),
                name=_needed(body.name, "item.name"),
                arguments=body.arguments or "{}",
            )
        return replace(
            item,
            call_id=_needed(body.call_id, "item.call_id"),
            output=body.output or "",
        )

    def _content(self, part: ContentBody, number: int) -> Content:
        path = f"item.content.{number}"
        match part.type:
            case "input_text" | "text" | "output_text":
                return Text(_needed(part.text, f"{path}.text"))
            case "input_image":
                return Picture(_picture(_needed(part.image_url, f"{path}.image_url"), path))
            case "input_audio" if part.audio is not None:
                data = from_base64(part.audio, f"{path}.audio")
                audio = InputDecoder(self._connection.input_format).decode(data)
                return Speech(resample(audio, SAMPLE_RATE), part.transcript)
            case "input_audio" | "audio" | "output_audio":
                return Speech(None, part.transcript or part.text or "")
        raise InvalidField(
            "content parts are input_text, input_audio, input_image, text, output_text, audio or "
            f"output_audio (got {part.type!r})",
            param=f"{path}.type",
        )


def _picture(image: str, param: str) -> str:
    """The address of a picture that was sent as base64 or as a data URL."""
    if len(image) > MAX_IMAGE_CHARS:
        raise InvalidField(
            f"the image has {len(image)} characters; the limit is {MAX_IMAGE_CHARS}", param=param
        )
    if image.startswith(("data:", "http://", "https://")):
        return image
    return f"data:image/jpeg;base64,{image}"  # the bytes say what it is


def _text(event: Event, name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str):
        raise InvalidField(f"{name} is missing or no string", param=name)
    return value


def _count(event: Event, name: str) -> int:
    value = event.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidField(f"{name} should be a whole number from 0 on", param=name)
    return value


def _needed(value: str | None, param: str) -> str:
    if value is None:
        raise InvalidField(f"{param} is missing", param=param)
    return value
