"""Long recordings: speed, memory, ten hours, and what splitting costs.

    python -m benchmarks.long_audio [recognition|memory|cancelling|hours|splitting]

*recognition*: the recogniser alone on 60 minutes without word times. *memory*: the server as a
process, an MP3 of 10 and one of 60 minutes sent as forms, with word times; peak memory and speed.
*cancelling*: a client that leaves a transcription in the middle; seconds until nothing runs.
*hours*: ten hours of MP3 decoded, searched for speech and cut into pieces, all of it; what
recognition would take follows from the measured rate. *splitting*: 20 minutes recognised as a
whole and in parts that were cut at pauses, errors of both against what was said.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from pathlib import Path

import httpx
import numpy as np

from benchmarks.recognition import words
from benchmarks.recordings import SAMPLE_RATE, Spoken, folder, mp3, sentences, talk
from benchmarks.results import median, report
from benchmarks.server import RunningServer, running_server, seconds_until_idle
from benchmarks.speech import edit_distance
from thinktalk.engines.base import RecognizeOptions
from thinktalk.engines.cascade.claims import Claim
from thinktalk.engines.cascade.ears import WhisperRecognizer
from thinktalk.engines.cascade.tape import Tape
from thinktalk.media.activity import Activity
from thinktalk.media.load import MediaLoader
from thinktalk.media.segment import segments
from thinktalk.media.spool import MediaFile
from thinktalk.media.types import Audio, Recording, Samples
from thinktalk.media.worker import DecodeWorker
from thinktalk.settings import load
from thinktalk.weights.catalog import Catalog

_HOURS, _CANCELS = 10, 8
_LOOK_S = 0.2


def ears() -> WhisperRecognizer:
    settings = load()
    catalog = Catalog(settings.weights)
    return WhisperRecognizer(
        catalog.path(settings.cascade.recognizer),
        catalog.path("silero-vad") / "silero_vad_16k_sequence.onnx",
        threads=settings.cascade.threads,
    )


def errors(said: str, heard: str) -> float:
    """Word error rate in per cent."""
    return round(100 * edit_distance(words(said), words(heard)) / len(words(said)), 2)


def recording_of(spoken: Spoken) -> Recording:
    """Samples in memory, read as those of a long file are."""

    async def pieces(start_s: float) -> AsyncGenerator[Samples, None]:
        for start in range(round(start_s * SAMPLE_RATE), len(spoken.samples), 30 * SAMPLE_RATE):
            yield spoken.samples[start : start + 30 * SAMPLE_RATE]

    return Recording(len(spoken.samples) / SAMPLE_RATE, "spoken", pieces)


async def heard(recognizer: WhisperRecognizer, audio: Audio | Recording) -> str:
    options = RecognizeOptions()
    async with aclosing(recognizer.recognize(audio, options)) as found:
        return "".join([segment.text async for segment in found])


async def recognition(spoken: list[Spoken]) -> None:
    """60 minutes in memory, no word times."""
    recognizer, hour = ears(), talk(spoken, 3600)
    await recognizer.start()
    audio = recording_of(hour)
    started = time.perf_counter()
    text = await heard(recognizer, audio)
    seconds = time.perf_counter() - started
    await recognizer.stop()
    row = {
        "minutes": round(audio.duration_s / 60, 1),
        "seconds": round(seconds, 1),
        "times real time": round(audio.duration_s / seconds, 1),
        "word errors, %": errors(hour.text, text),
    }
    report("long-recognition", [row])


class Peak:
    """The most memory that a server took while the block ran, looked at five times a second."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.megabytes: list[float] = []

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(_LOOK_S):
            self.megabytes.append(self._server.resident_bytes() / 1e6)


def transcribed(url: str, data: bytes) -> None:
    response = httpx.post(
        f"{url}/v1/audio/transcriptions",
        data={"model": "whisper-1", "response_format": "srt"},
        files={"file": ("talk.mp3", data)},
        timeout=None,
        trust_env=False,
    )
    response.raise_for_status()
    assert "-->" in response.text


def memory(spoken: list[Spoken]) -> None:
    """End to end with times. Each length by a server of its own, which has heard nothing before."""
    rows = []
    for minutes in (10, 60):
        audio = talk(spoken, 60 * minutes)
        data = mp3(audio.samples)
        duration_s = len(audio.samples) / SAMPLE_RATE
        with running_server(THINKTALK_MEDIA__RESUME_BYTES="0") as server:
            transcribed(server.url, mp3(audio.samples[: 30 * SAMPLE_RATE]))
            with Peak(server) as peak:
                started = time.perf_counter()
                transcribed(server.url, data)
                seconds = time.perf_counter() - started
        rows.append(
            {
                "minutes": round(duration_s / 60, 1),
                "seconds": round(seconds, 1),
                "times real time": round(duration_s / seconds, 1),
                "peak MB": round(max(peak.megabytes)),
                "median MB": round(median(peak.megabytes)),
            }
        )
    report("long-memory", rows)


