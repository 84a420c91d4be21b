"""Short encoder input against the full 30 s: word errors and time, on clear and on hard speech.

    python -m benchmarks.recognition

Speech is made from text here, so that what was said is known: Kokoro's voices, voices of other
languages speaking English (accents), other languages, eSpeak NG (robotic); English also under white
noise and under other speakers. All variants hear every clip, in turn. *short* and *full* are one
reading of the clip; *used* is the recogniser as it is, with speech detection and second readings;
*peer* is faster-whisper with its defaults, on clear speech only.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import median, report
from benchmarks.speech import edit_distance
from thinktalk.engines.base import RecognizeOptions
from thinktalk.engines.cascade.ears import WhisperRecognizer
from thinktalk.engines.cascade.espeak import Espeak, EspeakVoice
from thinktalk.engines.cascade.kokoro import Kokoro
from thinktalk.engines.cascade.phonemes import phonemes
from thinktalk.engines.cascade.whisper import FULL_INPUT_S, SAMPLE_RATE, Task, Whisper, input_s
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio, Samples
from thinktalk.settings import load
from thinktalk.weights.catalog import Catalog

ENGLISH = (
    "What is the difference between a thread and a process?",
    "Could you tell me why my server returns an error when I upload a large file?",
    "Please explain how a hash table handles collisions.",
    "How long does it take to fly from Berlin to Tokyo?",
    "What time does the museum open on Sunday morning?",
    "Can you translate this sentence into French for me?",
    "Why is the sky blue during the day and red in the evening?",
    "Write a short poem about the sea and the wind.",
    "Which database should I choose for a small web application?",
    "Remind me to call my sister tomorrow at half past nine.",
    "The quick brown fox jumps over the lazy dog near the river bank.",
    "How do I boil an egg so that the yolk stays soft?",
)
NATIVE = ("af_heart", "am_michael", "bf_emma", "bm_george", "af_nicole", "am_onyx")
FOREIGN = ("ff_siwis", "if_sara", "hm_omega", "jf_alpha", "ef_dora", "zm_yunxi")
ROBOT = EspeakVoice("male", "m3")
OTHERS = (
    ("fr", "ff_siwis", "Quelle est la différence entre un processus et un fil d'exécution ?"),
    ("fr", "ff_siwis", "Pourquoi le ciel est-il bleu pendant la journée ?"),
    ("es", "ef_dora", "¿Cuánto tiempo se tarda en volar de Berlín a Tokio?"),
    ("es", "em_alex", "Por favor, explícame cómo funciona una base de datos."),
    ("it", "if_sara", "Qual è la differenza tra un gatto e un cane?"),
    ("it", "im_nicola", "A che ora apre il museo la domenica mattina?"),
    ("pt", "pf_dora", "Você pode me dizer que horas são agora em Lisboa?"),
    ("pt", "pm_alex", "Por que o céu fica vermelho no fim da tarde?"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Samples at 16 kHz and what they say."""

    text: str
    language: str
    samples: Samples


@dataclass(slots=True)
class Score:
    """What one variant made of one set of clips."""

    errors: int = 0
    words: int = 0
    wrong_languages: int = 0
    seconds: list[float] = field(default_factory=list)

    def add(self, clip: Clip, text: str, language: str, seconds: float) -> None:
        said = words(clip.text)
        self.errors += edit_distance(said, words(text))
        self.words += len(said)
        self.wrong_languages += language != clip.language
        self.seconds.append(seconds)


def words(text: str) -> list[str]:
    """Lower-case words of any script, without punctuation."""
    return re.sub(r"[^\w\s]", "", text.lower().replace("-", " ").replace("'", "")).split()


def at_ratio(speech: Samples, noise: Samples, decibels: float) -> Samples:
    """Speech with noise under it, `decibels` weaker."""
    power = float(np.mean(speech**2)) / float(np.mean(noise**2))
    mixed: Samples = (speech + noise * np.sqrt(power / 10 ** (decibels / 10))).astype(np.float32)
    return mixed


def with_white_noise(clips: Iterable[Clip], decibels: float) -> list[Clip]:
    rng = np.random.default_rng(1)
    return [
        replace(
            clip,
            samples=at_ratio(
                clip.samples, rng.standard_normal(len(clip.samples), np.float32), decibels
            ),
        )
        for clip in clips
    ]


def with_babble(clips: Iterable[Clip], speakers: Iterable[Clip], decibels: float) -> list[Clip]:
    """All `speakers` talk at once, each from another moment on."""
    rng = np.random.default_rng(2)
    length = 20 * SAMPLE_RATE
    crowd = np.zeros(length, np.float32)
    for speaker in speakers:
        crowd += np.roll(np.resize(speaker.samples, length), int(rng.integers(length)))
    return [
        replace(clip, samples=at_ratio(clip.samples, crowd[: len(clip.samples)], decibels))
        for clip in clips
    ]


