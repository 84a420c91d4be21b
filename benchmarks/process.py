"""The server as a process: start to ready, cancelling, memory after mixed requests.

python -m benchmarks.process
"""

from __future__ import annotations

import asyncio
import base64
import time

import httpx
import orjson

from benchmarks.questions import SPOKEN, SYSTEM
from benchmarks.results import median, report
from benchmarks.screenshot import PICTURE
from benchmarks.server import RunningServer, running_server, seconds_until_idle
from benchmarks.speech import Rows

MODEL = "qwen3.5-omni-flash"
_STARTS, _CANCELS, _MIXED = 5, 12, 50


def spoken(question: str) -> dict[str, object]:
    return {
        "model": MODEL,
        "stream": True,
        "modalities": ["text", "audio"],
        "audio": {"voice": "Chelsie", "format": "wav"},
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}],
    }


async def seconds_to_idle(server: RunningServer, question: str, leave_after_s: float) -> float:
    """Leave a spoken reply in the middle; seconds until the processors do nothing more."""
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False) as http,
        http.stream("POST", "/v1/chat/completions", json=spoken(question)) as response,
    ):
        leave_at = time.perf_counter() + leave_after_s
        async for _ in response.aiter_bytes():
            if time.perf_counter() >= leave_at:
                break
    return await seconds_until_idle(server, time.perf_counter())


async def mixed_requests(url: str, count: int) -> None:
    """Text, speech, pictures and recordings in turn."""
    picture = "data:image/png;base64," + base64.b64encode(PICTURE.read_bytes()).decode()
    async with httpx.AsyncClient(base_url=url, timeout=300, trust_env=False) as http:
        voice = await http.post(
            "/v1/audio/speech",
            json={"model": "tts-1", "input": SPOKEN[0], "voice": "Ethan", "response_format": "wav"},
        )
        sound = base64.b64encode(voice.content).decode()
        parts: list[list[dict[str, object]]] = [
            [{"type": "text", "text": SPOKEN[1]}],
            [
                {"type": "image_url", "image_url": {"url": picture}},
                {"type": "text", "text": "Why?"},
            ],
            [{"type": "input_audio", "input_audio": {"data": sound, "format": "wav"}}],
        ]
        for number in range(count):
            body = spoken("")
            content = [*parts[number % 3], {"type": "text", "text": f"Request {number}."}]
            body["messages"] = [{"role": "user", "content": content}]
            body["max_tokens"] = 40
            if number % 2:
                body.pop("audio")
                body["modalities"] = ["text"]
            async with http.stream("POST", "/v1/chat/completions", content=orjson.dumps(body)) as r:
                r.raise_for_status()
                async for _ in r.aiter_bytes():
                    pass


def main() -> None:
    ready = []
    for _ in range(_STARTS - 1):
        with running_server() as server:
            ready.append(server.ready_s)
    with running_server() as server:
        ready.append(server.ready_s)
        time.sleep(2)
        idle = server.resident_bytes()
        asyncio.run(mixed_requests(server.url, 6))  # every model has run once
        warm = server.resident_bytes()
        asyncio.run(mixed_requests(server.url, _MIXED))
        after = server.resident_bytes()
        cancels = [
            asyncio.run(seconds_to_idle(server, f"({n}) {SPOKEN[n]}", 0.3 + 0.25 * n))
            for n in range(_CANCELS)
        ]
    rows: Rows = [
        {"figure": "start to ready, median s", "value": median(ready)},
        {"figure": "resident, idle, GB", "value": round(idle / 1e9, 3)},
        {"figure": "resident after 6 mixed requests, GB", "value": round(warm / 1e9, 3)},
        {"figure": f"resident after {_MIXED} more, GB", "value": round(after / 1e9, 3)},
        {"figure": "growth, MB", "value": round((after - warm) / 1e6)},
        {"figure": "client gone to processors idle, median s", "value": median(cancels)},
        {"figure": "client gone to processors idle, worst s", "value": round(max(cancels), 3)},
    ]
    report("process", rows, {"ready_s": ready, "cancel_s": cancels})


if __name__ == "__main__":
    main()
