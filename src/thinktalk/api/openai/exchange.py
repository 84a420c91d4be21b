"""One chat request with its answer, and the names that tie the parts of the answer together."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from thinktalk.api.context import ApiContext
from thinktalk.api.openai.request import ChatRequest
from thinktalk.events import Report
from thinktalk.media.encode import AudioFormat
from thinktalk.serving.answering import Answer
from thinktalk.serving.replies import LIFETIME_S

_MAX_HEADER_CHARS = 500


@dataclass(slots=True)
class Exchange:
    """`advice` is what was found out about the request before its answer began.

    `is_cloned` says that its speech is in a cloned voice, which the sound tells of itself.
    """

    context: ApiContext
    chat: ChatRequest
    uuid: str
    answer: Answer
    advice: list[Report]
    is_cloned: bool = False
    created: int = field(default_factory=lambda: int(time.time()))

    @property
    def completion_id(self) -> str:
        return f"chatcmpl-{self.uuid}"

    @property
    def audio_id(self) -> str:
        return f"audio_{self.uuid}"

    @property
    def expires_at(self) -> int:
        return self.created + LIFETIME_S

    def reports(self) -> dict[str, Any]:
        """What callers should know of, by key; nothing in strict mode.

        Reports of one kind are one: each adds keys of its own.
        """
        merged: dict[str, Any] = {}
        if self.context.settings.server.strict:
            return merged
        for report in (*self.advice, *self.answer.reports):
            merged[report.kind] = merged.get(report.kind, {}) | report.data
        return merged

    def headers(self) -> dict[str, str]:
        """What is known by now of the media, in short; nothing in strict mode."""
        report = self.reports().get("media_report", {})
        lines = (report.get("summary"), report.get("window", {}).get("summary"))
        text = "; ".join(line for line in lines if line)
        # A part is named by numbers, but what stands in a header is never left to chance.
        short = "".join(sign if " " <= sign <= "~" else "?" for sign in text)
        if len(short) > _MAX_HEADER_CHARS:
            short = short[: _MAX_HEADER_CHARS - 3] + "..."
        return {"x-media-report": short} if short else {}

    def remember(self, transcript: str) -> None:
        """Keep what was spoken, for later turns that refer to it."""
        self.context.replies.remember(self.audio_id, transcript)

    @property
    def file_format(self) -> AudioFormat:
        """The format of the speech in a whole answer."""
        return (self.chat.speech and self.chat.speech.format) or "wav"

    @property
    def stream_format(self) -> AudioFormat:
        """A stream of `wav` has no header: the hosted service sends bare PCM."""
        return "pcm16" if self.file_format == "wav" else self.file_format
