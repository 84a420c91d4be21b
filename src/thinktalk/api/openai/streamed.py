"""A chat answer as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from thinktalk.api.openai.chunks import ChunkWriter, SoundCutter
from thinktalk.api.openai.exchange import Exchange
from thinktalk.api.openai.sound import SpeechEncoder
from thinktalk.api.openai.sse import DONE, Pulse
from thinktalk.api.openai.usage import usage_body
from thinktalk.events import AudioDelta, Event, Finished, Progress, TextDelta, ToolCallDelta


class StreamedAnswer:
    """Renders the events of an exchange as server-sent events."""

    def __init__(self, exchange: Exchange, audio_text: str) -> None:
        self._exchange = exchange
        self._is_spoken = exchange.chat.speech is not None
        self._texts = audio_text if self._is_spoken else "content"
        self._writer = ChunkWriter(
            completion_id=exchange.completion_id,
            model=exchange.chat.model.id,
            created=exchange.created,
            audio_id=exchange.audio_id,
            expires_at=exchange.expires_at,
        )
        self._cutter = SoundCutter()
        self._encoder: SpeechEncoder | None = None
        self._spoken: list[str] = []
        self._rest = b""
        self.pulse = Pulse()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield whole events, and comments; an empty piece where there is only a sign of life."""
        chat, begun = self._exchange.chat, -1
        async with aclosing(self._exchange.answer.events()) as events:
            async for choice, event in events:
                if isinstance(event, Progress):
                    yield self.pulse.note(event)
                    continue
                chunk = self._render(choice, event)
                if chunk and choice != begun:
                    begun = choice
                    chunk = self._writer.role(choice, is_thinking=chat.is_thinking) + chunk
                if choice == chat.num_choices - 1 and isinstance(event, Finished):
                    self._rest, chunk = chunk, b""  # nothing is to come that it should precede
                yield chunk

    def end(self) -> bytes:
        """The events that end a whole answer."""
        if self._encoder is not None:
            self._exchange.remember("".join(self._spoken))
        if not self._exchange.chat.include_usage:
            return self._rest + DONE
        return self._rest + self._writer.usage(usage_body(self._exchange.answer.usage)) + DONE

    def _render(self, choice: int, event: Event) -> bytes:
        match event:
            case TextDelta(text):
                return self._text(choice, text)
            case AudioDelta(audio):
                if self._encoder is None:
                    self._encoder = SpeechEncoder(
                        self._exchange.stream_format, is_cloned=self._exchange.is_cloned
                    )
                return self._sound(choice, self._encoder.encode(audio))
            case ToolCallDelta():
                return self._writer.tool_call(choice, event)
            case Finished(reason):
                return self._tail(choice) + self._writer.finish(
                    choice, reason, self._exchange.reports()
                )
        return b""

    def _text(self, choice: int, text: str) -> bytes:
        if self._is_spoken:
            self._spoken.append(text)
        chunk = b""
        if self._texts != "transcript":
            chunk = self._writer.text(choice, text)
        if self._texts != "content":
            chunk += self._writer.transcript(choice, text)
        return chunk

    def _sound(self, choice: int, data: bytes) -> bytes:
        return b"".join(self._writer.audio(choice, piece) for piece in self._cutter.cut(data))

    def _tail(self, choice: int) -> bytes:
        """The end of the sound: nothing may follow the finish reason."""
        if self._encoder is None:
            return b""
        chunk = self._sound(choice, self._encoder.close())
        rest = self._cutter.rest()
        return chunk + self._writer.audio(choice, rest) if rest else chunk
