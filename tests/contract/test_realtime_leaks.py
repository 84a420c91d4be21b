"""Sockets that die at any point of a turn leave nothing behind."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import uvicorn
from websockets.exceptions import ConnectionClosed

from support.live import DASHSCOPE, OPENAI, live, silence, tone
from support.scripted_senses import ScriptedRecognizer
from support.server import scripted_services, settings_of
from thinktalk.api.connection import connection_class, socket_options
from thinktalk.api.server_app import Application, build_asgi
from thinktalk.engines.base import Segment
from thinktalk.testing import ScriptedEngine

SOCKETS = 60
HEARD = Segment(start_s=0.0, end_s=1.0, text=" What time is it?", language="en")


@asynccontextmanager
async def serving_here(app: Application) -> AsyncGenerator[str, None]:
    """Serve on this loop, so that its tasks can be counted."""
    config = uvicorn.Config(
        app,
        http=connection_class(app.context.settings.server),
        **socket_options(app.context.settings.server),
        log_level="error",
    )
    listener = uvicorn.Server(config)
    listener.capture_signals = suppress  # type: ignore[method-assign,assignment]
    port = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(listener.serve(sockets=[port]))
    while not listener.started:  # noqa: ASYNC110 - uvicorn offers a flag, no event
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{port.getsockname()[1]}"
    listener.should_exit = True
    await serving


async def die_after(url: str, point: int, semantic: bool) -> None:
    """Hold a turn up to its `point`-th step, then cut the connection."""
    kind = "semantic_vad" if semantic else "server_vad"
    async with live(url, DASHSCOPE if point % 2 else OPENAI) as client:
        steps: list[Callable[[], Awaitable[object]]] = [
            lambda: client.send("session.update", session={"turn_detection": {"type": kind}}),
            lambda: client.say(tone(0.5)),
            lambda: client.until("input_audio_buffer.speech_started"),
            lambda: client.say(silence(0.4)),
            lambda: asyncio.sleep(0.1),  # an answer is made in advance
            lambda: client.say(silence(1.2)),
            lambda: client.until("response.created"),
            lambda: asyncio.sleep(0.2),
            lambda: client.say(tone(0.4)),
            lambda: asyncio.sleep(0.3),
            lambda: client.send("response.cancel"),
            lambda: client.send("session.finish"),
        ]
        for step in steps[:point]:
            await step()
        client.socket.transport.abort()


async def test_killed_sockets_leave_no_task_thread_or_place() -> None:
    engine = ScriptedEngine("A long reply. " * 40, delay_s=0.01)
    recognizer = ScriptedRecognizer((HEARD,), delay_s=0.02)
    app = build_asgi(
        scripted_services(engine, recognizer=recognizer),
        settings_of(limits={"max_running": 64}, realtime={"max_sessions": 100}),
    )
    chance = random.Random(5)
    async with serving_here(app) as url:
        async with live(url):
            pass
        await asyncio.sleep(0.5)
        tasks, threads = len(asyncio.all_tasks()), threading.active_count()

        async def one(number: int) -> None:
            await asyncio.sleep(chance.random())
            with suppress(ConnectionClosed, AssertionError):
                await die_after(url, number % 13, semantic=number % 3 == 0)

        await asyncio.gather(*(one(number) for number in range(SOCKETS)))
        async with asyncio.timeout(5):
            # What is looked at is no event.
            while engine.running or len(asyncio.all_tasks()) > tasks:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert app.context.admission.running == app.context.admission.waiting == 0
        assert app.context.lifecycle.num_running == 0
        # The pool of threads grows to its size and stays; what listens to a session has none.
        assert threading.active_count() <= threads + 8
        async with live(url) as client:
            await client.say(tone(0.5) + silence(1.2))
            await client.until("response.created")
