"""Faults planted into clean speech: which ones the check of voice samples finds, and in what time.

    python -m benchmarks.sample_check [clean.wav ...]

Clean speech is Kokoro's, of voices of several languages speaking English, 20 s each. A sample with
a planted fault counts as caught when the check refuses it or names that fault; further faults that
it names are listed. Recordings of people can be given as further clean samples. Times are of the
whole check, with voice activity and the speaker encoder warm.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.recognition import ENGLISH
from benchmarks.results import median, percentile, report
from thinktalk.app import sample_checker
from thinktalk.engines.cascade.espeak import Espeak
from thinktalk.engines.cascade.kokoro import Kokoro
from thinktalk.engines.cascade.phonemes import phonemes
from thinktalk.errors import VoiceSampleRefused
from thinktalk.media.decode import decode_audio
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio
from thinktalk.settings import load
from thinktalk.voices.sample import LONGEST_S, SampleChecker
from thinktalk.weights.catalog import Catalog

Wave = npt.NDArray[np.float64]

RATE, LENGTH_S = 24_000, 20
VOICES = (
    *("af_heart", "am_michael", "bf_emma", "bm_george", "ff_siwis", "am_onyx"),
    *("hf_alpha", "im_nicola", "jf_alpha", "zm_yunxi"),
)
FAULTY_VOICES = 3  # each fault is planted into the first so many


async def speech(catalog: Catalog) -> dict[str, Wave]:
    """20 s of every voice, with digital silence between the sentences."""
    espeak = Espeak()
    model = catalog.path("kokoro-82m") / "kokoro-v1.0.int8.onnx"
    kokoro = Kokoro(model, catalog.path("kokoro-voices"), threads=2)
    await kokoro.start()
    spoken = {}
    for number, voice in enumerate(VOICES):
        parts: list[Wave] = []
        while sum(map(len, parts)) < LENGTH_S * RATE:
            text = ENGLISH[(number + len(parts)) % len(ENGLISH)]
            plan = await kokoro.plan(phonemes(text, "en", espeak), kokoro.styles.stock(voice))
            assert plan is not None, f"nothing to say in {text!r}"
            audio = await kokoro.decode(plan)
            parts += [audio.samples.astype(np.float64), np.zeros(RATE // 5)]
        spoken[voice] = np.concatenate(parts)[: LENGTH_S * RATE]
    await kokoro.stop()
    espeak.stop()
    return spoken


def under(wave: Wave, noise: Wave, decibels: float) -> Wave:
    """With noise under it, `decibels` weaker."""
    noise = np.resize(noise, len(wave))
    return wave + noise * np.sqrt(np.mean(wave**2) / np.mean(noise**2) / 10 ** (decibels / 10))


def white(seed: int = 1) -> Wave:
    return np.random.default_rng(seed).standard_normal(LENGTH_S * RATE)


def hum(base_hz: float) -> Wave:
    time_s = np.arange(LENGTH_S * RATE) / RATE
    wave: Wave = sum(np.sin(2 * np.pi * base_hz * k * time_s) / k for k in (1, 2, 3, 5))
    return wave


def in_room(wave: Wave, decay_s: float) -> Wave:
    """With a tail of noise as loud as the sound itself, 60 dB down after `decay_s`."""
    time_s = np.arange(round(decay_s * RATE)) / RATE
    tail = np.random.default_rng(2).standard_normal(len(time_s)) * 10 ** (-3 * time_s / decay_s)
    tail[: RATE // 300] = 0  # the nearest wall is half a metre away
    response = tail / np.sqrt((tail**2).sum())
    response[0] = 1.0
    size = 1 << (len(wave) + len(response)).bit_length()
    rung: Wave = np.fft.irfft(np.fft.rfft(wave, size) * np.fft.rfft(response, size))[: len(wave)]
    return rung * np.abs(wave).max() / np.abs(rung).max()


def telephone(wave: Wave) -> Wave:
    """300 to 3400 Hz at 8 kHz, brought back to the rate it had."""
    narrow = resample(Audio(wave.astype(np.float32), RATE), 8_000).samples.astype(np.float64)
    spectrum = np.fft.rfft(narrow)
    hertz = np.fft.rfftfreq(len(narrow), 1 / 8_000)
    spectrum[(hertz < 300) | (hertz > 3_400)] = 0
    passed = np.fft.irfft(spectrum, len(narrow)).astype(np.float32)
    return resample(Audio(passed, 8_000), RATE).samples.astype(np.float64)


def song(seed: int = 0) -> Wave:
    """Chords and a beat, decaying as strings do: 120 beats a minute."""
    rng = np.random.default_rng(seed)
    wave = np.zeros((LENGTH_S + 4) * RATE)
    ring_s = np.arange(2 * RATE) / RATE
    click = rng.standard_normal(RATE // 12) * np.exp(-np.arange(RATE // 12) / RATE / 0.02)
    for beat in range(2 * LENGTH_S):
        start = beat * RATE // 2
        root = 131.0 * 2 ** ((0, 9, 5, 7)[beat // 4 % 4] / 12)
        for step in (0, 4, 7):
            tone = root * 2 ** (step / 12)
            for k in range(1, 8):
                part = np.sin(2 * np.pi * tone * k * ring_s + rng.uniform(0, 6)) / k**1.3
                wave[start : start + len(ring_s)] += part * np.exp(-ring_s / 0.8)
        wave[start : start + len(click)] += 2 * click
    return wave[: LENGTH_S * RATE]


def two_speakers(wave: Wave, other: Wave) -> Wave:
    half = len(wave) // 2
    return np.concatenate([wave[:half], other[half:]])


def with_pause(wave: Wave, pause_s: float = 3.0) -> Wave:
    half = len(wave) // 2
    return np.concatenate([wave[:half], np.zeros(round(pause_s * RATE)), wave[half:]])


def clipped(wave: Wave) -> Wave:
    """6 dB over full scale, cut, and then turned down again."""
    return 0.8 * np.clip(2 * wave / np.abs(wave).max(), -1, 1)


def planted(spoken: dict[str, Wave]) -> Iterator[tuple[str, set[str], str, Wave]]:
    """What is wrong, the names of the fault that are right, the voice, and the sample."""
    voices = list(spoken)
    crowd = sum(np.roll(spoken[voice], 3 * RATE * k) for k, voice in enumerate(voices[4:]))
    makes: dict[str, tuple[set[str], Callable[[Wave], Wave]]] = {
        "too short (2.5 s)": ({"refused"}, lambda wave: wave[: 5 * RATE // 2]),
        "silent": ({"refused"}, lambda wave: 1e-5 * wave),
        "noise alone": ({"refused"}, lambda wave: 0.05 * white()),
        "music alone": ({"refused", "music"}, lambda wave: 0.1 * song()),
        "clipped": ({"clipping"}, clipped),
        "telephone": ({"low_rate"}, telephone),
        "white noise, 10 dB": ({"noise"}, lambda wave: under(wave, white(), 10)),
        "babble, 10 dB": ({"noise"}, lambda wave: under(wave, np.asarray(crowd), 10)),
        "hum, 20 dB": ({"hum"}, lambda wave: under(wave, hum(50), 20)),
        "room, decay 0.8 s": ({"reverberation"}, lambda wave: in_room(wave, 0.8)),
        "pause of 3 s": ({"pause"}, with_pause),
        "music under speech, 15 dB": ({"music"}, lambda wave: under(wave, song(), 15)),
        "far too quiet (-50 dB)": ({"quiet"}, lambda wave: 0.04 * wave),
        "off centre": ({"offset"}, lambda wave: wave + 0.03),
    }
    for name, (right, make) in makes.items():
        for voice in voices[:FAULTY_VOICES]:
            yield name, right, voice, make(spoken[voice])
    # A woman and a man, and two of the same sex.
    for one, other in ((0, 1), (0, 2), (1, 3), (5, 7), (4, 8), (6, 8)):
        pair = two_speakers(spoken[voices[one]], spoken[voices[other]])
        yield "two speakers", {"speakers"}, f"{voices[one]} and {voices[other]}", pair


def judged(checker: SampleChecker, wave: Wave) -> tuple[list[str], dict[str, Any], float]:
    """Names of what is wrong, the figures, and the seconds that the check took."""
    audio = Audio(np.clip(wave, -1, 1).astype(np.float32), RATE)
    started = time.perf_counter()
    try:
        found = checker.check(audio, source_rate=RATE)
    except VoiceSampleRefused as refused:
        return ["refused"], {"reason": str(refused)}, time.perf_counter() - started
    seconds = time.perf_counter() - started
    return [fault.name for fault in found.faults], found.figures(), seconds


def clean_files(paths: list[str]) -> dict[str, Wave]:
    read = {Path(path).stem: Path(path).read_bytes() for path in paths}
    return {
        name: decode_audio(data, sample_rate=RATE, max_s=LONGEST_S).samples.astype(np.float64)
        for name, data in read.items()
    }


def measure(checker: SampleChecker, spoken: dict[str, Wave], people: dict[str, Wave]) -> None:
    judged(checker, spoken[VOICES[0]])  # loads the models
    details, rows, taken = [], [], []
    caught: Counter[str] = Counter()
    total: Counter[str] = Counter()
    others: dict[str, set[str]] = {}
    for fault, right, voice, wave in planted(spoken):
        names, figures, _ = judged(checker, wave)
        total[fault] += 1
        caught[fault] += bool(right & set(names))
        others.setdefault(fault, set()).update(set(names) - right)
        details.append({"planted": fault, "voice": voice, "found": names, "figures": figures})
    for fault, count in total.items():
        named = ", ".join(sorted(others[fault]))
        rows.append(
            {"sample": fault, "samples": count, "caught": caught[fault], "also named": named}
        )
    for kind, clean in (("clean, synthetic", spoken), ("clean, people", people)):
        alarms: Counter[str] = Counter()
        for voice, wave in clean.items():
            names, figures, seconds = judged(checker, wave)
            # That a short recording is short is no false alarm.
            wrong = [name for name in names if name != "short"]
            alarms.update(wrong)
            taken += [seconds] if len(wave) == LENGTH_S * RATE else []
            details.append({"planted": None, "voice": voice, "found": names, "figures": figures})
        if clean:
            false = ", ".join(f"{count} {name}" for name, count in alarms.items()) or "none"
            rows.append({"sample": kind, "samples": len(clean), "caught": 0, "also named": false})
    times = {"median_ms": 1000 * median(taken), "worst_ms": 1000 * percentile(taken, 1.0)}
    print(f"20 s: median {times['median_ms']:.0f} ms, worst {times['worst_ms']:.0f} ms")
    report("sample-check", rows, {"times": times, "samples": details})


def main() -> None:
    catalog = Catalog(load().weights)
    for name in ("kokoro-82m", "kokoro-voices", "silero-vad", "resemblyzer"):
        catalog.pull(name)
    people = clean_files(sys.argv[1:])
    measure(sample_checker(catalog), asyncio.run(speech(catalog)), people)


if __name__ == "__main__":
    main()
