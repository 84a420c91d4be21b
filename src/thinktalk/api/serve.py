"""Runs the app until it is told to stop: uvicorn with our own idea of a graceful end.

At the first SIGTERM or SIGINT the server keeps answering, but only to say that it is stopping,
while the running answers get their time; then it ends with status 0. A second signal cuts them
off.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import socket
from collections.abc import Callable, Generator

import uvicorn

from thinktalk.api.connection import connection_class, socket_options
from thinktalk.api.server_app import Application
from thinktalk.errors import CannotListen, ThinktalkError
from thinktalk.settings import Settings

_FORCED_END_S = 2.0

_log = logging.getLogger(__name__)


class _Listener(uvicorn.Server):
    """Leaves signals to us: uvicorn would stop listening first, and re-raise them at the end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def run_server(
    app: Application,
    settings: Settings,
    *,
    on_listening: Callable[[str], None] | None = None,
) -> int:
    """Serve; returns the exit status.

    Args:
        on_listening: told the base URL once connections are accepted.
    Raises:
        CannotListen: the address cannot be had.
        ThinktalkError: an engine that is started with the server cannot be; it has ended.
    """
    server = settings.server
    _allow_many_files()
    listening = _listen(server.host, server.port)
    config = uvicorn.Config(
        app,
        host=server.host,
        port=server.port,
        loop="auto",
        http=connection_class(server),
        **socket_options(server),
        log_config=None,
        access_log=False,
        # Believing these headers would let anyone pretend to call from this machine.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    listener = _Listener(config)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(listener, listening, app, server.grace_s, on_listening))
    return 0 if listener.started else 1


def _allow_many_files() -> None:
    """Connections and the files of requests share the descriptors: take all there may be."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        # Python adds the address to the text of some; names that resolve to nothing have no number.
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else str(error.strerror or error)
        raise CannotListen(host, port, reason.lower()) from error


async def _serve(
    listener: _Listener,
    listening: socket.socket,
    app: Application,
    grace_s: float,
    on_listening: Callable[[str], None] | None,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked_to_stop() -> None:
        listener.force_exit = stop.is_set()
        listener.should_exit = listener.should_exit or stop.is_set()
        stop.set()

    for wanted in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wanted, asked_to_stop)
    host, port = listening.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    serving = asyncio.create_task(listener.serve(sockets=[listening]))
    stopping = asyncio.create_task(_drain(listener, app, stop, grace_s))
    loading = asyncio.create_task(_load(listener, app, url, on_listening))
    await serving
    if listener.force_exit:
        await _end_engines(listener)
    for task in (stopping, loading):
        task.cancel()
    await asyncio.wait((stopping, loading))
    if not loading.cancelled() and (failure := loading.exception()):
        raise failure


async def _end_engines(listener: _Listener) -> None:
    """What uvicorn leaves out when forced: a model's thread that still runs aborts the process."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_FORCED_END_S):
            await listener.lifespan.shutdown()


async def _drain(
    listener: _Listener, app: Application, stop: asyncio.Event, grace_s: float
) -> None:
    await stop.wait()
    running = app.lifecycle.num_running
    _log.info("stopping; %d requests are running, they have %g s", running, grace_s)
    cut = await app.lifecycle.drain(grace_s)
    if cut:
        _log.warning("%d requests were cut off after %g s", cut, grace_s)
    listener.should_exit = True


async def _load(
    listener: _Listener, app: Application, url: str, on_listening: Callable[[str], None] | None
) -> None:
    """See the server through its start; one that can never answer ends, for others to notice."""
    await _tell(listener, url, on_listening)
    try:
        await app.context.readiness.started()
    except ThinktalkError:
        listener.should_exit = True
        raise
    _log.info("ready")


async def _tell(listener: _Listener, url: str, on_listening: Callable[[str], None] | None) -> None:
    while not listener.started:  # noqa: ASYNC110 - uvicorn offers a flag, no event
        await asyncio.sleep(0.01)
    # What is loaded by now stays: searching it for garbage would only make streams stutter.
    gc.collect()
    gc.freeze()
    if on_listening is not None and not listener.should_exit:
        on_listening(url)
