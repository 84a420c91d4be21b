"""thinktalk as a library: `ask` and `stream`, against a server or with one of its own.

Without `base_url` a private server is started in this process, on a loopback port that only this
process has the key of, and kept until the process ends: the first call loads the models, later ones
find them warm.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import aclosing
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import httpx

from thinktalk.client import Client, Question, Reply, Sound, as_error
from thinktalk.events import Event
from thinktalk.settings import Settings, load

__all__ = ["Reply", "Sound", "Stream", "ask", "say", "stream", "transcribe", "voices"]

T = TypeVar("T")


def ask(
    text: str,
    *files: str,
    voice: str | None = None,
    model: str = "qwen3.5-omni-flash",
    system: str | None = None,
    base_url: str | None = None,
    api_key: str = "none",
    **options: Any,
) -> Reply:
    """Ask one question and wait for the whole reply.

    Args:
        text: the question; may be empty when a file asks it.
        files: paths or http(s) addresses of pictures, recordings and videos, in any mix.
        voice: who speaks the reply; None for text only.
        base_url: an endpoint such as `http://127.0.0.1:8000/v1`; None runs the models here.
        options: further fields of a chat completion, such as `temperature` or `tools`.
    Raises:
        ThinktalkError: with a message for a person. `OSError` for files that cannot be read.
    """
    with stream(
        text,
        *files,
        voice=voice,
        model=model,
        system=system,
        base_url=base_url,
        api_key=api_key,
        **options,
    ) as events:
        for _ in events:
            pass
        return events.reply


def stream(
    text: str,
    *files: str,
    voice: str | None = None,
    model: str = "qwen3.5-omni-flash",
    system: str | None = None,
    base_url: str | None = None,
    api_key: str = "none",
    **options: Any,
) -> Stream:
    """Ask one question and read the reply as it comes; arguments as for `ask`."""
    question = Question(
        text, tuple(map(str, files)), model=model, voice=voice, system=system, options=options
    )
    return Stream(question, base_url, api_key)


def say(
    text: str,
    *,
    voice: str = "Tina",
    speed: float = 1.0,
    file_format: str = "wav",
    language: str | None = None,
    base_url: str | None = None,
    api_key: str = "none",
) -> bytes:
    """Speak `text`: the bytes of a sound file (wav, mp3, opus, aac, flac, or pcm at 24 kHz).

    Args:
        language: of `text`, ISO 639-1; None finds it clause by clause.
    """
    return _call(
        lambda client: client.speak(text, voice, file_format, speed, language), base_url, api_key
    )


def voices(base_url: str, api_key: str = "none") -> list[dict[str, Any]]:
    """The voices that a server lists, as the wire has them."""
    return _call(lambda client: client.voices(), base_url, api_key)


def transcribe(
    path: str,
    *,
    language: str | None = None,
    translate: bool = False,
    response_format: str = "text",
    on_progress: Callable[[float], None] | None = None,
    base_url: str | None = None,
    api_key: str = "none",
) -> str:
    """What is said in a recording, as text, json, srt, vtt or verbose_json.

    Args:
        on_progress: told the share that is done, in [0, 1], now and then, from another thread.
    """
    name = Path(path).expanduser()
    with name.open("rb") as file:
        return _call(
            lambda client: client.transcribe(
                (name.name, file),
                response_format,
                language,
                translate=translate,
                on_progress=on_progress,
            ),
            base_url,
            api_key,
        )


class Stream:
    """Iterates over events (`TextDelta`, `AudioDelta`, …); `reply` holds what has come so far.

    Leaving the `with` block early stops the work on the server.
    """

    def __init__(self, question: Question, base_url: str | None, api_key: str) -> None:
        self.reply = Reply(question.model)
        if base_url is None:
            base_url, api_key = own_server()
        self._events = self._run(question, base_url, api_key)

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        try:
            event: Event
            event, self.reply = _wait(anext(self._events))
        except StopAsyncIteration:
            raise StopIteration from None
        return event

    def close(self) -> None:
        _wait(self._events.aclose())

    async def _run(self, question: Question, base_url: str, api_key: str) -> Any:
        async with Client(base_url, api_key) as client:
            try:
                async with aclosing(client.stream(question)) as events:
                    async for item in events:
                        yield item
            except httpx.HTTPError as failure:
                raise as_error(failure) from failure


def _call(
    work: Callable[[Client], Coroutine[Any, Any, T]], base_url: str | None, api_key: str
) -> T:
    if base_url is None:
        base_url, api_key = own_server()
    address, key = base_url, api_key

    async def run() -> T:
        async with Client(address, key) as client:
            try:
                return await work(client)
            except httpx.HTTPError as failure:
                raise as_error(failure) from failure

    return _wait(run())


_LONGEST_GOODBYE_S = 5.0


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """The event loop of a background thread that serves every call."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="thinktalk", daemon=True).start()
    return loop


def _wait(work: Coroutine[Any, Any, T]) -> T:
    ended = threading.Event()

    async def run() -> T:
        try:
            return await work
        finally:
            ended.set()

    future = None
    try:
        future = asyncio.run_coroutine_threadsafe(run(), _loop())
        return future.result()
    except KeyboardInterrupt:
        if future is not None:
            future.cancel()
        ended.wait(_LONGEST_GOODBYE_S)  # what it holds must be free before anybody closes it
        raise


_starting = threading.Lock()
_own: list[tuple[str, str]] = []


def own_server(settings: Settings | None = None) -> tuple[str, str]:
    """Base URL and key of this process's private server, started on first use."""
    with _starting:
        if not _own:
            from thinktalk.app import start_private
            from thinktalk.weights.catalog import Catalog

            settings = settings or load()
            _own.append(_wait(start_private(settings, Catalog(settings.weights))))
        return _own[0]


def end_own_server() -> None:
    """End the private server, also one that is starting, with what it still answers."""
    if _loop.cache_info().currsize:
        from thinktalk.app import end_private

        _own.clear()
        _wait(end_private())
