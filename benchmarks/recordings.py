"""Long recordings made from text, so that what was said is known.

Sentences are put together from parts, spoken by Kokoro's English voices and joined as people speak:
pauses between sentences, longer ones between paragraphs, a new speaker with each paragraph, faint
noise under all of it. Sentences are synthesised once and kept in the cache directory.
"""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from thinktalk.engines.cascade.espeak import Espeak
from thinktalk.engines.cascade.kokoro import Kokoro
from thinktalk.engines.cascade.phonemes import phonemes
from thinktalk.media.resample import resample
from thinktalk.media.types import Samples
from thinktalk.settings import load
from thinktalk.weights.catalog import Catalog

SAMPLE_RATE = 16_000
VOICES = ("af_heart", "am_michael", "bf_emma", "am_onyx")
WHO = (
    "The old keeper of the lighthouse",
    "A young teacher from the north",
    "My neighbour across the street",
    "The new engineer in our team",
    "One of the travellers on the train",
    "The owner of the small bakery",
    "A doctor who had worked abroad",
    "The captain of the fishing boat",
    "An artist with a large family",
    "The woman at the front desk",
    "A student of modern history",
    "The man who repaired the clock",
)
WHAT = (
    "walked slowly along the harbour before the storm came in.",
    "said that the meeting had been moved to the following week.",
    "found a letter that nobody had opened for thirty years.",
    "explained how the machine turns water into steam.",
    "bought apples, bread and a little cheese at the market.",
    "wanted to know why the bridge had been closed so early.",
    "remembered the summer when the river was almost dry.",
    "drew a map of the valley on the back of a napkin.",
    "asked whether anyone had seen the keys to the garden gate.",
    "told us a story about a dog that could open doors.",
    "planned to build a house with very large windows.",
    "never believed that the experiment would really work.",
)
_NOISE = 10 ** (-58 / 20)
_IN_PARAGRAPH = 6


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """Samples at 16 kHz and what is said in them."""

    text: str
    samples: Samples


async def sentences(count: int = 96) -> list[Spoken]:
    """Each of a speaker of its own in turn; the same ones every time."""
    settings = load()
    catalog = Catalog(settings.weights)
    folder = catalog.cache / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"sentences-{count}.npz"
    texts = [f"{who} {what}" for who, what in itertools.product(WHO, WHAT)]
    chosen = [texts[number * 37 % len(texts)] for number in range(count)]
    if kept.exists():
        with np.load(kept) as arrays:
            return [Spoken(text, arrays[str(number)]) for number, text in enumerate(chosen)]
    espeak = Espeak()
    kokoro = Kokoro(
        catalog.path("kokoro-82m") / "kokoro-v1.0.int8.onnx",
        catalog.path("kokoro-voices"),
        threads=settings.cascade.threads,
    )
    await kokoro.start()
    spoken = []
    for number, text in enumerate(chosen):
        voice = VOICES[number % len(VOICES)]
        accent = "en-gb" if voice.startswith("b") else "en"
        plan = await kokoro.plan(phonemes(text, accent, espeak), kokoro.styles.stock(voice))
        assert plan is not None
        audio = resample(await kokoro.decode(plan), SAMPLE_RATE)
        spoken.append(Spoken(text, audio.samples))
    await kokoro.stop()
    espeak.stop()
    arrays: dict[str, Any] = {str(number): s.samples for number, s in enumerate(spoken)}
    np.savez(kept, **arrays)
    return spoken


def talk(spoken: list[Spoken], duration_s: float, seed: int = 1) -> Spoken:
    """A recording of at least `duration_s`, ended by a whole sentence."""
    rng = np.random.default_rng(seed)
    parts: list[Samples] = []
    said: list[str] = []
    length = 0
    while length < duration_s * SAMPLE_RATE:
        voice = int(rng.integers(len(VOICES)))
        for _ in range(_IN_PARAGRAPH):
            own = voice + len(VOICES) * int(rng.integers(len(spoken) // len(VOICES)))
            pause_s = rng.uniform(0.25, 0.9)
            parts += [spoken[own].samples, _silence(pause_s)]
            said.append(spoken[own].text)
        parts.append(_silence(rng.uniform(1.0, 2.5)))
        length = sum(map(len, parts))
    samples = np.concatenate(parts)
    samples += rng.standard_normal(len(samples), np.float32) * np.float32(_NOISE)
    return Spoken(" ".join(said), samples)


def mp3(samples: Samples) -> bytes:
    """As people keep recordings of speech: 64 kbit/s. Such files may be put one after the other."""
    file = io.BytesIO()
    # Without the header that states a length: what is joined would go by that of its first part.
    with av.open(file, "w", format="mp3", options={"write_xing": "0"}) as output:
        stream: Any = output.add_stream("libmp3lame", rate=SAMPLE_RATE, layout="mono")
        stream.bit_rate = 64_000
        for start in range(0, len(samples), 1152):
            piece = np.ascontiguousarray(samples[None, start : start + 1152])
            frame = av.AudioFrame.from_ndarray(piece, "fltp", "mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE, start
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def folder() -> Path:
    """Where recordings may be kept between runs."""
    return Catalog(load().weights).cache / "benchmarks"


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)
