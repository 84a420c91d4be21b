"""A server that is told to stop: a process, signals, and what its clients see."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from support.wire import CHAT, chat_body, error_of, events_of, post

TESTS = Path(__file__).parent.parent
SERVER = """
import sys
from support.server import scripted_services, settings_of
from thinktalk.api.serve import run_server
from thinktalk.api.server_app import build_asgi
from thinktalk.testing import ScriptedEngine

class Engine(ScriptedEngine):
    async def stop(self):
        print("stopped", flush=True)

settings = settings_of(server={"port": 0, "grace_s": float(sys.argv[1])})
engine = Engine("word " * int(sys.argv[3]), delay_s=float(sys.argv[2]))
app = build_asgi(scripted_services(engine), settings)
sys.exit(run_server(app, settings, on_listening=lambda url: print(url, flush=True)))
"""


@contextlib.contextmanager
def server(
    *, grace_s: float, delay_s: float, num_words: int = 20
) -> Generator[tuple[str, subprocess.Popen[str]], None, None]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(grace_s), str(delay_s), str(num_words)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def streaming(url: str) -> Generator[Generator[str, None, None], None, None]:
    """A running answer, read up to its first event."""
    with httpx.stream("POST", url + CHAT, json=chat_body(stream=True), timeout=20) as response:
        lines = (line for line in response.iter_lines() if line)
        next(lines)
        yield lines


@pytest.mark.parametrize("wanted", [signal.SIGTERM, signal.SIGINT])
def test_running_answers_finish_new_ones_are_refused_and_the_status_is_0(
    wanted: signal.Signals,
) -> None:
    with server(grace_s=10, delay_s=0.05) as (url, process), streaming(url) as lines:
        process.send_signal(wanted)
        next(lines)
        refused = post(url)
        assert refused.status_code == 503
        assert error_of(refused)["code"] == "ServiceUnavailable"
        assert int(refused.headers["retry-after"]) >= 1
        assert httpx.get(f"{url}/ready").json()["status"] == "draining"
        assert httpx.get(f"{url}/health").status_code == 200
        assert list(lines)[-1] == "data: [DONE]"
        assert process.wait(10) == 0


def test_after_the_grace_period_answers_are_cut_with_a_word() -> None:
    with server(grace_s=0.3, delay_s=0.2) as (url, process), ThreadPoolExecutor(1) as pool:
        with streaming(url) as lines:
            whole = pool.submit(post, url)
            threading.Event().wait(0.2)  # the second request has to be at work
            process.terminate()
            last = list(lines)[-1]
        assert '"error"' in last and "the server is stopping" in last
        assert whole.result().status_code == 503
        assert process.wait(10) == 0


def test_a_client_that_takes_nothing_does_not_outlast_the_grace_period() -> None:
    body = chat_body(stream=True, modalities=["text", "audio"])
    with (
        server(grace_s=0.5, delay_s=0, num_words=5_000) as (url, process),
        httpx.stream("POST", url + CHAT, json=body, timeout=20) as response,
    ):
        pieces = response.iter_raw()
        next(pieces)
        process.terminate()
        assert process.wait(10) == 0


def test_an_idle_server_stops_at_once_even_with_an_open_connection() -> None:
    with server(grace_s=30, delay_s=0) as (url, process):
        assert events_of(post(url, stream=True))[-1] == "[DONE]"
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))):
            process.terminate()
            assert process.wait(5) == 0


def test_a_second_signal_does_not_wait_but_ends_the_engines() -> None:
    with server(grace_s=60, delay_s=1) as (url, process), streaming(url):
        process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.terminate()
        assert process.wait(5) == 0
        assert process.stdout is not None and "stopped" in process.stdout.read()
