"""`POST /v1/chat/completions`: read, check, hand over to `serving`, write the answer."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from thinktalk.api.body import read_json
from thinktalk.api.context import ApiContext, caller, request_id
from thinktalk.api.json_response import json_response
from thinktalk.api.openai.exchange import Exchange
from thinktalk.api.openai.messages import read_messages
from thinktalk.api.openai.request import ChatRequest, read_model, read_request
from thinktalk.api.openai.sse import event_stream
from thinktalk.api.openai.streamed import StreamedAnswer
from thinktalk.api.openai.voices import ChosenVoice, VoiceReader
from thinktalk.api.openai.whole import whole_answer
from thinktalk.api.streaming import while_connected
from thinktalk.engines.base import Capabilities, GenerateRequest, Recognizer, SpeechOptions
from thinktalk.errors import ModelNotFound, NoRecognizer
from thinktalk.events import Report
from thinktalk.serving.fitting import MediaFitting, about_text_tokens
from thinktalk.serving.hearing import TranscribingEngine
from thinktalk.serving.models import ServedModel


class ChatCompletions:
    """Answers chat requests, streamed and whole."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._server = context.settings.server
        self._voices = VoiceReader.of(context)

    async def create(self, request: Request) -> Response:
        raw = await read_json(request, self._server.max_body_bytes, self._context.bodies)
        model = read_model(raw)
        if model.kind == "omni" and model.tier not in self._context.services.engines:
            raise ModelNotFound(model.id)
        request.state.completion_id = f"chatcmpl-{request_id(request)}"
        chat = await self._read(raw, model)
        exchange = await self._open(chat, request)
        if chat.is_stream:
            answer = StreamedAnswer(exchange, self._server.audio_text)
            return event_stream(
                self._context,
                request,
                answer.pieces(),
                answer.end,
                answer.pulse,
                exchange.headers,
            )
        stall_s = self._context.settings.limits.request_timeout_s
        body = await while_connected(request.receive, whole_answer(exchange, stall_s))
        return json_response(body, headers=exchange.headers())

    async def _read(self, raw: dict[str, Any], model: ServedModel) -> ChatRequest:
        strict = self._server.strict
        if raw.get("tools") or raw.get("response_format"):
            # Checking schemas may take seconds, in which others have to be answered.
            return await asyncio.to_thread(read_request, raw, model, strict=strict)
        return read_request(raw, model, strict=strict)

    async def _open(self, chat: ChatRequest, request: Request) -> Exchange:
        owner = caller(request)
        voices, voice = self._voices.on_behalf_of(owner), None
        if chat.speech is not None:
            voice = await voices.choose(chat.speech, chat.model)
        reports: list[Report] = []

        async def build(capabilities: Capabilities) -> GenerateRequest:
            speech = await self._speech(chat, voices, voice, reports)
            return await self._request(chat, speech, capabilities, reports, owner)

        engine = None
        if chat.model.kind == "transcription":
            options = chat.body.asr_options or {}
            engine = TranscribingEngine(self._recognizer(), options.get("language"))
        answer = self._context.answering.answer(
            chat.model,
            build,
            caller=caller(request),
            num_choices=chat.num_choices,
            engine=engine,
        )
        is_cloned = voice is not None and voice.is_cloned
        return Exchange(self._context, chat, request_id(request), answer, reports, is_cloned)

    def _recognizer(self) -> Recognizer:
        if self._context.services.recognizer is None:
            raise NoRecognizer("qwen3-asr-flash")
        return self._context.services.recognizer

    async def _speech(
        self,
        chat: ChatRequest,
        voices: VoiceReader,
        voice: ChosenVoice | None,
        reports: list[Report],
    ) -> SpeechOptions | None:
        if chat.speech is None or voice is None:
            return None
        options, report = await voices.options(chat.speech, voice)
        if report is not None:
            reports.append(report)
        return options

    async def _request(
        self,
        chat: ChatRequest,
        speech: SpeechOptions | None,
        capabilities: Capabilities,
        reports: list[Report],
        owner: str,
    ) -> GenerateRequest:
        draft = read_messages(chat.body, self._context.replies.transcript)
        fitting = media_fitting(self._context, chat, capabilities, owner)
        fitted = await fitting.load(draft.attachments, about_text_tokens(draft.texts))
        if fitted.report is not None:
            reports.append(fitted.report)
        return GenerateRequest(
            messages=draft.filled(fitted.parts),
            media_policy=fitted.policy,
            sampling=chat.sampling,
            speech=speech,
            tools=chat.tools,
            tool_choice=chat.tool_choice,
            parallel_tool_calls=bool(chat.body.parallel_tool_calls),
            response_format=chat.reply_format,
        )


def media_fitting(
    context: ApiContext, chat: ChatRequest, capabilities: Capabilities, owner: str
) -> MediaFitting:
    """How the media of this request are fitted, for an engine of these capabilities.

    Args:
        owner: whose uploaded files it may refer to.
    """
    return MediaFitting.of(
        context.services.loader.on_behalf_of(owner),
        context.settings,
        capabilities,
        family=chat.model.family,
        policy=chat.body.media_policy,
        high_resolution=bool(chat.body.vl_high_resolution_images),
    )
