"""A client of any Qwen3.5-Omni-compatible chat endpoint: one question in, a stream of deltas out.

Speaks `POST {base_url}/chat/completions` with streaming on. Nothing is retried once a delta has
come. Knows nothing of engines.
"""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

import httpx
import numpy as np
import orjson

from thinktalk.errors import BadRequest, Busy, EngineFailed, MediaUndecodable, ThinktalkError
from thinktalk.events import (
    AudioDelta,
    Event,
    Finished,
    Progress,
    Report,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from thinktalk.media.encode import wav_file
from thinktalk.media.sniff import sniff
from thinktalk.media.types import Audio
from thinktalk.retry import RetryPolicy

STREAM_SAMPLE_RATE = 24_000
# In base64 more would come near the limit of a request's body.
_MAX_INLINE_BYTES = 64 * 1024 * 1024
# The wire's audio is 16-bit; -50 dBFS is where a listener would begin to hear it.
_AUDIBLE = 10 ** (-50 / 20)


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask: text, files of any kind, and how to answer. `voice` None means text only."""

    text: str
    files: tuple[str, ...] = ()
    model: str = "qwen3.5-omni-flash"
    voice: str | None = None
    system: str | None = None
    history: tuple[dict[str, Any], ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def body(self, uploaded: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON of the request. Raises `MediaUndecodable` and `OSError` for bad files.

        Args:
            uploaded: ids of the files that the server has already, by their name here.
        """
        ids = uploaded or {}
        content: list[dict[str, Any]] = [
            {"type": "file", "file": {"file_id": ids[name]}} if name in ids else _part(name)
            for name in self.files
        ]
        if self.text:
            content.append({"type": "text", "text": self.text})
        messages: list[dict[str, Any]] = []
        if self.system:
            messages.append({"role": "system", "content": self.system})
        messages += [*self.history, {"role": "user", "content": content}]
        body: dict[str, Any] = {
            "model": self.model,
            "messages": messages,
            "stream": True,
            "stream_options": {"include_usage": True},
            **self.options,
        }
        if self.voice:
            body["modalities"] = ["text", "audio"]
            body["audio"] = {"voice": self.voice, "format": "pcm16"}
        return body


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """The speech of a reply."""

    audio: Audio

    @property
    def duration_s(self) -> float:
        return self.audio.duration_s

    def wav(self) -> bytes:
        return wav_file(self.audio)

    def save(self, path: str | Path) -> Path:
        """Write a 16-bit WAV file; returns its path."""
        path = Path(path)
        path.write_bytes(self.wav())
        return path


@dataclass(slots=True)
class Reply:
    """An answer, complete or growing. Times are seconds since the request was sent."""

    model: str
    text: str = ""
    finish_reason: str | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    reports: dict[str, Any] = field(default_factory=dict)
    tool_calls: list[dict[str, str]] = field(default_factory=list)
    first_text_s: float | None = None
    first_sound_s: float | None = None
    total_s: float | None = None
    _sound: list[Audio] = field(default_factory=list)

    @property
    def audio(self) -> Sound | None:
        if not self._sound:
            return None
        samples = np.concatenate([piece.samples for piece in self._sound])
        return Sound(Audio(samples, self._sound[0].sample_rate))

    def add(self, event: Event, elapsed_s: float) -> None:
        """Take in one event, `elapsed_s` after the request."""
        if isinstance(event, TextDelta):
            self.first_text_s = self.first_text_s or elapsed_s
            self.text += event.text
        elif isinstance(event, AudioDelta):
            if self.first_sound_s is None and np.abs(event.audio.samples).max() >= _AUDIBLE:
                self.first_sound_s = elapsed_s
            self._sound.append(event.audio)
        elif isinstance(event, ToolCallDelta):
            while len(self.tool_calls) <= event.index:
                self.tool_calls.append({"id": "", "name": "", "arguments": ""})
            call = self.tool_calls[event.index]
            call["id"] = call["id"] or event.id or ""
            call["name"] = call["name"] or event.name or ""
            call["arguments"] += event.arguments
        elif isinstance(event, Report):
            self.reports[event.kind] = event.data
        elif isinstance(event, Finished):
            self.finish_reason, self.total_s = event.reason, elapsed_s


class Client:
    """Asks one server. Use as an async context manager, or call `close`."""

    def __init__(
        self,
        base_url: str,
        api_key: str = "none",
        *,
        retry: RetryPolicy | None = None,
        timeout_s: float = 300.0,
    ) -> None:
        self._retry = retry or RetryPolicy()
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=httpx.Timeout(timeout_s, connect=10.0),
            trust_env=False,
        )

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def stream(self, question: Question) -> AsyncGenerator[tuple[Event, Reply], None]:
        """Yield each event with the reply so far; the last event is `Finished`."""
        reply = Reply(question.model)
        started = time.perf_counter()
        async with self._uploaded(question.files) as ids:
            body = orjson.dumps(question.body(ids))
            async with aclosing(self._retry.stream(lambda: self._once(body, reply))) as events:
                async for event in events:
                    reply.add(event, time.perf_counter() - started)
                    yield event, reply

    @asynccontextmanager
    async def _uploaded(self, names: Sequence[str]) -> AsyncGenerator[dict[str, str], None]:
        """Files that are too large to send within a question, sent before it, and removed after."""
        ids: dict[str, str] = {}
        try:
            for name, path in _large(names):
                with path.open("rb") as file:
                    response = await self._http.post(
                        "files",
                        data={"purpose": "user_data"},
                        files={"file": (path.name, file)},
                        timeout=httpx.Timeout(None, connect=10.0),
                    )
                response.raise_for_status()
                ids[name] = str(response.json()["id"])
            yield ids
        finally:
            for file_id in ids.values():
                with suppress(httpx.HTTPError):
                    await self._http.delete(f"files/{file_id}")

    async def voices(self) -> list[dict[str, Any]]:
        """The voices that the server lists."""
        response = await self._http.get("audio/voices")
        response.raise_for_status()
        found: list[dict[str, Any]] = response.json()["data"]
        return found

    async def speak(
        self, text: str, voice: str, file_format: str, speed: float, language: str | None = None
    ) -> bytes:
        """The bytes of a sound file that says `text`."""
        body: dict[str, Any] = {"model": "tts-1", "input": text, "voice": voice, "speed": speed}
        if language:
            body["language"] = language
        response = await self._http.post(
            "audio/speech", json={**body, "response_format": file_format}
        )
        response.raise_for_status()
        return response.content

    async def transcribe(
        self,
        file: tuple[str, BinaryIO],
        response_format: str,
        language: str | None,
        *,
        translate: bool,
        on_progress: Callable[[float], None] | None = None,
    ) -> str:
        """The transcript of `file` (name, opened) as the wire's `response_format` gives it.

        Args:
            on_progress: told the share that is done, in [0, 1], where the server says it.
        """
        name = "translations" if translate else "transcriptions"
        fields = {"model": "whisper-1", "response_format": response_format, "stream": "true"}
        if language and not translate:
            fields["language"] = language
        # Hours of speech are sent, and a server that does not stream answers when all is done.
        patience = httpx.Timeout(None, connect=10.0)
        async with self._http.stream(
            "POST", f"audio/{name}", data=fields, files={"file": file}, timeout=patience
        ) as response:
            if response.status_code != 200:
                await response.aread()
                response.raise_for_status()
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                return (await response.aread()).decode()
            async for line in response.aiter_lines():
                if on_progress and (progress := _progress_in(line)) is not None:
                    on_progress(progress.fraction)
                elif line.startswith("data: {"):
                    event = orjson.loads(line[6:])
                    if error := event.get("error"):
                        raise EngineFailed(error.get("message", "the server failed on the way"))
                    if event["type"] == "transcript.text.done":
                        return _transcript(event, response_format)
        raise EngineFailed("the connection ended before the answer did")

    async def _once(self, body: bytes, reply: Reply) -> AsyncGenerator[Event, None]:
        request = self._http.build_request(
            "POST", "chat/completions", content=body, headers={"Content-Type": "application/json"}
        )
        response = await self._http.send(request, stream=True)
        try:
            if response.status_code != 200:
                await response.aread()
                response.raise_for_status()
            reason = "stop"
            async for line in response.aiter_lines():
                if (progress := _progress_in(line)) is not None:
                    yield progress
                if not line.startswith("data: "):
                    continue
                if line == "data: [DONE]":
                    yield Finished(reason, Usage())  # type: ignore[arg-type]
                    return
                chunk = orjson.loads(line[6:])
                if error := chunk.get("error"):
                    raise EngineFailed(error.get("message", "the server failed in mid-answer"))
                reply.usage = chunk.get("usage") or reply.usage
                for event in _events(chunk):
                    yield event
                for choice in chunk["choices"]:
                    reason = choice["finish_reason"] or reason
            raise EngineFailed("the connection ended before the answer did")
        finally:
            await response.aclose()