async def spoken(catalog: Catalog, threads: int) -> dict[str, list[Clip]]:
    """The clips of every set, by its name."""
    espeak = Espeak()
    kokoro = Kokoro(
        catalog.path("kokoro-82m") / "kokoro-v1.0.int8.onnx",
        catalog.path("kokoro-voices"),
        threads=threads,
    )
    await kokoro.start()

    async def say(text: str, voice: str, language: str, accent: str = "") -> Clip:
        plan = await kokoro.plan(
            phonemes(text, accent or language, espeak), kokoro.styles.stock(voice)
        )
        assert plan is not None, f"nothing to say in {text!r}"
        audio = await kokoro.decode(plan)
        return Clip(text, language, resample(audio, SAMPLE_RATE).samples)

    def clips(voices: tuple[str, ...]) -> list[Awaitable[Clip]]:
        return [
            say(text, voices[number % len(voices)], "en", "en-gb" if number % 6 in (2, 3) else "")
            for number, text in enumerate(ENGLISH)
        ]

    clear = [await clip for clip in clips(NATIVE)]
    accents = [await clip for clip in clips(FOREIGN)]
    others = [await say(text, voice, language) for language, voice, text in OTHERS]
    await kokoro.stop()
    robotic = [
        Clip(text, "en", resample(espeak.say(text, "en", ROBOT, 0.9), SAMPLE_RATE).samples)
        for text in ENGLISH
    ]
    espeak.stop()
    return {
        "clear": clear,
        "accents": accents,
        "fr es it pt": others,
        "robotic": robotic,
        "white noise, 10 dB": with_white_noise(clear, 10),
        "white noise, 5 dB": with_white_noise(clear, 5),
        "babble, 10 dB": with_babble(clear, accents, 10),
        "babble, 5 dB": with_babble(clear, accents, 5),
    }


Variant = Callable[[Clip], Awaitable[tuple[str, str]]]


async def once(
    whisper: Whisper, length_of: Callable[[float], float], clip: Clip
) -> tuple[str, str]:
    """One greedy reading in the language detected: text and language."""
    encoded = whisper.encode(clip.samples, length_of(len(clip.samples) / SAMPLE_RATE))
    language = whisper.languages([encoded])[0][0][0]
    [reading] = whisper.decode([encoded], [Task(language)])
    return reading.text, language


async def used(ears: WhisperRecognizer, clip: Clip) -> tuple[str, str]:
    """What a user gets: text and language."""
    audio = Audio(clip.samples, SAMPLE_RATE)
    async with aclosing(ears.recognize(audio, RecognizeOptions())) as segments:
        heard = [segment async for segment in segments]
    return "".join(segment.text for segment in heard), heard[0].language if heard else ""


async def peer(model: Any, clip: Clip) -> tuple[str, str]:
    """faster-whisper as its README calls it."""
    segments, info = model.transcribe(clip.samples, beam_size=5)
    return "".join(segment.text for segment in segments), info.language


async def compare(
    sets: Mapping[str, list[Clip]], variants: Mapping[str, Variant], only_clear: set[str]
) -> list[dict[str, Any]]:
    """A row for every set and variant; each clip goes to all variants before the next one."""
    rows = []
    for name, clips in sets.items():
        chosen = {v: hear for v, hear in variants.items() if name == "clear" or v not in only_clear}
        scores = {variant: Score() for variant in chosen}
        for clip in clips:
            for variant, hear in chosen.items():
                started = time.perf_counter()
                text, language = await hear(clip)
                scores[variant].add(clip, text, language, time.perf_counter() - started)
        rows += [
            {
                "speech": name,
                "variant": variant,
                "clips": len(clips),
                "word errors, %": round(100 * score.errors / score.words, 1),
                "wrong language": score.wrong_languages,
                "median s": median(score.seconds),
                "worst s": round(max(score.seconds), 3),
            }
            for variant, score in scores.items()
        ]
    return rows


async def long(ears: WhisperRecognizer, clips: list[Clip], duration_s: float) -> dict[str, Any]:
    """One recording of at least `duration_s`, sentences apart by pauses of usual length."""
    rng = np.random.default_rng(3)
    parts: list[Samples] = []
    said: list[str] = []
    while sum(map(len, parts)) < duration_s * SAMPLE_RATE:
        clip = clips[int(rng.integers(len(clips)))]
        parts += [clip.samples, np.zeros(int(rng.uniform(0.3, 1.5) * SAMPLE_RATE), np.float32)]
        said.append(clip.text)
    recording = Clip(" ".join(said), "en", np.concatenate(parts))
    score = Score()
    first = 0.0
    for _ in range(3):
        started = time.perf_counter()
        text = ""
        audio = Audio(recording.samples, SAMPLE_RATE)
        async with aclosing(ears.recognize(audio, RecognizeOptions())) as segments:
            async for segment in segments:
                first = first if text else time.perf_counter() - started
                text += segment.text
        score.add(recording, text, "en", time.perf_counter() - started)
    seconds = median(score.seconds)
    return {
        "seconds of audio": round(len(recording.samples) / SAMPLE_RATE, 1),
        "median s": seconds,
        "times real time": round(len(recording.samples) / SAMPLE_RATE / seconds, 1),
        "first text s": round(first, 2),
        "word errors, %": round(100 * score.errors / score.words, 1),
    }


async def main() -> None:
    settings = load()
    catalog, threads = Catalog(settings.weights), settings.cascade.threads
    sets = await spoken(catalog, threads)
    model_dir: Path = catalog.path(settings.cascade.recognizer)
    whisper = Whisper(model_dir, threads=threads)
    vad_file = catalog.path("silero-vad") / "silero_vad_16k_sequence.onnx"
    ears = WhisperRecognizer(model_dir, vad_file, threads=threads)
    await ears.start()
    from faster_whisper import WhisperModel

    model = WhisperModel(str(model_dir), device="cpu", compute_type="int8", cpu_threads=threads)
    variants: dict[str, Variant] = {
        "short": partial(once, whisper, input_s),
        "full": partial(once, whisper, lambda _: FULL_INPUT_S),
        "used": partial(used, ears),
        "peer": partial(peer, model),
    }
    for hear in variants.values():
        await hear(sets["clear"][0])
    rows = await compare(sets, variants, {"peer"})
    report("recognition", rows)
    report("recognition-long", [await long(ears, sets["clear"], s) for s in (60.0, 180.0)])
    await ears.stop()


if __name__ == "__main__":
    asyncio.run(main())
