"""First sound, starvation and intelligibility of spoken replies, streamed against text first.

    python -m benchmarks.speech [--model qwen3.5-omni-light]

Questions are asked streamed with speech; the first ten, in turn, also as a client without streaming
would do it (whole text, then its whole speech). A nonce keeps the question out of the
prefix cache the second time. Audible is above -50 dBFS.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import re
import time
from dataclasses import dataclass

import httpx
import numpy as np

from benchmarks.questions import SPOKEN, SYSTEM
from benchmarks.results import median, report
from benchmarks.server import running_server
from thinktalk.client import Client, Question, Reply
from thinktalk.events import AudioDelta
from thinktalk.media.encode import wav_file
from thinktalk.media.types import Audio

AUDIBLE = 10 ** (-50 / 20)
VOICE = "Chelsie"
NAIVE_RUNS = 10


@dataclass(slots=True)
class Spoken:
    """One streamed reply. `starved_ms` is the silence a player would have heard, waiting."""

    text: str
    audio: Audio
    first_text_s: float
    first_sound_s: float
    total_s: float
    starved_ms: float


async def ask_spoken(client: Client, question: str, model: str, voice: str = VOICE) -> Spoken:
    """Stream one spoken reply and play it against the clock."""
    started = time.perf_counter()
    playing_until: float | None = None
    first_sound = starved = 0.0
    reply = Reply(model)
    asked = Question(question, model=model, voice=voice, system=SYSTEM)
    async for event, reply in client.stream(asked):  # noqa: B007 - read after the loop
        now = time.perf_counter() - started
        if not isinstance(event, AudioDelta):
            continue
        samples, rate = event.audio.samples, event.audio.sample_rate
        if playing_until is None:
            loud = np.flatnonzero(np.abs(samples) >= AUDIBLE)
            if not len(loud):
                continue
            # What is silent before the first audible sample delays it for the listener too.
            first_sound = now + loud[0] / rate
            playing_until = now
        elif now > playing_until:
            starved += now - playing_until
            playing_until = now
        playing_until += len(samples) / rate
    assert reply.audio is not None, "the reply was not spoken"
    return Spoken(
        reply.text,
        reply.audio.audio,
        reply.first_text_s or 0.0,
        first_sound,
        reply.total_s or 0.0,
        starved * 1000,
    )


async def ask_text_then_speech(http: httpx.AsyncClient, question: str, model: str) -> float:
    """Seconds to the first audible sample when the text is awaited, then its sound file."""
    started = time.perf_counter()
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
    answer = await http.post("/v1/chat/completions", json={"model": model, "messages": messages})
    answer.raise_for_status()
    text = answer.json()["choices"][0]["message"]["content"]
    body = {"model": "tts-1", "input": text, "voice": VOICE, "response_format": "pcm"}
    speech = await http.post("/v1/audio/speech", json=body)
    speech.raise_for_status()
    elapsed = time.perf_counter() - started
    samples = np.abs(np.frombuffer(speech.content, "<i2")) / 32768
    return elapsed + float(np.argmax(samples >= AUDIBLE)) / 24_000


async def word_error_rate(http: httpx.AsyncClient, spoken: Spoken) -> tuple[int, int]:
    """Errors and words of the reply as the recogniser hears it, against its text."""
    response = await http.post(
        "/v1/audio/transcriptions",
        data={"model": "whisper-1", "language": "en"},
        files={"file": ("reply.wav", wav_file(spoken.audio))},
    )
    response.raise_for_status()
    said, heard = plain_words(spoken.text), plain_words(response.json()["text"])
    return edit_distance(said, heard), len(said)


def plain_words(text: str) -> list[str]:
    """Lower-case words without punctuation; hyphens part words."""
    return re.sub(r"[^a-z0-9' ]", "", text.lower().replace("-", " ").replace("’", "'")).split()


def edit_distance(reference: list[str], hypothesis: list[str]) -> int:
    """Levenshtein distance between two word lists."""
    row = list(range(len(hypothesis) + 1))
    for i, word in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(hypothesis, 1):
            diagonal, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other)),
            )
    return row[-1]


Rows = list[dict[str, object]]


async def measure(url: str, model: str) -> tuple[Rows, Rows]:
    replies: list[Spoken] = []
    naive: list[float] = []
    errors = words = 0
    async with (
        Client(f"{url}/v1") as client,
        httpx.AsyncClient(base_url=url, timeout=300, trust_env=False) as http,
    ):
        await ask_spoken(client, "Say hello.", model)  # warms the system prompt
        await ask_text_then_speech(http, "Say hello.", model)
        for number, question in enumerate(SPOKEN):
            replies.append(await ask_spoken(client, question, model))
            if number < NAIVE_RUNS:
                naive.append(await ask_text_then_speech(http, f"({number}) {question}", model))
            print(f"{number + 1} of {len(SPOKEN)}: {replies[-1].first_sound_s:.2f} s", flush=True)
        for reply in replies:
            wrong, count = await word_error_rate(http, reply)
            errors, words = errors + wrong, words + count
    first = [reply.first_sound_s for reply in replies]
    rows: Rows = [
        {"figure": "first audible sample, median s", "value": median(first)},
        {"figure": "first audible sample, worst s", "value": round(max(first), 3)},
        {"figure": "first text, median s", "value": median([r.first_text_s for r in replies])},
        {"figure": "text then speech, median s", "value": median(naive)},
        {"figure": "times earlier, median", "value": median(naive) / median(first)},
        {
            "figure": f"replies of {len(replies)} that never starve",
            "value": sum(reply.starved_ms == 0 for reply in replies),
        },
        {"figure": "worst starved, ms", "value": round(max(r.starved_ms for r in replies))},
        {
            "figure": "words a reply, median",
            "value": median([len(r.text.split()) for r in replies]),
        },
        {"figure": "word error rate, per cent", "value": round(100 * errors / words, 2)},
    ]
    details: Rows = [
        {
            "text": reply.text,
            "first_text_s": reply.first_text_s,
            "first_sound_s": reply.first_sound_s,
            "speech_s": reply.audio.duration_s,
            "total_s": reply.total_s,
            "starved_ms": reply.starved_ms,
            "text_then_speech_s": slow,
        }
        for reply, slow in itertools.zip_longest(replies, naive)
    ]
    return rows, details


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="qwen3.5-omni-flash")
    model = parser.parse_args().model
    with running_server() as server:
        rows, details = asyncio.run(measure(server.url, model))
    report(f"speech-{model.rpartition('-')[2]}", rows, details)


if __name__ == "__main__":
    main()