def _progress_in(comment: str) -> Progress | None:
    """How far the work is, from a comment such as `: keep-alive listening 42%`."""
    match comment.split():
        case [":", "keep-alive", stage, share] if share[:-1].isdecimal():
            return Progress(stage, int(share[:-1]) / 100)
    return None


def _transcript(done: dict[str, Any], response_format: str) -> str:
    if "rendered" in done:
        return str(done["rendered"])
    if response_format == "text":
        return str(done["text"]) + "\n"
    return orjson.dumps({"text": done["text"], "usage": done.get("usage")}).decode()


def as_error(failure: httpx.HTTPError) -> ThinktalkError:
    """The failure as one of ours, with the server's own message where it sent one."""
    if isinstance(failure, httpx.HTTPStatusError):
        status = failure.response.status_code
        try:
            message = str(failure.response.json()["error"]["message"])
        except (ValueError, KeyError, TypeError, httpx.ResponseNotRead):
            message = f"the server answered {status}"
        if status == 429:
            wait = failure.response.headers.get("retry-after", "1")
            return Busy(message, retry_after_s=float(wait) if wait.isdigit() else 1.0)
        return BadRequest(message) if 400 <= status < 500 else EngineFailed(message)
    if isinstance(failure, httpx.ConnectError):
        url = failure.request.url
        return EngineFailed(f"no server answers at {url.host}:{url.port}")
    return EngineFailed(str(failure) or type(failure).__name__)


