"""Voices on the wire: which one a request means, and the list of those that are built in."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from typing import Any, Self

from thinktalk.api.context import ApiContext
from thinktalk.api.openai.schemas import SpeechBody, VoiceId
from thinktalk.engines.base import SpeechOptions, VoiceRef
from thinktalk.errors import (
    InvalidField,
    MediaEmpty,
    MediaError,
    MediaTooLong,
    MediaUndecodable,
    UnknownVoice,
    VoiceNotFound,
    VoiceSampleRefused,
)
from thinktalk.events import Report
from thinktalk.media.load import MediaLoader
from thinktalk.media.spool import MediaFile
from thinktalk.media.types import Audio
from thinktalk.serving.cloning import CheckedSample, Cloner
from thinktalk.serving.enrolment import text_of
from thinktalk.serving.models import ServedModel
from thinktalk.serving.services import Services
from thinktalk.store.voice_index import EnrolledVoice
from thinktalk.voices import catalog, listing, sample
from thinktalk.voices.sample import SampleChecker

CUSTOM = "custom"
_SAMPLE_RATE = 24_000
_ENROLLED = re.compile(r"voice_[0-9a-f]{32}|qwen-omni-vc-[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True, slots=True)
class ChosenVoice:
    """A name of the catalogue, `custom`, or the id of an `enrolled` voice.

    `is_cloned` says that its sound is to carry the mark of a clone.
    """

    name: str
    enrolled: EnrolledVoice | None = None
    is_cloned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceReader:
    """Reads what a request says of its voice. In strict mode only the family's own names count.

    `speakers` are voices of an engine's own.
    """

    media: MediaLoader
    cloner: Cloner
    samples: SampleChecker
    strict: bool
    owner: str = ""
    speakers: frozenset[str] = frozenset()

    @classmethod
    def of(cls, context: ApiContext) -> Self:
        services = context.services
        return cls(
            media=services.loader,
            cloner=context.cloner,
            samples=services.samples,
            strict=context.settings.server.strict,
            speakers=frozenset(
                name
                for engine in services.engines.values()
                for name in engine.capabilities.speakers
            ),
        )

    def on_behalf_of(self, owner: str) -> Self:
        """The same reader, which also takes samples and voices that are `owner`'s."""
        return replace(self, media=self.media.on_behalf_of(owner), owner=owner)

    async def choose(self, speech: SpeechBody, model: ServedModel) -> ChosenVoice:
        """The voice that is meant.

        Raises:
            UnknownVoice, InvalidField: before any media is touched.
        """
        text_of(speech.voice_text, field="audio.voice_text")
        voice = speech.voice.id if isinstance(speech.voice, VoiceId) else speech.voice
        voice = voice or model.defaults.voice
        known = catalog.voices(model.family if self.strict else None)
        if _ENROLLED.fullmatch(voice):
            return await self._enrolled(voice, model, [other.name for other in known])
        if self.strict:
            names = [other.name for other in known]
            if voice.casefold() not in {name.casefold() for name in names}:
                raise UnknownVoice(voice, names)
        elif voice.casefold() == CUSTOM:
            if speech.voice_sample is None:
                raise InvalidField(
                    "voice 'custom' needs audio.voice_sample with 3 to 60 s of speech",
                    param="audio.voice_sample",
                )
            return ChosenVoice(CUSTOM, is_cloned=self.cloner.can_clone)
        try:
            return ChosenVoice(catalog.resolve(voice).name)
        except UnknownVoice:
            own = {speaker.casefold(): speaker for speaker in self.speakers}
            if self.strict or voice.casefold() not in own:
                raise
            return ChosenVoice(own[voice.casefold()])

    async def options(
        self, speech: SpeechBody, chosen: ChosenVoice, *, language: str | None = None
    ) -> tuple[SpeechOptions, Report | None]:
        """How to speak, with the sample loaded, checked and fitted to, and advice on it.

        Raises:
            MediaError: the sample cannot be loaded.
            VoiceSampleRefused: it is too short, too long or silent.
            RateLimited: the caller has had too many samples fitted.
        """
        speed = 1.0 if self.strict or speech.speed is None else speech.speed
        voice, advice = VoiceRef(chosen.name), None
        if chosen.enrolled is not None:
            voice, told = self.cloner.enrolled(chosen.enrolled)
            advice = Report("voice_report", told)
        elif chosen.name == CUSTOM and speech.voice_sample is not None:
            file = await self.sample_file(speech.voice_sample.data)
            digest = await asyncio.to_thread(file.digest)
            denoise = speech.voice_sample.denoise
            voice, told = await self.cloner.inline(
                f"{digest} denoised" if denoise else digest,
                text_of(speech.voice_text, field="audio.voice_text"),
                lambda: self.checked(file, denoise=denoise),
                self.owner,
            )
            advice = Report("voice_report", told)
        return SpeechOptions(voice=voice, speed=speed, language=language), advice

    async def sample_file(self, address: str) -> MediaFile:
        """The bytes of a sample, by its address.

        Raises:
            MediaError: they cannot be had, or are too many.
        """
        limit = self.cloner.store.settings.max_sample_bytes
        try:
            return await self.media.fetch(address, strict=self.strict, max_bytes=limit)
        except MediaError as error:
            error.param = "audio.voice_sample"
            raise

    async def checked(
        self,
        file: MediaFile,
        *,
        denoise: bool = False,
        denoise_field: str = "audio.voice_sample.denoise",
    ) -> CheckedSample:
        """A sample that is good enough to fit a voice to.

        Raises:
            InvalidField: denoising is asked for (`denoise_field`) and not installed.
            VoiceSampleRefused: it is not.
        """
        audio, rate = await self._sample(file)
        report = await asyncio.to_thread(
            self.samples.check, audio, source_rate=rate, strict=self.strict
        )
        if denoise:
            try:
                audio, report = await asyncio.to_thread(self.samples.clean, audio, report)
            except InvalidField as error:
                error.param = denoise_field
                raise
        # Engines that cannot clone speak with the voice that is nearest.
        nearest = sample.closest_voice(report)
        return CheckedSample(audio=audio, nearest=nearest.name, report=sample.told(report, nearest))

    async def _sample(self, file: MediaFile) -> tuple[Audio, int]:
        """The sample at 24 kHz, and the rate in Hz that it was sent with."""
        try:
            rate = (await self.media.probe(file, "audio")).sample_rate
            audio = await self.media.audio(file, sample_rate=_SAMPLE_RATE, max_s=sample.LONGEST_S)
            return audio, rate
        except MediaTooLong as error:
            raise sample.too_long(error.duration_s) from None
        except (MediaUndecodable, MediaEmpty) as error:
            raise VoiceSampleRefused("Audio.DecoderError", str(error)) from None
        except MediaError as error:
            error.param = "audio.voice_sample"
            raise

    async def _enrolled(self, voice_id: str, model: ServedModel, known: list[str]) -> ChosenVoice:
        try:
            voice = await self.cloner.store.use(voice_id, self.owner)
        except VoiceNotFound:
            if self.strict:
                raise UnknownVoice(voice_id, known) from None
            raise UnknownVoice(
                voice_id, ["the id of an enrolled voice of this key", "a name of the catalogue"]
            ) from None
        # The hosted service binds a voice to the model that it was enrolled for, never a snapshot.
        if self.strict and model.id != (voice.target_model or model.base):
            raise UnknownVoice(voice_id, known)
        return ChosenVoice(voice_id, voice, is_cloned=self.cloner.is_cloned(voice))


def builtin_voices(services: Services) -> list[dict[str, Any]]:
    """What the list of voices shows of each that is built in; nothing where nothing speaks."""
    speaking = [e.capabilities for e in services.engines.values() if e.capabilities.speech]
    if services.synthesizer is None:
        if not speaking:
            return []
        if all(engine.spoken_by for engine in speaking):
            return listing.spoken(speaking[0].speakers, speaking[0].spoken_by)
    return [listing.listed(voice) for voice in catalog.voices()]