async def cancelling(spoken: list[Spoken]) -> None:
    """Leave a transcription in the middle: seconds until the server does nothing more."""
    data = mp3(talk(spoken, 900).samples)
    taken_s = []
    with running_server(THINKTALK_MEDIA__RESUME_BYTES="0") as server:
        for number in range(_CANCELS):
            leave_at = time.perf_counter() + 4.0 + 0.3 * number
            form = {"model": "whisper-1", "stream": "true"}
            async with (
                httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False) as http,
                http.stream(
                    "POST",
                    "/v1/audio/transcriptions",
                    data=form,
                    files={"file": ("talk.mp3", data)},
                ) as response,
            ):
                async for _ in response.aiter_bytes():
                    if time.perf_counter() >= leave_at:
                        break
            taken_s.append(await seconds_until_idle(server, time.perf_counter()))
    row = {
        "cancelled": _CANCELS,
        "median s to idle": median(taken_s),
        "worst s": round(max(taken_s), 2),
    }
    report("long-cancelling", [row], taken_s)


def ten_hours(spoken: list[Spoken]) -> Path:
    """An MP3 of ten hours, kept between runs: 20 minutes, over and over."""
    path = folder() / f"{_HOURS}h.mp3"
    if not path.exists():
        minutes = talk(spoken, 1200).samples
        part, count = mp3(minutes), _HOURS * 3600 * SAMPLE_RATE // len(minutes)
        with path.open("wb") as file:
            for _ in range(count):
                file.write(part)
    return path


def resident_mb(pids: Iterable[int]) -> float:
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(("RssAnon", "RssShmem")):
                total += int(line.split()[1])
    return total / 1024


async def hours(spoken: list[Spoken]) -> None:
    """Decoding, voice activity and cutting into pieces, whole; recognition by its rate."""
    settings = load().media
    path = ten_hours(spoken)
    worker = DecodeWorker(settings)
    loader, recognizer = MediaLoader(settings, worker), ears()
    await recognizer.start()
    started = time.perf_counter()
    recording = await loader.sound(MediaFile.at(path))
    assert isinstance(recording, Recording)
    probed_s = time.perf_counter() - started
    tape = Tape(recording)
    curve: list[tuple[float, float]] = []
    num_pieces, speech_s, told = 0, 0.0, 0.0
    async with aclosing(recognizer.batches(tape, Claim(), 4)) as batches:
        async for batch in batches:
            num_pieces += len(batch)
            speech_s += sum(piece.duration_s for piece in batch)
            if batch[-1].end_s - told >= 600:
                told = batch[-1].end_s
                curve.append((round(told / 3600, 2), round(resident_mb(["self", *worker.pids]), 1)))
    await tape.close()
    through_s = time.perf_counter() - started
    minutes = talk(spoken, 300)
    began = time.perf_counter()
    await heard(recognizer, recording_of(minutes))
    rate = len(minutes.samples) / SAMPLE_RATE / (time.perf_counter() - began)
    await recognizer.stop()
    await loader.stop()
    memory_mb = [megabytes for _, megabytes in curve]
    row = {
        "hours": round(recording.duration_s / 3600, 2),
        "pieces": num_pieces,
        "to its length, s": round(probed_s, 1),
        "decoded and cut, min": round(through_s / 60, 2),
        "recognition, x real time": round(rate, 1),
        "in all, min": round((through_s + recording.duration_s / rate) / 60, 1),
        "memory, first hour MB": round(float(np.median(memory_mb[:6]))),
        "last hour MB": round(float(np.median(memory_mb[-6:]))),
        "peak MB": round(max(memory_mb)),
    }
    report("long-hours", [row], {"curve": curve})


async def splitting(spoken: list[Spoken]) -> None:
    """20 minutes whole, and in parts of at most 3 minutes cut at pauses."""
    recognizer, audio = ears(), talk(spoken, 1200)
    await recognizer.start()
    whole = await heard(recognizer, Audio(audio.samples, SAMPLE_RATE))
    catalog = Catalog(load().weights)
    activity = Activity(catalog.path("silero-vad") / "silero_vad_16k_sequence.onnx")
    spans = activity.speech_spans(audio.samples)
    parts = segments(len(audio.samples) / SAMPLE_RATE, spans, 180.0)
    split = ""
    for start_s, end_s in parts:
        samples = audio.samples[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]
        split += await heard(recognizer, Audio(samples, SAMPLE_RATE))
    await recognizer.stop()
    row = {
        "minutes": round(len(audio.samples) / SAMPLE_RATE / 60, 1),
        "parts": len(parts),
        "whole, word errors %": errors(audio.text, whole),
        "split, word errors %": errors(audio.text, split),
    }
    report("long-splitting", [row])


async def main() -> None:
    wanted = sys.argv[1:] or ["recognition", "memory", "cancelling", "hours", "splitting"]
    spoken = await sentences()
    for name in wanted:
        match name:
            case "recognition":
                await recognition(spoken)
            case "memory":
                memory(spoken)
            case "hours":
                await hours(spoken)
            case "cancelling":
                await cancelling(spoken)
            case "splitting":
                await splitting(spoken)


if __name__ == "__main__":
    asyncio.run(main())
