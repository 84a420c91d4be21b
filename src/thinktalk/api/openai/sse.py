"""Server-sent events as the OpenAI surfaces use them: `data:` lines only, errors included."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from thinktalk.api.context import ApiContext, request_id
from thinktalk.api.errors import openai_error
from thinktalk.api.streaming import GrowingResponse
from thinktalk.events import Progress

DONE = b"data: [DONE]\n\n"
# Progress is told from this time on, and this often: an error before it still gets its own status.
_SOON_S, _AGAIN_S = 2.0, 1.0
MEDIA_TYPE = "text/event-stream;charset=UTF-8"


def event(data: dict[str, Any]) -> bytes:
    """One event."""
    return b"data: " + orjson.dumps(data) + b"\n\n"


class Pulse:
    """The comments of a stream: a sign of life, with what is being done and how far it has come."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told_at = clock() + _SOON_S - _AGAIN_S
        self._state = ""

    def note(self, progress: Progress) -> bytes:
        """Take in how far the work is: a comment that says so, if it is time for one."""
        self._state = f" {progress.stage} {progress.fraction:.0%}"
        return self.comment() if self._clock() - self._told_at >= _AGAIN_S else b""

    def comment(self) -> bytes:
        """Clients pass over lines that begin with a colon."""
        self._told_at = self._clock()
        return f": keep-alive{self._state}\n\n".encode()


def event_stream(
    context: ApiContext,
    request: Request,
    pieces: AsyncGenerator[bytes, None],
    end: Callable[[], bytes] = bytes,
    pulse: Pulse | None = None,
    headers: Callable[[], Mapping[str, str]] = dict,
) -> Response:
    """The events in `pieces` as they come, with comments in the pauses; `end` renders the rest.

    `headers` are those known when the first piece is there.
    """
    pulse = pulse or Pulse()

    def on_error(error: Exception) -> bytes:
        """An error that comes after the status line; the stream ends without `[DONE]`."""
        context.count_error(error, request_id(request))
        return event({"error": openai_error(error)})

    return GrowingResponse(
        pieces,
        media_type=MEDIA_TYPE,
        stall_s=context.settings.limits.request_timeout_s,
        end=end,
        keep_alive=pulse.comment,
        keep_alive_s=context.settings.server.keep_alive_s,
        on_error=on_error,
        late_headers=headers,
    )
