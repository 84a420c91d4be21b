"""What a voice of one's own costs until the first sound, against a stock voice.

    python -m benchmarks.cloning_wait [--speaker NAME]

Over HTTP, streamed: a text to speak, and a question to answer aloud. Each is asked in turn with a
stock voice, with a sample that the server has not met, and with that same sample again. Samples are
cut from one recording, each a tenth of a second later. Audible is above -50 dBFS.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import numpy as np

from benchmarks import speakers
from benchmarks.questions import SPOKEN, SYSTEM
from benchmarks.results import median, report
from benchmarks.server import running_server
from benchmarks.speech import AUDIBLE
from thinktalk.client import Client, Question
from thinktalk.events import AudioDelta
from thinktalk.media.encode import wav_file
from thinktalk.media.types import Audio
from thinktalk.settings import load

RUNS = 8
MODEL = "qwen3.5-omni-flash"
_STEP_S = 0.1
_SAMPLE_S = 20.0
_STOCK: dict[str, Any] = {"voice": "Tina"}
_TEXTS = (
    "The lamp on the stairs has been broken since Tuesday.",
    "Please bring the heavy coat, because the evening will be cold.",
    "Three of the seven bridges are open to cars again.",
    "They painted the old boat green and gave it a new name.",
)

Ask = Callable[[int, dict[str, Any]], Awaitable[float]]


def custom(recording: Audio, number: int) -> dict[str, Any]:
    """The voice of a request: a sample of its own for each `number`."""
    start, length = (round(s * recording.sample_rate) for s in (number * _STEP_S, _SAMPLE_S))
    piece = Audio(recording.samples[start : start + length], recording.sample_rate)
    data = base64.b64encode(wav_file(piece)).decode()
    return {"voice": "custom", "voice_sample": {"data": f"data:audio/wav;base64,{data}"}}


async def first_of_speech(http: httpx.AsyncClient, number: int, voice: dict[str, Any]) -> float:
    """Seconds to the first audible sample of a text."""
    text = _TEXTS[number % len(_TEXTS)]
    body = {"model": "tts-1", "input": text, "response_format": "pcm", **voice}
    started = time.perf_counter()
    async with http.stream("POST", "/v1/audio/speech", json=body) as response:
        if response.status_code != 200:
            await response.aread()
            raise RuntimeError(f"the server refused: {response.text}")
        return await _audible(_samples(response.aiter_bytes()), started, 24_000)


async def first_of_reply(client: Client, number: int, voice: dict[str, Any]) -> float:
    """Seconds to the first audible sample of an answer."""
    speech = {"modalities": ["text", "audio"], "audio": {"format": "pcm16", **voice}}
    question = SPOKEN[number % len(SPOKEN)]
    asked = Question(question, model=MODEL, system=SYSTEM, options=speech)
    started = time.perf_counter()

    async def pieces() -> AsyncIterator[np.ndarray[Any, Any]]:
        async for event, _ in client.stream(asked):
            if isinstance(event, AudioDelta):
                yield event.audio.samples

    return await _audible(pieces(), started, 24_000)


async def _samples(chunks: AsyncIterator[bytes]) -> AsyncIterator[np.ndarray[Any, Any]]:
    rest = b""
    async for chunk in chunks:
        data = rest + chunk
        whole = len(data) // 2 * 2
        rest = data[whole:]
        yield np.frombuffer(data[:whole], "<i2") / 32768


async def _audible(
    pieces: AsyncIterator[np.ndarray[Any, Any]], started: float, sample_rate: int
) -> float:
    """When the first audible sample is heard by somebody who plays what arrives at once."""
    waited, num_played = None, 0
    async for piece in pieces:
        waited = waited or time.perf_counter() - started
        loud = np.flatnonzero(np.abs(piece) >= AUDIBLE)
        if len(loud):
            now = time.perf_counter() - started
            heard = max(now, waited + num_played / sample_rate) + loud[0] / sample_rate
            async for _ in pieces:  # to its end: what is cut off would still be being cleared away
                pass
            return float(heard)
        num_played += len(piece)
    raise RuntimeError("nothing audible came")


async def compare(name: str, ask: Ask, recording: Audio, first: int) -> list[dict[str, Any]]:
    """A row for each kind of voice; `first` numbers the samples, so that none was met before."""
    await ask(0, _STOCK)
    taken: dict[str, list[float]] = {"stock voice": [], "new sample": [], "same sample again": []}
    for number in range(RUNS):
        voice = custom(recording, first + number)
        for kind, speaker in zip(taken, (_STOCK, voice, voice), strict=True):
            taken[kind].append(await ask(number, speaker))
        print(name, number + 1, {kind: round(s[-1], 2) for kind, s in taken.items()}, flush=True)
    usual = median(taken["stock voice"])
    return [
        {
            "request": name,
            "voice": kind,
            "first sound, median s": median(seconds),
            "worst s": round(max(seconds), 3),
            "added, median s": round(median(seconds) - usual, 3),
        }
        for kind, seconds in taken.items()
    ]


async def measure(url: str, recording: Audio) -> list[dict[str, Any]]:
    async with (
        Client(f"{url}/v1") as client,
        httpx.AsyncClient(base_url=url, timeout=300, trust_env=False) as http,
    ):

        async def speech(number: int, voice: dict[str, Any]) -> float:
            return await first_of_speech(http, number, voice)

        async def reply(number: int, voice: dict[str, Any]) -> float:
            return await first_of_reply(client, number, voice)

        rows = await compare("/v1/audio/speech", speech, recording, 0)
        return rows + await compare("/v1/chat/completions", reply, recording, RUNS)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--speaker", default="cities")
    name = parser.parse_args().speaker
    everybody = {p.name: p for p in speakers.people(speakers.catalog(load().weights))}
    with running_server() as server:
        rows = asyncio.run(measure(server.url, everybody[name].held_out))
    report("cloning-wait", rows)


if __name__ == "__main__":
    main()