def _events(chunk: dict[str, Any]) -> Sequence[Event]:
    events: list[Event] = []
    for choice in chunk["choices"]:
        delta = choice["delta"]
        if text := delta.get("content"):
            events.append(TextDelta(text))
        if data := (delta.get("audio") or {}).get("data"):
            samples = np.frombuffer(base64.b64decode(data), "<i2").astype(np.float32)
            events.append(AudioDelta(Audio(samples / np.float32(32768), STREAM_SAMPLE_RATE)))
        for call in delta.get("tool_calls") or ():
            function = call["function"]
            events.append(
                ToolCallDelta(
                    call["index"],
                    function.get("arguments") or "",
                    call.get("id") or None,
                    function.get("name") or None,
                )
            )
    kinds: tuple[Literal["media_report", "voice_report"], ...] = ("media_report", "voice_report")
    for kind in kinds:
        if kind in chunk:
            events.append(Report(kind, chunk[kind]))
    return events


def _is_address(name: str) -> bool:
    return name.startswith(("http://", "https://"))


def _large(names: Sequence[str]) -> list[tuple[str, Path]]:
    paths = [(name, Path(name).expanduser()) for name in names if not _is_address(name)]
    return [(name, path) for name, path in paths if path.stat().st_size > _MAX_INLINE_BYTES]


def _part(name: str) -> dict[str, Any]:
    """A content part for a file or an http(s) address, by what it holds."""
    if _is_address(name):
        # The server sees the bytes; the ending is all there is to go by here.
        return _address_part(name, _kind_of_ending(name))
    data = Path(name).expanduser().read_bytes()
    found = sniff(data)
    if found is None:
        raise MediaUndecodable("image", f"{name} is no picture, sound or video")
    return _address_part(f"data:;base64,{base64.b64encode(data).decode()}", found.kind)


def _address_part(address: str, kind: str) -> dict[str, Any]:
    if kind == "audio":
        return {"type": "input_audio", "input_audio": {"data": address}}
    return {"type": f"{kind}_url", f"{kind}_url": {"url": address}}


def _kind_of_ending(address: str) -> str:
    ending = Path(httpx.URL(address).path).suffix.lower()
    if ending in {".wav", ".mp3", ".m4a", ".ogg", ".opus", ".flac", ".aac", ".amr"}:
        return "audio"
    if ending in {".mp4", ".mov", ".mkv", ".webm", ".avi", ".flv", ".wmv", ".3gp"}:
        return "video"
    return "image"
