"""Chunks of a streamed chat answer, as bytes.

All chunks of an answer share everything but `choices` and `usage`; that part is rendered once. A
chunk holds either text or sound, never both, since official decoders take the two as exclusive.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Mapping
from typing import Any

import orjson

from thinktalk.events import ToolCallDelta

CHUNK_BYTES = 9_600  # 200 ms of 24 kHz 16-bit mono; a multiple of 6


class ChunkWriter:
    """Renders the chunks of one answer with the given id."""

    def __init__(
        self, *, completion_id: str, model: str, created: int, audio_id: str, expires_at: int
    ) -> None:
        shared = orjson.dumps(
            {
                "created": created,
                "system_fingerprint": None,
                "model": model,
                "id": completion_id,
            }
        )[1:]
        self._after_choices = b'],"object":"chat.completion.chunk","usage":null,' + shared
        self._shared = shared
        self._audio_tail = orjson.dumps({"expires_at": expires_at, "id": audio_id})[1:]
        self._audio_id = orjson.dumps(audio_id)

    def role(self, choice: int, *, is_thinking: bool = False) -> bytes:
        delta: dict[str, Any] = {"role": "assistant", "content": ""}
        if is_thinking:
            delta = {"content": None, "role": "assistant", "reasoning_content": ""}
        return self._chunk(choice, orjson.dumps(delta))

    def text(self, choice: int, text: str) -> bytes:
        return self._chunk(choice, b'{"content":' + orjson.dumps(text) + b"}")

    def transcript(self, choice: int, text: str) -> bytes:
        """Text in the place where OpenAI's own service puts it."""
        return self._chunk(
            choice,
            b'{"audio":{"transcript":%b,"id":%b}}' % (orjson.dumps(text), self._audio_id),
        )

    def audio(self, choice: int, sound: bytes | memoryview) -> bytes:
        encoded = b2a_base64(sound, newline=False)
        return self._chunk(
            choice, b'{"audio":{"data":"' + encoded + b'",' + self._audio_tail + b"}"
        )

    def tool_call(self, choice: int, delta: ToolCallDelta) -> bytes:
        function = {"arguments": delta.arguments}
        if delta.name is not None:
            function = {"name": delta.name, **function}
        call = {
            "index": delta.index,
            "id": delta.id or "",
            "type": "function",
            "function": function,
        }
        return self._chunk(choice, orjson.dumps({"tool_calls": [call]}))

    def finish(self, choice: int, reason: str, reports: Mapping[str, Any] | None = None) -> bytes:
        """The end of a choice. `reports` are extra top-level keys."""
        chunk = self._chunk(choice, b'{"content":""}', orjson.dumps(reason))
        if not reports:
            return chunk
        return chunk[: -len(b"}\n\n")] + b"," + orjson.dumps(reports)[1:] + b"\n\n"

    def usage(self, usage: Mapping[str, Any]) -> bytes:
        return (
            b'data: {"choices":[],"object":"chat.completion.chunk","usage":'
            + orjson.dumps(usage)
            + b","
            + self._shared
            + b"\n\n"
        )

    def _chunk(self, choice: int, delta: bytes, reason: bytes = b"null") -> bytes:
        return (
            b'data: {"choices":[{"index":%d,"delta":' % choice
            + delta
            + b',"finish_reason":'
            + reason
            + b',"logprobs":null}'
            + self._after_choices
            + b"\n\n"
        )


class SoundCutter:
    """Cuts a byte stream into pieces that decode alone and together.

    Clients decode base64 piece by piece, or join the base64 and decode once. For both, every piece
    but the last has to hold whole samples and whole base64 groups: a multiple of 6 bytes. What is
    left over stays for the next call; at most 5 bytes, so no sound is held back.
    """

    def __init__(self) -> None:
        self._rest = b""

    def cut(self, sound: bytes) -> list[bytes]:
        data = self._rest + sound if self._rest else sound
        whole = len(data) - len(data) % 6
        self._rest = data[whole:]
        return [data[at : min(at + CHUNK_BYTES, whole)] for at in range(0, whole, CHUNK_BYTES)]

    def rest(self) -> bytes:
        """What is left at the end; may be shorter than a group."""
        rest, self._rest = self._rest, b""
        return rest
