"""Voices on the wire: which one a request means, and the list of those that are built in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Self

from starlette.requests import Request
from starlette.responses import Response

from thinktalk.api.json_response import json_response
from thinktalk.api.openai.schemas import SpeechBody, VoiceId
from thinktalk.engines.base import SpeechOptions, VoiceRef
from thinktalk.errors import (
    InvalidField,
    MediaEmpty,
    MediaError,
    MediaTooLong,
    MediaUndecodable,
    UnknownVoice,
    VoiceSampleRefused,
)
from thinktalk.events import Report
from thinktalk.media.load import MediaLoader
from thinktalk.media.types import Audio
from thinktalk.serving.models import ServedModel
from thinktalk.voices import catalog, sample

CUSTOM = "custom"
_MAX_SAMPLE_BYTES = 10 * 1024 * 1024
_SAMPLE_RATE = 24_000


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceReader:
    """Reads what a request says of its voice. In strict mode only the family's own names count."""

    media: MediaLoader
    strict: bool

    def on_behalf_of(self, owner: str) -> Self:
        """The same reader, which also takes samples that `owner` has uploaded."""
        return replace(self, media=self.media.on_behalf_of(owner))

    def name(self, speech: SpeechBody, model: ServedModel) -> str:
        """The voice that is meant: a name of the catalogue, or `custom`.

        Raises:
            UnknownVoice, InvalidField: before any media is touched.
        """
        voice = speech.voice.id if isinstance(speech.voice, VoiceId) else speech.voice
        voice = voice or model.defaults.voice
        if self.strict:
            known = [other.name for other in catalog.voices(model.family)]
            if voice.casefold() not in {name.casefold() for name in known}:
                raise UnknownVoice(voice, known)
        elif voice.casefold() == CUSTOM:
            if speech.voice_sample is None:
                raise InvalidField(
                    "voice 'custom' needs audio.voice_sample with 3 to 60 s of speech",
                    param="audio.voice_sample",
                )
            return CUSTOM
        return catalog.resolve(voice).name

    async def options(
        self, speech: SpeechBody, name: str, *, language: str | None = None
    ) -> tuple[SpeechOptions, Report | None]:
        """How to speak, with the sample loaded and checked, and advice on it.

        Raises:
            MediaError: the sample cannot be loaded.
            VoiceSampleRefused: it is too short, too long or silent.
        """
        speed = 1.0 if self.strict or speech.speed is None else speech.speed
        if name != CUSTOM or speech.voice_sample is None:
            return SpeechOptions(voice=VoiceRef(name), speed=speed, language=language), None
        audio = await self._sample(speech.voice_sample.data)
        report = await asyncio.to_thread(sample.check, audio)
        # Engines that cannot clone speak with the voice that is nearest.
        nearest = sample.closest_voice(report)
        voice = VoiceRef(nearest.name, audio, speech.voice_text)
        advice = Report("voice_report", sample.told(report, nearest))
        return SpeechOptions(voice=voice, speed=speed, language=language), advice

    async def _sample(self, address: str) -> Audio:
        try:
            return await self.media.audio(
                address,
                sample_rate=_SAMPLE_RATE,
                max_bytes=_MAX_SAMPLE_BYTES,
                max_s=sample.LONGEST_S,
            )
        except MediaTooLong as error:
            raise sample.too_long(error.duration_s) from None
        except (MediaUndecodable, MediaEmpty) as error:
            raise VoiceSampleRefused("Audio.DecoderError", str(error)) from None
        except MediaError as error:
            error.param = "audio.voice_sample"
            raise


async def list_voices(request: Request) -> Response:
    """Every built-in voice."""
    data = [
        {
            "id": voice.name,
            "object": "audio.voice",
            "name": voice.name,
            "builtin": True,
            "gender": voice.gender,
            "language": voice.language,
            "description": voice.description,
            "families": list(voice.families),
            "stand_in": voice.stand_in,
        }
        for voice in catalog.voices()
    ]
    return json_response({"object": "list", "data": data})
