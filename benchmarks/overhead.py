"""What serving itself costs: 32 streams at once from a scripted engine, with and without a proxy.

python -m benchmarks.overhead

The scripted engine writes 40 words, 10 ms apart, so that a stream lasts 0.4 s whatever serves it. A
stream's overhead is its time minus that of the same script run alone in this process. The LiteLLM
proxy stands before the same server; its figure is the time through it minus the time without it. It
is installed into an environment of its own (`build/litellm`) the first time.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path

import httpx
import orjson

from benchmarks.results import percentile, report
from benchmarks.server import running_server
from benchmarks.speech import Rows
from thinktalk.conversation import Message, TextPart
from thinktalk.engines.base import GenerateRequest
from thinktalk.testing import ScriptedEngine

STREAMS, ROUNDS = 32, 10
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

    return [
        s for _ in range(ROUNDS) for s in await asyncio.gather(*(one() for _ in range(STREAMS)))
    ]


async def through(url: str, model: str, key: str) -> list[float]:
    """Seconds of each stream, 32 at once, from request to the end marker.

    Bare sockets, kept open: a client library would cost more than what is measured.
    """
    body = orjson.dumps(
        {"model": model, "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
    )
    address = httpx.URL(url)
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {address.netloc.decode()}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    request = head.encode() + body

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> float:
        started = time.perf_counter()
        writer.write(request)
        answer = await reader.readuntil(b"[DONE]")
        taken = time.perf_counter() - started
        assert answer.startswith(b"HTTP/1.1 200"), answer[:300]
        await reader.readuntil(b"0\r\n\r\n")
        return taken

    connections = [
        await asyncio.open_connection(address.host, address.port, limit=2**20)
        for _ in range(STREAMS)
    ]
    await asyncio.gather(*(one(*connection) for connection in connections))  # warms up
    taken: list[float] = []
    for _ in range(ROUNDS):
        taken += await asyncio.gather(*(one(*connection) for connection in connections))
    for _, writer in connections:
        writer.close()
    return taken


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


def main() -> None:
    scripted = {
        f"THINKTALK_PROFILES__{tier}__ENGINE": "scripted" for tier in ("PLUS", "FLASH", "LIGHT")
    }
    scripted |= {
        "THINKTALK_SCRIPTED__DELAY_S": str(DELAY_S),
        "THINKTALK_SCRIPTED__TEXT": "word " * WORDS,
        "THINKTALK_LIMITS__MAX_RUNNING": str(STREAMS),
    }
    with running_server(**scripted) as server, litellm_proxy(server.url) as proxy:
        base = asyncio.run(alone())
        direct = asyncio.run(through(server.url, "qwen3.5-omni-flash", "none"))
        proxied = asyncio.run(through(proxy, "scripted", _KEY))
    floor = percentile(base, 0.5)
    rows: Rows = []
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        own = percentile(direct, share) - floor
        theirs = percentile(proxied, share) - percentile(direct, share)
        rows.append(
            {
                "per request": name,
                "script alone, ms": round(1000 * percentile(base, share), 1),
                "own overhead, ms": round(1000 * own, 1),
                "LiteLLM proxy adds, ms": round(1000 * theirs, 1),
                "ratio": round(theirs / own, 1),
            }
        )
    report("overhead", rows)


if __name__ == "__main__":
    main()
