"""Events as DashScope and OpenAI's beta write them; what few words differ are the dialect's.

Source of names and order: the published event pages of both services.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from thinktalk.api.errors import INTERNAL_MESSAGE, status_of
from thinktalk.api.realtime.audio import OutputEncoder, WireFormat
from thinktalk.api.realtime.dialect import Frame
from thinktalk.errors import ThinktalkError, UnknownVoice
from thinktalk.serving.usage import TokenUsage
from thinktalk.session import events as said
from thinktalk.session.errors import SessionError
from thinktalk.session.events import Place, ResponseState, SessionEvent
from thinktalk.session.items import Content, Item, Picture, Speech, Text


@dataclass(frozen=True, slots=True)
class Words:
    """What the two flat dialects say differently.

    `rest` is a last delta before a transcript that is whole.
    """

    hypothesis: Callable[[said.Hypothesis], Frame | None]
    usage: Callable[[TokenUsage], dict[str, Any]]
    rest: Callable[[said.Transcribed], Frame | None] = lambda heard: None
    has_transcription_usage: bool = False


class Renderer:
    """Renders the events of one session, whose responses come one after the other.

    `output_format` is that of the responses to come, `format_name` is how they tell it.
    """

    def __init__(self, words: Words, conversation_id: str) -> None:
        self._words = words
        self._conversation_id = conversation_id
        self._encoder: OutputEncoder | None = None
        self._encoded_item_id = ""
        self.output_format = WireFormat("pcm", 24_000)
        self.format_name: Any = "pcm"
        self._response_format, self._response_format_name = self.output_format, self.format_name

    def frames(self, event: SessionEvent) -> Iterator[Frame]:
        match event:
            case said.SpeechStarted(item_id, start_ms):
                yield {
                    "type": "input_audio_buffer.speech_started",
                    "audio_start_ms": start_ms,
                    "item_id": item_id,
                }
            case said.SpeechStopped(item_id, end_ms):
                yield {
                    "type": "input_audio_buffer.speech_stopped",
                    "audio_end_ms": end_ms,
                    "item_id": item_id,
                }
            case said.SoundJudged():
                # Ours: clients ignore what they do not know.
                yield {"type": "thinktalk.sound.judged", **asdict(event)}
            case said.InputCommitted(item_id, before):
                yield {
                    "type": "input_audio_buffer.committed",
                    "previous_item_id": before,
                    "item_id": item_id,
                }
            case said.InputCleared():
                yield {"type": "input_audio_buffer.cleared"}
            case said.ItemCreated(item, before):
                yield {
                    "type": "conversation.item.created",
                    "previous_item_id": before,
                    "item": item_body(item),
                }
            case said.ItemRetrieved(item):
                yield {"type": "conversation.item.retrieved", "item": item_body(item)}
            case said.ItemDeleted(item_id):
                yield {"type": "conversation.item.deleted", "item_id": item_id}
            case said.ItemTruncated(item_id, index, end_ms):
                yield {
                    "type": "conversation.item.truncated",
                    "item_id": item_id,
                    "content_index": index,
                    "audio_end_ms": end_ms,
                }
            case said.Hypothesis() | said.Transcribed() | said.TranscriptionFailed():
                yield from self._transcription(event)
            case said.SettingsChanged(settings):
                yield {"type": "session.updated", "session": settings}
            case said.SessionResumed(settings, item_ids):
                yield {"type": "session.resumed", "session": settings, "item_ids": list(item_ids)}
            case said.SessionFinished():
                yield {"type": "session.finished"}
            case said.Fault(error, event_id, is_final):
                yield {"type": "error", "error": error_body(error, event_id, is_final=is_final)}
            case _:
                yield from self._response(event)

    def _transcription(
        self, event: said.Hypothesis | said.Transcribed | said.TranscriptionFailed
    ) -> Iterator[Frame]:
        prefix = "conversation.item.input_audio_transcription"
        match event:
            case said.Hypothesis():
                told = self._words.hypothesis(event)
                if told is not None:
                    head = {"item_id": event.item_id, "content_index": 0}
                    yield {"type": f"{prefix}.delta", **head, **told}
            case said.Transcribed(item_id, transcript, duration_s):
                rest = self._words.rest(event)
                if rest is not None:
                    yield {"type": f"{prefix}.delta", "item_id": item_id, "content_index": 0} | rest
                frame = {
                    "type": f"{prefix}.completed",
                    "item_id": item_id,
                    "content_index": 0,
                    "transcript": transcript,
                }
                if self._words.has_transcription_usage:
                    frame["usage"] = {"type": "duration", "seconds": round(duration_s, 3)}
                yield frame
            case said.TranscriptionFailed(item_id, error):
                body = error_body(error, None)
                yield {
                    "type": f"{prefix}.failed",
                    "item_id": item_id,
                    "content_index": 0,
                    "error": {key: body[key] for key in ("type", "code", "message", "param")},
                }

    def _response(self, event: SessionEvent) -> Iterator[Frame]:
        match event:
            case said.ResponseCreated(response):
                self._encoder = None
                self._response_format = self.output_format
                self._response_format_name = self.format_name
                yield {"type": "response.created", "response": self._response_body(response)}
            case said.ResponseDone(response):
                yield {"type": "response.done", "response": self._response_body(response)}
            case said.OutputItemAdded(response_id, index, item):
                yield _output_item("added", response_id, index, item)
            case said.OutputItemDone(response_id, index, item):
                yield _output_item("done", response_id, index, item)
            case said.ContentPartAdded(place, spoken):
                yield {
                    "type": "response.content_part.added",
                    **_at(place),
                    "part": _part_body(spoken, ""),
                }
            case said.ContentPartDone(place, spoken, text):
                yield {
                    "type": "response.content_part.done",
                    **_at(place),
                    "part": _part_body(spoken, text),
                }
            case said.ReplyText(place, text, spoken):
                name = "response.audio_transcript.delta" if spoken else "response.text.delta"
                yield {"type": name, **_at(place), "delta": text}
            case said.ReplyTextDone(place, text, spoken):
                name = "response.audio_transcript.done" if spoken else "response.text.done"
                yield {"type": name, **_at(place), "transcript" if spoken else "text": text}
            case said.ReplyAudio(place, audio):
                if self._encoder is None or self._encoded_item_id != place.item_id:
                    self._encoder = OutputEncoder(self._response_format)
                    self._encoded_item_id = place.item_id
                yield from _sound(place, self._encoder.encode(audio))
            case said.ReplyAudioDone(place, is_cut):
                if self._encoder is not None and not is_cut:
                    yield from _sound(place, self._encoder.close())
                self._encoder = None
                yield {"type": "response.audio.done", **_at(place)}
            case said.CallArguments(place, call_id, delta):
                yield {
                    "type": "response.function_call_arguments.delta",
                    **_of(place),
                    "call_id": call_id,
                    "delta": delta,
                }
            case said.CallArgumentsDone(place, call_id, name, arguments):
                yield {
                    "type": "response.function_call_arguments.done",
                    **_of(place),
                    "call_id": call_id,
                    "name": name,
                    "arguments": arguments,
                }

    def _response_body(self, response: ResponseState) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": response.id,
            "object": "realtime.response",
            "conversation_id": None if response.is_detached else self._conversation_id,
            "status": response.status,
            "status_details": status_details(response),
            "modalities": ["text", "audio"] if response.speaks else ["text"],
            "voice": response.voice,
            "output_audio_format": self._response_format_name,
            "output": [item_body(item) for item in response.output],
        }
        if response.metadata is not None:
            body["metadata"] = response.metadata
        if isinstance(response.usage, TokenUsage):
            body["usage"] = self._words.usage(response.usage)
        return body


def status_details(response: ResponseState) -> dict[str, Any] | None:
    """Why it did not end as usual."""
    if response.status in ("in_progress", "completed"):
        return None
    details: dict[str, Any] = {"type": response.status}
    if response.reason is not None:
        details["reason"] = response.reason
    if response.error is not None:
        body = error_body(response.error, None)
        details["error"] = {key: body[key] for key in ("type", "code", "message")}
    return details


def error_body(error: Exception, event_id: str | None, *, is_final: bool = False) -> dict[str, Any]:
    """The inner `error` object. `type` says whether the session goes on."""
    message, code = str(error), "invalid_value"
    param = getattr(error, "param", None)
    if isinstance(error, UnknownVoice):
        message = f"Voice '{error.name}' is not supported."
    elif isinstance(error, SessionError):
        code = error.code
    elif status_of(error) == 500:
        # Texts of unexpected exceptions may hold paths or values of others.
        detail = f" ({message})" if isinstance(error, ThinktalkError) and message else ""
        message, code = INTERNAL_MESSAGE + detail, "internal_error"
    elif isinstance(error, ThinktalkError):
        code = _CODES.get(error.code, error.code)
    return {
        "type": "server_error" if is_final else "invalid_request_error",
        "code": code,
        "message": clipped(message),
        "param": param,
        "event_id": event_id,
    }


def clipped(message: str) -> str:
    """A message without most of a value in it that is too long to be sent back."""
    if len(message) <= _HEAD_CHARS + _TAIL_CHARS:
        return message
    return f"{message[:_HEAD_CHARS]} … {message[-_TAIL_CHARS:]}"


_HEAD_CHARS, _TAIL_CHARS = 500, 100
_CODES = {"invalid_parameter_error": "invalid_value", "limit_requests": "rate_limit_exceeded"}


def item_body(item: Item) -> dict[str, Any]:
    """An item as clients see it; sound and pictures are not sent back."""
    body: dict[str, Any] = {
        "id": item.id,
        "object": "realtime.item",
        "type": item.type,
        "status": item.status,
    }
    if item.type == "message":
        body["role"] = item.role
        body["content"] = [_content_body(part, item) for part in item.content]
    elif item.type == "function_call":
        body |= {"call_id": item.call_id, "name": item.name, "arguments": item.arguments}
    else:
        body |= {"call_id": item.call_id, "output": item.output}
    return body


def _content_body(part: Content, item: Item) -> dict[str, Any]:
    is_ours = item.role == "assistant"
    match part:
        case Text(text):
            return {"type": "text" if is_ours else "input_text", "text": text}
        case Speech(_, transcript) if is_ours:
            # One edition of the hosted service's pages reads the one key, another the other.
            return {"type": "audio", "transcript": transcript or "", "text": transcript or ""}
        case Speech(_, transcript):
            body: dict[str, Any] = {"type": "input_audio"}
            return body if transcript is None else {**body, "transcript": transcript}
        case Picture():
            return {"type": "input_image"}


def _part_body(is_spoken: bool, text: str) -> dict[str, Any]:
    if is_spoken:
        return {"type": "audio", "text": "", "transcript": text}
    return {"type": "text", "text": text}


def _output_item(what: str, response_id: str, index: int, item: Item) -> Frame:
    return {
        "type": f"response.output_item.{what}",
        "response_id": response_id,
        "output_index": index,
        "item": item_body(item),
    }


def _sound(place: Place, data: bytes) -> Iterator[Frame]:
    if data:
        encoded = b2a_base64(data, newline=False).decode("ascii")
        yield {"type": "response.audio.delta", **_at(place), "delta": encoded}


def _of(place: Place) -> dict[str, Any]:
    return {
        "response_id": place.response_id,
        "item_id": place.item_id,
        "output_index": place.output_index,
    }


def _at(place: Place) -> dict[str, Any]:
    return {**_of(place), "content_index": place.content_index}
