"""Enrolling a voice: who may, by whose consent, and in which order it is checked. Free of wires."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar

from thinktalk.engines.base import Recognizer
from thinktalk.errors import ConsentMissing, Forbidden, InvalidField
from thinktalk.media.spool import MediaFile
from thinktalk.serving.cloning import CheckedSample, Cloner
from thinktalk.serving.said import check_said
from thinktalk.settings import VoiceSettings
from thinktalk.store.voice_index import Attester, EnrolledVoice

MAX_CONSENT_CHARS = 4000
MAX_TEXT_CHARS = 2000
_READ_BYTES = 1 << 20

T = TypeVar("T")
Keep = Callable[[EnrolledVoice, CheckedSample, str | None, BinaryIO | None], Awaitable[T]]
LoadSample = Callable[[], Awaitable[MediaFile]]
CheckSample = Callable[[MediaFile], Awaitable[CheckedSample]]


@dataclass(frozen=True, slots=True)
class Consent:
    """That the speaker agrees, in somebody's words."""

    statement: str
    attested_by: Attester


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What is asked for.

    Attributes:
        voice_id: holds at least 64 random bits.
        text: what the sample says, where the client tells it.
        keep_sample: whether the sample is stored with the voice.
    """

    voice_id: str
    owner: str
    name: str
    consent: Consent
    target_model: str = ""
    language: str = ""
    text: str | None = None
    keep_sample: bool = False


@dataclass(frozen=True, slots=True)
class Registrar:
    """What enrolling needs of a server. Without a `recognizer` a given text is believed."""

    cloner: Cloner
    recognizer: Recognizer | None = None


def text_of(text: str | None, *, field: str) -> str | None:
    """What a sample says, as the client tells it; None where it does not.

    Raises:
        InvalidField: it is longer than anything that is said in a minute.
    """
    if text is not None and len(text) > MAX_TEXT_CHARS:
        raise InvalidField(
            f"{field} has {len(text)} characters; the limit is {MAX_TEXT_CHARS}", param=field
        )
    return (text or "").strip() or None


def consent_of(statement: str | None, settings: VoiceSettings, *, field: str) -> Consent:
    """The client's statement, or else the operator's.

    Raises:
        InvalidField: it is too long. ConsentMissing: there is none.
    """
    stated = (statement or "").strip()
    if len(stated) > MAX_CONSENT_CHARS:
        raise InvalidField(
            f"{field} has {len(stated)} characters; the limit is {MAX_CONSENT_CHARS}", param=field
        )
    if stated:
        return Consent(stated, "caller")
    if settings.attested_consent.strip():
        return Consent(settings.attested_consent.strip(), "operator")
    raise ConsentMissing(field)


async def enrol(
    registrar: Registrar, wanted: Enrolment, load: LoadSample, check: CheckSample
) -> tuple[EnrolledVoice, dict[str, Any]]:
    """Enrol a new voice; returns it with the report on its sample.

    Raises:
        Forbidden: samples are not kept here. TooManyVoices, RateLimited.
        MediaError, VoiceSampleRefused: what `load` and `check` find.
    """
    await registrar.cloner.store.check_room(wanted.owner)
    return await _checked(registrar.cloner.enrol, registrar, wanted, load, check)


async def enrol_again(
    registrar: Registrar, wanted: Enrolment, load: LoadSample, check: CheckSample
) -> EnrolledVoice:
    """Give a voice that is there another sample, and the consent to it.

    Raises:
        VoiceNotFound; otherwise as `enrol`.
    """
    await registrar.cloner.store.find(wanted.voice_id, wanted.owner)
    return await _checked(registrar.cloner.enrol_again, registrar, wanted, load, check)


async def _checked(
    keep: Keep[T], registrar: Registrar, wanted: Enrolment, load: LoadSample, check: CheckSample
) -> T:
    """What `keep` returns, which is called when nothing speaks against it."""
    cloner = registrar.cloner
    _check_keeping(cloner, wanted)
    cloner.admit(wanted.owner)
    file = await load()
    sample = await check(file)
    if wanted.text and registrar.recognizer is not None:
        await check_said(registrar.recognizer, sample.audio, wanted.text, language=wanted.language)
    voice = await _draft(cloner, wanted, file)
    if not wanted.keep_sample:
        return await keep(voice, sample, wanted.text, None)
    with file.opened() as opened:
        return await keep(voice, sample, wanted.text, opened)


def _check_keeping(cloner: Cloner, wanted: Enrolment) -> None:
    if wanted.keep_sample and not cloner.store.settings.keep_samples_allowed:
        raise Forbidden(
            "Access denied. This server keeps no samples (voices.keep_samples_allowed): leave "
            "keep_sample out"
        )


async def _draft(cloner: Cloner, wanted: Enrolment, file: MediaFile) -> EnrolledVoice:
    """The voice, but for what fitting finds out."""
    now_s = int(cloner.store.now_s())
    statement = wanted.consent.statement
    return EnrolledVoice(
        id=wanted.voice_id,
        owner=wanted.owner,
        name=wanted.name,
        target_model=wanted.target_model,
        language=wanted.language,
        created_s=now_s,
        last_used_s=now_s,
        consent=statement,
        consent_sha256=hashlib.sha256(statement.encode()).hexdigest(),
        consent_s=now_s,
        attested_by=wanted.consent.attested_by,
        nearest="",
        fit=None,
        sample_sha256=await asyncio.to_thread(_sha256, file),
        sample_report="{}",
        has_sample=wanted.keep_sample,
        state="done",
    )


def _sha256(file: MediaFile) -> str:
    digest = hashlib.sha256()
    with file.opened() as opened:
        while block := opened.read(_READ_BYTES):
            digest.update(block)
    return digest.hexdigest()
