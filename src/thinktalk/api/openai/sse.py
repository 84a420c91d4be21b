"""Server-sent events as the OpenAI surfaces use them: `data:` lines only, errors included."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from thinktalk.api.context import ApiContext, request_id
from thinktalk.api.errors import openai_error
from thinktalk.api.streaming import GrowingResponse

DONE = b"data: [DONE]\n\n"
KEEP_ALIVE = b": keep-alive\n\n"
MEDIA_TYPE = "text/event-stream;charset=UTF-8"


def event(data: dict[str, Any]) -> bytes:
    """One event."""
    return b"data: " + orjson.dumps(data) + b"\n\n"


def event_stream(
    context: ApiContext,
    request: Request,
    pieces: AsyncGenerator[bytes, None],
    end: Callable[[], bytes] = bytes,
) -> Response:
    """The events in `pieces` as they come, with comments in the pauses; `end` renders the rest."""

    def on_error(error: Exception) -> bytes:
        """An error that comes after the status line; the stream ends without `[DONE]`."""
        context.count_error(error, request_id(request))
        return event({"error": openai_error(error)})

    return GrowingResponse(
        pieces,
        media_type=MEDIA_TYPE,
        stall_s=context.settings.limits.request_timeout_s,
        end=end,
        keep_alive=KEEP_ALIVE,
        keep_alive_s=context.settings.server.keep_alive_s,
        on_error=on_error,
    )
