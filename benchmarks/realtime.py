"""A spoken conversation in real time: how long until the answer, how soon it can be stopped.

    python -m benchmarks.realtime [--questions 12] [--part latency|barge-in|frames|kills ...]

Questions of some 5 s, half of them with a pause of 0.7 s inside, are spoken by four voices to
the flash tier. `wait` is from the last audible sample of the question to the first audible one of
the answer; `cut` counts turns that were taken for over in the pause. The parts one after another
(silence of 500 ms, recognition, answer) are measured with the same questions in the same run.
Barge-in is from the first audible sample of "wait, stop" to silence at a player that flushes on
`speech_started`. Frames and kills use a server without a model.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

from benchmarks.questions import SPOKEN
from benchmarks.results import median, percentile, report
from benchmarks.server import RunningServer, running_server
from benchmarks.speech import AUDIBLE
from benchmarks.talker import FRAME_S, RATE, Talker, talking
from thinktalk.client import Client, Question
from thinktalk.events import AudioDelta
from thinktalk.media.decode import decode_audio
from thinktalk.media.encode import wav_file
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio, Samples

PARTS = ("latency", "barge-in", "frames", "kills")
MODEL = "qwen3.5-omni-flash"
VOICES = ("Ethan", "Chelsie", "Ryan", "Katerina")
SYSTEM = "You are a friendly voice assistant. Answer in two plain spoken sentences."
INTERRUPTIONS = ("Wait, stop.", "No, I meant something else.", "Hold on, what about Sunday?")
PAUSE_S = 0.7
SILENCE_MS = 500
SESSIONS, FRAMES_S = 50, 10.0
KILLED = 200
KEPT_S = 5.0  # lost conversations


@dataclass(frozen=True, slots=True)
class Spoken:
    """A question at 16 kHz, cut to what is audible; `has_pause` in its middle."""

    samples: Samples
    has_pause: bool


async def spoken(http: httpx.AsyncClient, text: str, voice: str) -> Samples:
    """Text as speech at 16 kHz, without silence at its ends."""
    body = {"model": "tts-1", "input": text, "voice": voice, "response_format": "wav"}
    response = await http.post("/v1/audio/speech", json=body)
    response.raise_for_status()
    samples = resample(decode_audio(response.content, max_s=60.0), RATE).samples
    loud = np.flatnonzero(np.abs(samples) >= AUDIBLE)
    return samples[loud[0] : loud[-1] + 1]


async def questions(http: httpx.AsyncClient, count: int) -> list[Spoken]:
    made = []
    for number in range(count):
        voice = VOICES[number % len(VOICES)]
        if number % 2:
            opening = await spoken(http, "I was thinking about this yesterday, and", voice)
            rest = await spoken(http, SPOKEN[number], voice)
            pause = np.zeros(round(PAUSE_S * RATE), np.float32)
            made.append(Spoken(np.concatenate([opening, pause, rest]), True))
        else:
            text = f"There is one thing I would like to know today: {SPOKEN[number]}"
            made.append(Spoken(await spoken(http, text, voice), False))
    return made


async def ask_all(url: str, asked: list[Spoken], turns: dict[str, Any]) -> dict[str, Any]:
    """Hold a conversation of these questions; what it took."""
    waits, cuts = [], 0
    session = {"instructions": SYSTEM, "turn_detection": turns}
    async with talking(url, f"{MODEL}-realtime", session) as talker:
        for question in asked:
            await asyncio.sleep(1.0)
            began = time.perf_counter()
            talker.say(question.samples)
            await talker.said()
            cuts += talker.count("input_audio_buffer.speech_stopped", began)
            answered = await talker.wait_for("response.audio.delta", talker.said_end_s)
            if answered is None or talker.played.first_s is None:
                raise RuntimeError(f"no answer came: {talker.events[-3:]}")
            waits.append(talker.played.first_s - talker.said_end_s)
            await talker.send("response.cancel")
            await asyncio.sleep(0.5)
    return {
        "wait, median s": median(waits),
        "wait, p95 s": percentile(waits, 0.95),
        "cut": f"{cuts} of {sum(question.has_pause for question in asked)}",
    }


async def one_after_another(
    http: httpx.AsyncClient, client: Client, asked: list[Spoken]
) -> dict[str, Any]:
    """The same without overlap: silence, recognition, then an answer from its beginning."""
    waits = []
    for question in asked:
        started = time.perf_counter()
        sound = wav_file(Audio(question.samples, RATE))
        files = {"file": ("question.wav", sound, "audio/wav")}
        heard = await http.post(
            "/v1/audio/transcriptions", data={"model": "whisper-1"}, files=files
        )
        text = heard.json()["text"]
        first = None
        stream = client.stream(Question(text, model=MODEL, voice="Tina", system=SYSTEM))
        async with contextlib.aclosing(stream) as events:
            async for event, _ in events:
                if isinstance(event, AudioDelta):
                    loud = np.flatnonzero(np.abs(event.audio.samples) >= AUDIBLE)
                    if len(loud):
                        lead = loud[0] / event.audio.sample_rate
                        first = time.perf_counter() - started + lead
                        break
        if first is None:
            raise RuntimeError(f"no answer to {text!r}")
        waits.append(first + SILENCE_MS / 1000)
    return {"wait, median s": median(waits), "wait, p95 s": percentile(waits, 0.95), "cut": ""}


async def latency(url: str, count: int) -> list[dict[str, Any]]:
    async with (
        httpx.AsyncClient(base_url=url, timeout=300, trust_env=False) as http,
        Client(f"{url}/v1") as client,
    ):
        asked = await questions(http, count)
        modes = {
            "semantic_vad": {"type": "semantic_vad"},
            f"server_vad, {SILENCE_MS} ms": {
                "type": "server_vad",
                "silence_duration_ms": SILENCE_MS,
            },
        }
        rows = [
            {"turns": name, **await ask_all(url, asked, turns)} for name, turns in modes.items()
        ]
        parts = await one_after_another(http, client, asked)
    return [*rows, {"turns": f"one after another, {SILENCE_MS} ms", **parts}]


async def interrupted(talker: Talker, question: Samples, bid: Samples) -> tuple[float, float]:
    """Seconds from the onset of `bid` to silence, and to the verdict."""
    await asyncio.sleep(1.0)
    talker.say(question)
    await talker.said()
    if await talker.wait_for("response.audio.delta", talker.said_end_s) is None:
        raise RuntimeError("no answer came")
    await asyncio.sleep(1.5)
    onset = time.perf_counter()
    talker.say(bid)
    await talker.said()
    await talker.wait_for("response.done", onset)
    flushed = next((at for at in talker.flushed if at >= onset), float("nan"))
    judged = await talker.wait_for("thinktalk.sound.judged", onset, 0.1) or onset
    return flushed - onset, judged - onset


async def barge_in(url: str) -> list[dict[str, Any]]:
    rows = []
    async with httpx.AsyncClient(base_url=url, timeout=300, trust_env=False) as http:
        question = await spoken(http, "Can you tell me all about the history of Rome?", "Ethan")
        bids = [await spoken(http, text, voice) for text in INTERRUPTIONS for voice in VOICES]
    for kind in ("semantic_vad", "server_vad"):
        session = {"instructions": "Answer in ten sentences.", "turn_detection": {"type": kind}}
        stopped = []
        for bid in bids:
            # In one conversation a small model learns from the first interruption to be brief.
            async with talking(url, f"{MODEL}-realtime", session) as talker:
                stopped.append(await interrupted(talker, question, bid))
        silences = [silence for silence, _ in stopped if not np.isnan(silence)]
        rows.append(
            {
                "turns": kind,
                "stopped": f"{len(silences)} of {len(bids)}",
                "silence, median ms": round(1000 * median(silences or [np.nan])),
                "silence, worst ms": round(1000 * max(silences or [np.nan])),
                "verdict, median ms": round(1000 * median([judged for _, judged in stopped])),
            }
        )
    return rows


async def frames(server: RunningServer) -> list[dict[str, Any]]:
    """What a frame of 20 ms costs the server, with many conversations at once."""
    async with contextlib.AsyncExitStack() as stack:
        session = {"turn_detection": {"type": "server_vad"}}
        for _ in range(SESSIONS):
            await stack.enter_async_context(talking(server.url, f"{MODEL}-realtime", session))
        await asyncio.sleep(1.0)
        before, started = server.cpu_s(), time.perf_counter()
        await asyncio.sleep(FRAMES_S)
        used, passed_s = server.cpu_s() - before, time.perf_counter() - started
    num_frames = SESSIONS * passed_s / FRAME_S
    return [{"sessions": SESSIONS, "processor, ms a frame": round(1000 * used / num_frames, 3)}]


async def kills(server: RunningServer) -> list[dict[str, Any]]:
    """Sockets that die in the middle of a turn: what is left, and the memory."""
    speech = (0.3 * np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE)).astype(np.float32)

    async def one(number: int) -> None:
        with contextlib.suppress(Exception):
            async with talking(server.url, f"{MODEL}-realtime", {}) as talker:
                talker.say(speech)
                await asyncio.sleep(3.0 * (number % 20) / 20)
                talker.socket.transport.abort()

    async def batch() -> None:
        for first in range(0, KILLED, 40):
            await asyncio.gather(*(one(first + number) for number in range(40)))
        await asyncio.sleep(KEPT_S + 1.0)

    await batch()  # what grows with use for once, such as pools of threads
    before = server.resident_bytes()
    await batch()
    grown = (server.resident_bytes() - before) / 2**20
    async with httpx.AsyncClient(trust_env=False) as http:
        metrics = (await http.get(f"{server.url}/metrics")).text
    left = {
        name: float(line.rpartition(" ")[2])
        for line in metrics.splitlines()
        for name in ("num_realtime_sessions", "num_requests_running")
        if line.startswith(f"thinktalk_{name} ")
    }
    return [{"killed": KILLED, "memory grown, MiB": round(grown, 1), **left}]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--questions", type=int, default=12)
    parser.add_argument("--part", nargs="*", choices=PARTS, default=PARTS)
    args = parser.parse_args()
    if {"latency", "barge-in"} & set(args.part):
        with running_server() as server:
            if "latency" in args.part:
                report("realtime-latency", asyncio.run(latency(server.url, args.questions)))
            if "barge-in" in args.part:
                report("realtime-barge-in", asyncio.run(barge_in(server.url)))
    scripted = {
        f"THINKTALK_PROFILES__{tier}__ENGINE": "scripted" for tier in ("PLUS", "FLASH", "LIGHT")
    }
    scripted["THINKTALK_REALTIME__MAX_SESSIONS"] = "250"
    scripted["THINKTALK_REALTIME__RESUME_S"] = str(KEPT_S)
    if {"frames", "kills"} & set(args.part):
        with running_server(**scripted) as server:
            if "frames" in args.part:
                report("realtime-frames", asyncio.run(frames(server)))
            if "kills" in args.part:
                report("realtime-kills", asyncio.run(kills(server)))


if __name__ == "__main__":
    main()
