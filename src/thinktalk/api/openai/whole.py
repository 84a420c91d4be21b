"""A chat answer in one piece."""

from __future__ import annotations

import asyncio
import base64
from contextlib import aclosing
from typing import Any

from thinktalk.api.openai.exchange import Exchange
from thinktalk.api.openai.sound import SpeechFile
from thinktalk.api.openai.usage import usage_body
from thinktalk.errors import EngineFailed
from thinktalk.events import AudioDelta, Event, Finished, TextDelta, ToolCallDelta


class _Choice:
    """One whole answer, being collected."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._texts: list[str] = []
        self._calls: list[dict[str, str]] = []
        self._sound: SpeechFile | None = None
        self._reason = "stop"

    def add(self, event: Event) -> None:
        match event:
            case TextDelta(text):
                self._texts.append(text)
            case AudioDelta(audio):
                if self._sound is None:
                    self._sound = SpeechFile(
                        self._exchange.file_format, is_cloned=self._exchange.is_cloned
                    )
                self._sound.add(audio)
            case ToolCallDelta():
                while len(self._calls) <= event.index:
                    self._calls.append({"id": "", "name": "", "arguments": ""})
                call = self._calls[event.index]
                call["id"] = event.id or call["id"]
                call["name"] = event.name or call["name"]
                call["arguments"] += event.arguments
            case Finished(reason):
                self._reason = reason

    def body(self, index: int) -> dict[str, Any]:
        text = "".join(self._texts)
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if self._sound is not None:
            self._exchange.remember(text)
            message["audio"] = {
                "id": self._exchange.audio_id,
                "data": base64.b64encode(self._sound.finish()).decode(),
                "expires_at": self._exchange.expires_at,
                "transcript": text,
            }
        if self._calls:
            message["tool_calls"] = [
                {
                    "id": call["id"],
                    "type": "function",
                    "index": position,
                    "function": {"name": call["name"], "arguments": call["arguments"]},
                }
                for position, call in enumerate(self._calls)
            ]
        return {
            "index": index,
            "finish_reason": self._reason,
            "logprobs": None,
            "message": message,
        }


async def whole_answer(exchange: Exchange, stall_s: float) -> dict[str, Any]:
    """The body.

    Raises:
        EngineFailed: nothing came for `stall_s`.
    """
    choices = [_Choice(exchange) for _ in range(exchange.chat.num_choices)]
    loop = asyncio.get_running_loop()
    try:
        async with (
            asyncio.timeout(stall_s) as stall,
            aclosing(exchange.answer.events()) as events,
        ):
            async for choice, event in events:
                stall.reschedule(loop.time() + stall_s)
                choices[choice].add(event)
    except TimeoutError:
        raise EngineFailed(f"no progress for {stall_s:g} s") from None
    return {
        "id": exchange.completion_id,
        "object": "chat.completion",
        "created": exchange.created,
        "model": exchange.chat.model.id,
        "system_fingerprint": None,
        "choices": [choice.body(index) for index, choice in enumerate(choices)],
        "usage": usage_body(exchange.answer.usage),
        **exchange.reports(),
    }
