"""`/v1/audio/voices`: enrol a voice from a sample, list, rename and delete."""

from __future__ import annotations

import json
import secrets
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from thinktalk.api.body import read_json
from thinktalk.api.context import ApiContext, caller
from thinktalk.api.form import SmallForm, read_small_form
from thinktalk.api.json_response import json_response
from thinktalk.api.openai.voices import VoiceReader, builtin_voices
from thinktalk.api.streaming import while_connected
from thinktalk.engines import languages
from thinktalk.errors import InvalidField, MediaError
from thinktalk.media.spool import MediaFile
from thinktalk.serving.enrolment import (
    Consent,
    Enrolment,
    Registrar,
    consent_of,
    enrol,
    text_of,
)
from thinktalk.store.voice_index import EnrolledVoice

MAX_NAME_CHARS = 100
_MAX_RENAME_BYTES = 16 * 1024
_MAX_LISTED = 100_000
_TEXT, _FLAG = {"type": "string"}, {"type": "boolean"}
ENROLMENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["audio_sample", "name", "consent"],
    "properties": {
        "audio_sample": {"type": "string", "format": "binary"},
        **dict.fromkeys(("name", "consent", "language", "text"), _TEXT),
        "keep_sample": _FLAG,
        "denoise": _FLAG,
    },
}
RENAME_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": _TEXT},
}


class Voices:
    """Answers for the voices of whoever asks, and for those that are built in."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._reader = VoiceReader.of(context)
        self._cloner = context.cloner
        self._registrar = Registrar(context.cloner, context.services.recognizer)

    async def create(self, request: Request) -> Response:
        """Enrol the voice of a form."""
        context = self._context
        context.readiness.check()
        context.rates.admit(caller(request))
        form = await read_small_form(
            request,
            "audio_sample",
            max_file_bytes=context.settings.voices.max_sample_bytes,
            limit_name="voices.max_sample_bytes",
            stall_s=context.settings.limits.request_timeout_s,
            budget=context.bodies,
        )
        wanted = _wanted(form, caller(request), self._consent(form))
        reader = self._reader.on_behalf_of(caller(request))
        denoise = _flag(form.fields, "denoise")
        check = partial(reader.checked, denoise=denoise, denoise_field="denoise")

        async def load() -> MediaFile:
            return form.file

        async def work() -> tuple[EnrolledVoice, dict[str, Any]]:
            async with context.admission.place():
                try:
                    return await enrol(self._registrar, wanted, load, check)
                except MediaError as error:
                    error.param = "audio_sample"
                    raise

        voice, report = await while_connected(request.receive, work())
        return json_response({**self._entry(voice), "voice_report": report})

    async def list(self, request: Request) -> Response:
        """The caller's own voices, newest first, then those that are built in."""
        own = await self._cloner.store.page(caller(request), limit=_MAX_LISTED)
        data = [*(self._entry(voice) for voice in own), *builtin_voices(self._context.services)]
        return json_response({"object": "list", "data": data, "has_more": False})

    async def retrieve(self, request: Request) -> Response:
        voice_id = request.path_params["voice_id"]
        for entry in builtin_voices(self._context.services):
            if entry["id"] == voice_id:
                return json_response(entry)
        voice = await self._cloner.store.find(voice_id, caller(request))
        # What speaks now may be another fit, or none: only the figures are the sample's.
        report = json.loads(voice.sample_report) | self._cloner.enrolled(voice)[1]
        return json_response({**self._entry(voice), "voice_report": report})

    async def rename(self, request: Request) -> Response:
        self._context.rates.admit(caller(request))
        body = await read_json(request, _MAX_RENAME_BYTES, self._context.bodies)
        name = _checked_name(body.get("name"))
        voice_id = self._own(request)
        return json_response(
            self._entry(await self._cloner.store.rename(voice_id, caller(request), name))
        )

    async def delete(self, request: Request) -> Response:
        voice_id = self._own(request)
        await self._cloner.delete(voice_id, caller(request))
        return json_response({"id": voice_id, "object": "audio.voice.deleted", "deleted": True})

    def _entry(self, voice: EnrolledVoice) -> dict[str, Any]:
        return _entry(voice, is_cloned=self._cloner.is_cloned(voice))

    def _consent(self, form: SmallForm) -> Consent:
        if not form.fields.get("consent", "").strip():
            raise InvalidField(
                "consent: Field required, a statement that the speaker agrees", param="consent"
            )
        return consent_of(form.fields["consent"], self._context.settings.voices, field="consent")

    def _own(self, request: Request) -> str:
        voice_id: str = request.path_params["voice_id"]
        if any(entry["id"] == voice_id for entry in builtin_voices(self._context.services)):
            raise InvalidField(f"Voice '{voice_id}' is built in and stays as it is", param="voice")
        return voice_id


def _wanted(form: SmallForm, owner: str, consent: Consent) -> Enrolment:
    fields = form.fields
    kind = fields.get("type") or "audio_sample"
    if kind != "audio_sample":
        raise InvalidField(
            f"type should be 'audio_sample': voices are made of samples here (got {kind[:100]!r})",
            param="type",
        )
    return Enrolment(
        voice_id=f"voice_{secrets.token_hex(16)}",
        owner=owner,
        name=_checked_name(fields.get("name")),
        consent=consent,
        language=languages.asked_for(fields.get("language") or None, field="language") or "",
        text=text_of(fields.get("text"), field="text"),
        keep_sample=_flag(fields, "keep_sample"),
    )


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise InvalidField("name: Field required", param="name")
    if len(name) > MAX_NAME_CHARS:
        raise InvalidField(
            f"name has {len(name)} characters; the limit is {MAX_NAME_CHARS}", param="name"
        )
    return name.strip()


def _flag(fields: dict[str, str], name: str) -> bool:
    value = fields.get(name, "false").lower()
    if value not in ("true", "false", "1", "0"):
        raise InvalidField(f"{name} should be true or false (got {value[:100]!r})", param=name)
    return value in ("true", "1")


def _entry(voice: EnrolledVoice, *, is_cloned: bool) -> dict[str, Any]:
    fit = voice.fit
    return {
        "id": voice.id,
        "object": "audio.voice",
        "name": voice.name,
        "created_at": voice.created_s,
        "type": "audio_sample",
        "builtin": False,
        "language": voice.language or None,
        "target_model": voice.target_model or None,
        "state": voice.state,
        "nearest": voice.nearest,
        "cloned": is_cloned,
        "similarity": round(fit.similarity, 3) if fit and fit.similarity is not None else None,
        "last_used_at": voice.last_used_s,
        "sample_kept": voice.has_sample,
        "consent": {
            "sha256": voice.consent_sha256,
            "at": voice.consent_s,
            "attested_by": voice.attested_by,
        },
    }
