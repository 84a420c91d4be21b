"""What serving itself costs: 32 streams at once from a scripted engine, with and without a proxy.

python -m benchmarks.overhead

The scripted engine writes 40 words, 10 ms apart, so that a stream lasts 0.4 s whatever serves it. A
stream's overhead is its time minus that of the same script run alone in this process, on the event
loop that the server uses: loops differ by milliseconds in how late their timers are. The LiteLLM
proxy stands before the same server; its figure is the time through it minus the time without it. It
is installed into an environment of its own (`build/litellm`) the first time.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import cast

import httpx
import orjson
import uvloop

from benchmarks.results import report
from benchmarks.server import running_server
from benchmarks.speech import Rows
from thinktalk.conversation import Message, TextPart
from thinktalk.engines.base import GenerateRequest
from thinktalk.testing import ScriptedEngine

STREAMS, ROUNDS = 32, 30
WORDS, DELAY_S = 40, 0.01
_LITELLM = "litellm[proxy]==1.106.2"
_ENVIRONMENT = Path("build/litellm")
_KEY = "sk-proxy"


async def alone() -> list[float]:
    """Seconds of each scripted generation, 32 at once, with nothing around it."""
    engine = ScriptedEngine("word " * WORDS, delay_s=DELAY_S)
    request = GenerateRequest(messages=(Message("user", (TextPart("Hello"),)),))

    async def one() -> float:
        started = time.perf_counter()
        async with aclosing(engine.generate(request)) as events:
            async for _ in events:
                pass
        return time.perf_counter() - started

    return await asyncio.gather(*(one() for _ in range(STREAMS)))


class Connection(asyncio.Protocol):
    """One kept connection. It stamps what comes and does no more: the streams share this process,
    and whatever one costs here makes the others late, as if the server had been."""

    def __init__(self, request: bytes) -> None:
        self._request = request

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def ask(self) -> asyncio.Future[float]:
        """Send the request; the result is the seconds from there to the end marker."""
        self._answer = bytearray()
        self._taken_s: float | None = None
        self._done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._started = time.perf_counter()
        self._transport.write(self._request)
        return self._done

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if self._taken_s is None and b"[DONE]" in self._answer[-len(data) - 5 :]:
            self._taken_s = time.perf_counter() - self._started
        if self._taken_s is not None and self._answer.endswith(b"0\r\n\r\n"):
            assert self._answer.startswith(b"HTTP/1.1 200"), self._answer[:300]
            self._done.set_result(self._taken_s)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(error or ConnectionResetError("closed in mid-stream"))


async def connections(url: str, model: str, key: str) -> list[Connection]:
    """32 connections, each of which has been answered once."""
    body = orjson.dumps(
        {"model": model, "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
    )
    address = httpx.URL(url)
    port = address.port or 80
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {address.netloc.decode()}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    request, loop = head.encode() + body, asyncio.get_running_loop()
    opened = [
        (await loop.create_connection(lambda: Connection(request), address.host, port))[1]
        for _ in range(STREAMS)
    ]
    await at_once(opened)
    return opened


async def at_once(streams: Sequence[Connection]) -> list[float]:
    """Seconds of each stream, all started in the same instant."""
    return await asyncio.gather(*[stream.ask() for stream in streams])


async def direct(url: str) -> tuple[list[float], list[float]]:
    """Seconds of the script alone and of each stream of the server, taking turns."""
    streams = await connections(url, "qwen3.5-omni-flash", "none")
    alone_s: list[float] = []
    served_s: list[float] = []
    for _ in range(ROUNDS):
        alone_s += await alone()
        served_s += await at_once(streams)
    return alone_s, served_s


async def through_proxy(url: str) -> list[float]:
    """Seconds of each stream through the proxy."""
    streams = await connections(url, "scripted", _KEY)
    return [taken_s for _ in range(ROUNDS) for taken_s in await at_once(streams)]


@contextmanager
def litellm_proxy(upstream: str) -> Iterator[str]:
    """The proxy as a process, before `upstream`."""
    python = _ENVIRONMENT / "bin" / "python"
    if not python.exists():
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", str(_ENVIRONMENT)], check=True)
        install = [*uv, "pip", "install", "--quiet", "--python", str(python), _LITELLM]
        subprocess.run(install, check=True)
    config = _ENVIRONMENT / "config.yaml"
    config.write_text(
        f"model_list:\n  - model_name: scripted\n    litellm_params:\n"
        f"      model: openai/qwen3.5-omni-flash\n      api_base: {upstream}/v1\n"
        f"      api_key: none\n"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(_ENVIRONMENT / "bin" / "litellm"), "--config", str(config)]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        env={**os.environ, "LITELLM_MASTER_KEY": _KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        give_up = time.perf_counter() + 120
        while time.perf_counter() < give_up:
            try:
                if httpx.get(f"{url}/health/liveliness", trust_env=False).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        else:
            raise TimeoutError("the proxy did not start within 120 s")
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def ms(taken_s: Sequence[float], share: float) -> float:
    """A percentile in milliseconds; `results.percentile` rounds to whole ones."""
    ordered = sorted(taken_s)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> None:
    scripted = {
        f"THINKTALK_PROFILES__{tier}__ENGINE": "scripted" for tier in ("PLUS", "FLASH", "LIGHT")
    }
    scripted |= {
        "THINKTALK_SCRIPTED__DELAY_S": str(DELAY_S),
        "THINKTALK_SCRIPTED__TEXT": "word " * WORDS,
        "THINKTALK_LIMITS__MAX_RUNNING": str(STREAMS),
    }
    gc.collect()
    gc.freeze()  # a search for garbage in this process would pass for lateness of the server
    with running_server(**scripted) as server:
        base, served = uvloop.run(direct(server.url))
        with litellm_proxy(server.url) as proxy:  # only now: it is not quiet when idle
            proxied = uvloop.run(through_proxy(proxy))
    floor = ms(base, 0.5)
    rows: Rows = []
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        own = ms(served, share) - floor
        theirs = ms(proxied, share) - ms(served, share)
        rows.append(
            {
                "per request": name,
                "script alone, ms": round(ms(base, share), 1),
                "own overhead, ms": round(own, 1),
                "LiteLLM proxy adds, ms": round(theirs, 1),
                "ratio": round(theirs / own, 1),
            }
        )
    report("overhead", rows)


if __name__ == "__main__":
    main()
