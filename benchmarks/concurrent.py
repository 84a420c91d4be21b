"""Spoken replies to 1, 2 and 4 callers at once: first sound, starvation, total.

python -m benchmarks.concurrent
"""

from __future__ import annotations

import asyncio

from benchmarks.questions import SPOKEN
from benchmarks.results import median, report
from benchmarks.server import running_server
from benchmarks.speech import Rows, ask_spoken
from thinktalk.client import Client

MODEL = "qwen3.5-omni-flash"
_ROUNDS = 3


async def measure(url: str) -> Rows:
    rows: Rows = []
    async with Client(f"{url}/v1") as client:
        await ask_spoken(client, "Say hello.", MODEL)
        for callers in (1, 2, 4):
            replies, heard_first = [], []
            for turn in range(_ROUNDS):
                asked = [f"({callers}, {turn}) {q}" for q in SPOKEN[turn * 4 : turn * 4 + callers]]
                together = await asyncio.gather(
                    *(ask_spoken(client, question, MODEL) for question in asked)
                )
                replies += together
                heard_first.append(min(together, key=lambda reply: reply.first_sound_s))
            rows.append(
                {
                    "callers": callers,
                    "first sound, median s": median([r.first_sound_s for r in replies]),
                    "first sound, worst s": max(round(r.first_sound_s, 2) for r in replies),
                    "starved, worst ms": max(round(r.starved_ms) for r in replies),
                    "starved, the one heard first, worst ms": max(
                        round(r.starved_ms) for r in heard_first
                    ),
                    "replies that starve": sum(r.starved_ms > 0 for r in replies),
                    "total, median s": median([r.total_s for r in replies]),
                    "speech, median s": median([r.audio.duration_s for r in replies]),
                }
            )
    return rows


def main() -> None:
    with running_server() as server:
        rows = asyncio.run(measure(server.url))
    report("concurrent", rows)


if __name__ == "__main__":
    main()
