"""`POST /v1/audio/transcriptions` and `/translations`: a file in, what is said in it out."""

from __future__ import annotations

import math
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive

from thinktalk.api.body import limited
from thinktalk.api.context import ApiContext, caller
from thinktalk.api.json_response import json_response
from thinktalk.api.openai.sse import DONE, Pulse, event, event_stream
from thinktalk.api.streaming import while_connected
from thinktalk.engines import languages
from thinktalk.engines.base import RecognizeOptions, Recognizer, Segment
from thinktalk.errors import BadRequest, InvalidField, NoRecognizer
from thinktalk.events import Progress
from thinktalk.media.spool import MediaFile
from thinktalk.media.types import Audio, Recording
from thinktalk.serving import transcript

FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
_WITH_TIMES = {
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "verbose_json": "application/json",
}
_FORM_SCHEMA_FIELDS = ("model", "language", "prompt", "response_format", "temperature", "stream")
FORM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["file", "model"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        **{name: {"type": "string"} for name in _FORM_SCHEMA_FIELDS},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionForm:
    """The checked fields of a form. `file` is as it was sent."""

    file: MediaFile
    options: RecognizeOptions
    response_format: str
    is_stream: bool
    wants_words: bool


class Transcriptions:
    """Writes down what is said."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    async def transcribe(self, request: Request) -> Response:
        return await self._answer(request, translate=False)

    async def translate(self, request: Request) -> Response:
        return await self._answer(request, translate=True)

    async def _answer(self, request: Request, *, translate: bool) -> Response:
        # The file goes to disk as it comes, so that its size is no matter of memory.
        receive = limited(request, self._context.settings.media.max_upload_bytes, None)
        form = await _read_form(request, receive, translate=translate)
        recognizer = self._context.services.recognizer
        if recognizer is None:
            raise NoRecognizer("whisper-1")
        self._context.rates.admit(caller(request))
        if form.is_stream:
            pulse = Pulse()
            pieces = self._stream(form, recognizer, pulse)
            return event_stream(self._context, request, pieces, pulse=pulse)
        heard = self._hear(form, recognizer)
        audio, segments = await while_connected(request.receive, heard)
        return _render(form, audio, segments)

    async def _hear(
        self, form: TranscriptionForm, recognizer: Recognizer
    ) -> tuple[Audio | Recording, list[Segment]]:
        async with self._context.admission.place():
            audio = await self._load(form)
            async with aclosing(recognizer.recognize(audio, form.options)) as segments:
                return audio, [segment async for segment in segments]

    async def _stream(
        self, form: TranscriptionForm, recognizer: Recognizer, pulse: Pulse
    ) -> AsyncGenerator[bytes, None]:
        whole: list[Segment] = []
        async with self._context.admission.place():
            audio = await self._load(form)
            async with aclosing(recognizer.recognize(audio, form.options)) as segments:
                async for segment in segments:
                    delta = transcript.continued(segment, is_first=not whole)
                    whole.append(segment)
                    if delta:
                        yield event({"type": "transcript.text.delta", "delta": delta})
                    done = min(1.0, segment.end_s / max(audio.duration_s, 1e-3))
                    yield pulse.note(Progress("listening", done))
        end = {"type": "transcript.text.done", "text": transcript.text(whole)}
        if form.response_format in _WITH_TIMES:
            end["rendered"] = _rendered(form, audio, whole)
        yield event({**end, "usage": _usage(audio)}) + DONE

    async def _load(self, form: TranscriptionForm) -> Audio | Recording:
        audio = await self._context.services.loader.sound(form.file)
        self._context.metrics.audio_in_s.inc(audio.duration_s)
        return audio


async def _read_form(request: Request, receive: Receive, *, translate: bool) -> TranscriptionForm:
    """Read and check the form.

    Raises:
        BodyTooLarge; InvalidField, naming the field.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise BadRequest("The request body must be multipart/form-data with a file")
    try:
        async with Request(request.scope, receive).form() as form:
            return await _checked(form, translate=translate)
    except MultiPartException as broken:
        raise BadRequest(f"The form cannot be read: {broken.message}") from None


async def _checked(form: FormData, *, translate: bool) -> TranscriptionForm:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise InvalidField("file: Field required", param="file")
    if not _text(form, "model"):
        raise InvalidField("you must provide a model parameter", param="model")
    response_format = _text(form, "response_format") or "json"
    if response_format not in FORMATS:
        raise InvalidField(
            f"response_format should be one of {list(FORMATS)} (got {response_format!r})",
            param="response_format",
        )
    wants_words = "word" in _texts(form, "timestamp_granularities")
    options = RecognizeOptions(
        language=None
        if translate
        else languages.asked_for(_text(form, "language"), field="language"),
        translate=translate,
        prompt=_text(form, "prompt"),
        temperature=_temperature(form),
        word_times=wants_words or response_format in ("srt", "vtt"),
    )
    return TranscriptionForm(
        file=_kept(file),
        options=options,
        response_format=response_format,
        is_stream=(_text(form, "stream") or "").lower() in ("true", "1"),
        wants_words=wants_words,
    )


def _kept(file: UploadFile) -> MediaFile:
    """The file, which outlives the form that it came in."""
    file.file.flush()
    return MediaFile(os.fdopen(os.dup(file.file.fileno()), "rb", buffering=0))


def _text(form: FormData, name: str) -> str | None:
    value = form.get(name)
    return value if isinstance(value, str) and value else None


def _texts(form: FormData, name: str) -> list[str]:
    values = [*form.getlist(name), *form.getlist(f"{name}[]")]
    return [value for value in values if isinstance(value, str)]


def _temperature(form: FormData) -> float:
    asked = _text(form, "temperature") or "0"
    try:
        value = float(asked)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise InvalidField(f"temperature should be in [0, 1] (got {asked})", param="temperature")
    return value


def _render(
    form: TranscriptionForm, audio: Audio | Recording, segments: Sequence[Segment]
) -> Response:
    match form.response_format:
        case "text":
            return PlainTextResponse(transcript.text(segments) + "\n")
        case "json":
            return json_response({"text": transcript.text(segments), "usage": _usage(audio)})
        case timed:
            return Response(_rendered(form, audio, segments), media_type=_WITH_TIMES[timed])


def _rendered(
    form: TranscriptionForm, audio: Audio | Recording, segments: Sequence[Segment]
) -> str:
    """The transcript in the format that was asked for, if that is one with times."""
    match form.response_format:
        case "srt":
            return transcript.srt(segments)
        case "vtt":
            return transcript.vtt(segments)
    return orjson.dumps(_verbose(form, audio, segments)).decode()


def _verbose(
    form: TranscriptionForm, audio: Audio | Recording, segments: Sequence[Segment]
) -> dict[str, Any]:
    first = next((segment.language for segment in segments), form.options.language or "en")
    body: dict[str, Any] = {
        "task": "translate" if form.options.translate else "transcribe",
        "language": languages.name("en" if form.options.translate else first),
        "duration": round(audio.duration_s, 3),
        "text": transcript.text(segments),
        "segments": [_segment(number, segment) for number, segment in enumerate(segments)],
        "usage": _usage(audio),
    }
    if form.wants_words:
        body["words"] = [
            {
                "word": word.text.strip(),
                "start": round(word.start_s, 3),
                "end": round(word.end_s, 3),
            }
            for segment in segments
            for word in segment.words
        ]
    return body


def _segment(number: int, segment: Segment) -> dict[str, Any]:
    return {
        "id": number,
        "seek": round(segment.start_s * 100),
        "start": round(segment.start_s, 3),
        "end": round(segment.end_s, 3),
        "text": segment.text,
        "tokens": list(segment.tokens),
        "temperature": segment.temperature,
        "avg_logprob": segment.avg_logprob,
        "compression_ratio": segment.compression_ratio,
        "no_speech_prob": segment.no_speech_prob,
    }


def _usage(audio: Audio | Recording) -> dict[str, Any]:
    return {"type": "duration", "seconds": math.ceil(audio.duration_s)}
