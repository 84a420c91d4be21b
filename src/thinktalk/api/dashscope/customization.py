"""`POST /api/v1/services/audio/tts/customization`: enrolled voices, as DashScope asks for them."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from thinktalk.api.body import read_json
from thinktalk.api.context import ApiContext, caller, request_id
from thinktalk.api.dashscope.schemas import (
    EnrolmentBody,
    EnrolmentInput,
    action_of,
    address_of,
    language_of,
    name_of,
    page_of,
    target_of,
    voice_of,
)
from thinktalk.api.json_response import json_response
from thinktalk.api.openai.schemas import parse
from thinktalk.api.openai.voices import VoiceReader
from thinktalk.api.streaming import while_connected
from thinktalk.errors import ModelNotFound
from thinktalk.media.spool import MediaFile
from thinktalk.serving.enrolment import (
    CheckSample,
    Enrolment,
    LoadSample,
    Registrar,
    consent_of,
    enrol,
    enrol_again,
    text_of,
)
from thinktalk.store.voice_index import EnrolledVoice

PATH = "/api/v1/services/audio/tts/customization"
_MODELS = ("qwen-voice-enrollment", "voice-enrollment")
# The sample as base64, and what stands around it.
_MAX_FRAME_BYTES = 1024 * 1024
_NO_CLONING = "no engine of this server clones: the nearest stock voice speaks"

T = TypeVar("T")
Keep = Callable[[Registrar, Enrolment, LoadSample, CheckSample], Awaitable[T]]


class Customization:
    """Answers for the voices of whoever asks."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._reader = VoiceReader.of(context)
        self._cloner = context.cloner
        self._registrar = Registrar(context.cloner, context.services.recognizer)
        self._strict = context.settings.server.strict

    async def answer(self, request: Request) -> Response:
        """Do what `input.action` says."""
        limit = self._context.settings.voices.max_sample_bytes * 4 // 3 + _MAX_FRAME_BYTES
        raw = await read_json(request, limit, self._context.bodies)
        model = raw.get("model")
        if isinstance(model, str) and model not in _MODELS:
            raise ModelNotFound(model[:100])
        body = parse(EnrolmentBody, raw).input
        actions = {
            "create": self._create,
            "list": self._list,
            "query": self._query,
            "update": self._update,
            "delete": self._delete,
        }
        action = action_of(body)
        self._context.rates.admit(caller(request))
        output = await actions[action](request, body)
        answer: dict[str, Any] = {} if output is None else {"output": output}
        answer["usage"] = {"count": 1 if action == "create" else 0}
        return json_response({**answer, "request_id": request_id(request)})

    async def _create(self, request: Request, body: EnrolmentInput) -> dict[str, Any]:
        name = name_of(body)
        target = target_of(body, strict=self._strict)
        wanted = self._wanted(request, body, _new_id(name), name, target, language_of(body))
        voice, report = await self._placed(request, body, wanted, enrol)
        output = {
            "voice": voice.id,
            "voice_id": voice.id,
            "target_model": voice.target_model,
            "fallback_mode": voice.fit is None,
        }
        if voice.fit is None:
            output["fallback_reason"] = _NO_CLONING
        return output if self._strict else {**output, "voice_report": report}

    async def _update(self, request: Request, body: EnrolmentInput) -> None:
        old = await self._cloner.store.find(voice_of(body), caller(request))
        # A voice of the other wire has no target, and goes on without one.
        target = target_of(body, strict=self._strict) if body.target_model else old.target_model
        language = language_of(body) or old.language
        wanted = self._wanted(request, body, old.id, old.name, target, language)
        await self._placed(request, body, wanted, enrol_again)

    async def _list(self, request: Request, body: EnrolmentInput) -> dict[str, Any]:
        owner, (index, size) = caller(request), page_of(body)
        prefix = body.prefix or ""
        voices = await self._cloner.store.page(
            owner, name_prefix=prefix, skip=index * size, limit=size
        )
        return {
            "voice_list": [_entry(voice) for voice in voices],
            "page_index": index,
            "page_size": size,
            "total_count": await self._cloner.store.count(owner, name_prefix=prefix),
        }

    async def _query(self, request: Request, body: EnrolmentInput) -> dict[str, Any]:
        return _entry(await self._cloner.store.find(voice_of(body), caller(request)))

    async def _delete(self, request: Request, body: EnrolmentInput) -> None:
        await self._cloner.delete(voice_of(body), caller(request))

    async def _placed(
        self, request: Request, body: EnrolmentInput, wanted: Enrolment, keep: Keep[T]
    ) -> T:
        """Enrol in a place among those that answer, for as long as the client is there."""
        self._context.readiness.check()
        address, reader = address_of(body), self._reader.on_behalf_of(wanted.owner)
        check = partial(reader.checked, denoise=body.denoise, denoise_field="input.denoise")

        async def load() -> MediaFile:
            return await reader.sample_file(address)

        async def placed() -> T:
            async with self._context.admission.place():
                return await keep(self._registrar, wanted, load, check)

        return await while_connected(request.receive, placed())

    def _wanted(
        self,
        request: Request,
        body: EnrolmentInput,
        voice_id: str,
        name: str,
        target: str,
        language: str,
    ) -> Enrolment:
        address_of(body)
        return Enrolment(
            voice_id=voice_id,
            owner=caller(request),
            name=name,
            consent=consent_of(body.consent, self._context.settings.voices, field="input.consent"),
            target_model=target,
            language=language,
            text=text_of(body.text, field="input.text"),
            keep_sample=body.keep_sample,
        )


def _new_id(name: str) -> str:
    now = datetime.now(UTC)
    stamp = now.strftime("%Y%m%d%H%M%S") + f"{now.microsecond // 1000:03}"
    # The hosted service has 4 digits at the end; these cannot be guessed.
    return f"qwen-omni-vc-{name}-voice-{stamp}-{secrets.token_hex(8)}"


def _entry(voice: EnrolledVoice) -> dict[str, Any]:
    return {
        "voice": voice.id,
        "voice_id": voice.id,
        "gmt_create": _told(voice.created_s),
        # Each new sample brings a consent of its own.
        "gmt_modified": _told(voice.consent_s),
        "target_model": voice.target_model,
        "language": voice.language,
        "status": "OK",
    }


def _told(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
