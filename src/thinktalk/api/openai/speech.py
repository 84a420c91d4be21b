"""`POST /v1/audio/speech`: a text in, its sound out, while it is still being spoken."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from thinktalk.api.body import read_json
from thinktalk.api.context import ApiContext, caller
from thinktalk.api.openai.schemas import (
    SpeechBody,
    Speed,
    VoiceId,
    VoiceSample,
    Wire,
    parse,
)
from thinktalk.api.openai.sound import SpeechEncoder
from thinktalk.api.openai.sse import event, event_stream
from thinktalk.api.openai.voices import VoiceReader
from thinktalk.api.streaming import GrowingResponse
from thinktalk.engines import languages
from thinktalk.errors import InvalidField, NoSynthesizer
from thinktalk.media.budget import output_audio_tokens
from thinktalk.media.types import Audio
from thinktalk.serving.models import for_audio

MAX_INPUT_CHARACTERS = 100_000
MAX_INSTRUCTIONS_CHARACTERS = 10_000
_LENGTH_MESSAGE = f"Range of input length should be [1, {MAX_INPUT_CHARACTERS}]"


def _is_speakable(text: str) -> bool:
    return bool(text.strip()) and len(text) <= MAX_INPUT_CHARACTERS


class SpeakBody(Wire):
    """`POST /v1/audio/speech`."""

    model: str
    input: str
    voice: str | VoiceId | None = None
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] | None = None
    speed: Speed = None
    stream_format: Literal["audio", "sse"] | None = None
    language: str | None = None
    voice_sample: VoiceSample | None = None
    voice_text: str | None = None
    instructions: str | None = None


class Speech:
    """Speaks a text."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._server = context.settings.server
        self._voices = VoiceReader.of(context)

    async def create(self, request: Request) -> Response:
        raw = await read_json(request, self._server.max_body_bytes, self._context.bodies)
        body = parse(SpeakBody, raw)
        if not _is_speakable(body.input):
            raise InvalidField(f"{_LENGTH_MESSAGE} (got {len(body.input)})", param="input")
        if len(body.instructions or "") > MAX_INSTRUCTIONS_CHARACTERS:
            raise InvalidField(
                f"instructions have {len(body.instructions or '')} characters; "
                f"the limit is {MAX_INSTRUCTIONS_CHARACTERS}",
                param="instructions",
            )
        synthesizer = self._context.services.synthesizer
        if synthesizer is None:
            raise NoSynthesizer(body.model)
        wanted = SpeechBody(
            voice=body.voice,
            voice_sample=body.voice_sample,
            voice_text=body.voice_text,
            speed=body.speed,
        )
        voices = self._voices.on_behalf_of(caller(request))
        voice = await voices.choose(wanted, for_audio(body.model))
        language = languages.asked_for(body.language, field="language")
        self._context.readiness.check()
        self._context.rates.admit(caller(request))

        async def sound() -> AsyncGenerator[Audio, None]:
            is_empty = True
            async with self._context.admission.place():
                options, _ = await voices.options(wanted, voice, language=language)
                options = replace(options, instructions=body.instructions)
                async with aclosing(synthesizer.synthesize(body.input, options)) as deltas:
                    async for delta in deltas:
                        is_empty = False
                        self._context.metrics.audio_out_s.inc(delta.audio.duration_s)
                        yield delta.audio
            if is_empty:
                raise InvalidField(
                    "nothing in the input can be spoken: it has no words or numbers", param="input"
                )

        return self._response(request, body, sound(), is_cloned=voice.is_cloned)

    def _response(
        self,
        request: Request,
        body: SpeakBody,
        sound: AsyncGenerator[Audio, None],
        *,
        is_cloned: bool,
    ) -> Response:
        encoder = SpeechEncoder(body.response_format or "mp3", is_cloned=is_cloned)
        headers = {"x-thinktalk-voice": "cloned"} if is_cloned else {}
        if body.stream_format == "sse":
            num_words = len(body.input.split())
            events = _events(sound, encoder, num_words)
            return event_stream(self._context, request, events, headers=lambda: headers)
        return GrowingResponse(
            _encoded(sound, encoder),
            media_type=encoder.content_type,
            stall_s=self._context.settings.limits.request_timeout_s,
            headers=headers,
        )


async def _encoded(
    sound: AsyncGenerator[Audio, None], encoder: SpeechEncoder
) -> AsyncGenerator[bytes, None]:
    async with aclosing(sound):
        async for audio in sound:
            yield encoder.encode(audio)
    yield encoder.close()


async def _events(
    sound: AsyncGenerator[Audio, None], encoder: SpeechEncoder, num_words: int
) -> AsyncGenerator[bytes, None]:
    duration_s = 0.0
    async with aclosing(sound):
        async for audio in sound:
            duration_s += audio.duration_s
            yield _delta(encoder.encode(audio))
    output_tokens = output_audio_tokens(duration_s)
    usage = {
        "input_tokens": num_words,
        "output_tokens": output_tokens,
        "total_tokens": num_words + output_tokens,
    }
    yield _delta(encoder.close()) + event({"type": "speech.audio.done", "usage": usage})


def _delta(data: bytes) -> bytes:
    if not data:
        return b""
    return event({"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()})
