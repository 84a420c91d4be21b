"""`POST /v1/media/plan`: what a chat request would cost, and what would become of its media."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from thinktalk.api.body import read_json
from thinktalk.api.context import ApiContext, caller
from thinktalk.api.json_response import json_response
from thinktalk.api.openai.chat import media_fitting
from thinktalk.api.openai.messages import read_messages
from thinktalk.api.openai.request import read_model, read_request
from thinktalk.api.streaming import while_connected
from thinktalk.errors import ModelNotFound
from thinktalk.serving.fitting import about_text_tokens
from thinktalk.serving.media_plan import media_plan


class MediaPlan:
    """Takes the body of a chat completion. No model is called, none has to be loaded."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    async def plan(self, request: Request) -> Response:
        context, server = self._context, self._context.settings.server
        raw = await read_json(request, server.max_body_bytes, context.bodies)
        model = read_model(raw)
        if model.tier not in context.services.engines:
            raise ModelNotFound(model.id)
        chat = read_request(raw, model, strict=server.strict)
        draft = read_messages(chat.body, context.replies.transcript)
        capabilities = context.services.engines[model.tier].capabilities
        owner, text_tokens = caller(request), about_text_tokens(draft.texts)
        media = media_fitting(context, chat, capabilities, owner)
        context.rates.admit(owner)
        async with context.admission.place():
            planning = media_plan(media, draft.attachments, text_tokens, model, capabilities)
            return json_response(await while_connected(request.receive, planning))
