"""Synthesises what the cloning encoder learns from: random voices, and who each one sounds like.

python -m training.clone_samples OUT.npz [--minutes 60] [--seed 0]

A voice is a random mixture of the stock styles, drawn away from their mean or towards it and
shaken along their principal axes; timbre and prosody halves are mixed apart half of the time. Its
pitch curve is scaled, and each phrase is also taken with a longer and a shorter vocal tract. Stops
after the given minutes; what there is by then is written.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thinktalk.engines.cascade.clone.encoder import SpeakerEncoder
from thinktalk.engines.cascade.clone.space import HALF, stock_space
from thinktalk.engines.cascade.clone.voice import STYLE_SIZE, FittedVoice
from thinktalk.engines.cascade.espeak import Espeak
from thinktalk.engines.cascade.kokoro import Kokoro
from thinktalk.engines.cascade.phonemes import phonemes
from thinktalk.media.types import Audio
from thinktalk.settings import load
from thinktalk.weights.catalog import Catalog

Floats = npt.NDArray[np.float32]

PHRASES = (
    "The train to the coast leaves at nine.",
    "Please put the blue box on the table.",
    "Nobody knew why the window was open.",
    "We could meet again early next week.",
    "A warm wind came over the hills.",
    "How many people live in this village?",
    "She always reads the last page first.",
    "Just give me a moment to think about it.",
    "Their garden is full of yellow flowers.",
    "I never said that it would be easy.",
    "Turn left at the church, then go straight on.",
    "What a lovely morning for a walk!",
)


def draw(random: np.random.Generator, styles: Floats) -> FittedVoice:
    """Draw a voice. `styles` are the stock styles' means, shape (54, 256)."""
    halves = []
    weights = random.dirichlet(np.full(len(styles), random.choice([0.03, 0.1, 0.3])))
    apart = random.random() < 0.5
    for half in (slice(0, HALF), slice(HALF, STYLE_SIZE)):
        own = styles[:, half]
        mean = own.mean(axis=0)
        if apart and half.start:
            weights = random.dirichlet(np.full(len(styles), 0.1))
        mixed = mean + random.uniform(0.8, 1.7) * (weights @ own - mean)
        axes = np.linalg.svd(own - mean, full_matrices=False)
        scales = axes.S / np.sqrt(len(styles))
        shake = random.standard_normal(len(scales)) * scales * random.uniform(0, 0.6)
        halves.append(mixed + shake @ axes.Vh)
    return FittedVoice(
        np.concatenate(halves).astype(np.float32),
        float(np.exp(random.normal(0, 0.12))),
        float(np.exp(random.uniform(-0.13, 0.13))),
    )


async def synthesise(out: Path, minutes: float, seed: int) -> None:
    catalog = Catalog(load().weights)
    kokoro = Kokoro(
        catalog.directory("kokoro-82m") / "kokoro-v1.0.int8.onnx",
        catalog.directory("kokoro-voices"),
        threads=2,
    )
    encoder = SpeakerEncoder(catalog.directory("resemblyzer") / "pretrained.pt", threads=2)
    await kokoro.start()
    space = stock_space(catalog.directory("kokoro-voices"))
    espeak = Espeak()
    symbols = [phonemes(phrase, "en-us", espeak) for phrase in PHRASES]
    random = np.random.default_rng(seed)
    rows: dict[str, list[object]] = {
        name: [] for name in ("style", "pitch", "tract", "phrase", "hertz", "embedding")
    }
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        voice = draw(random, space.means)
        phrase = int(random.integers(len(symbols)))
        plan = await kokoro.plan(symbols[phrase], space.spoken_rows(voice))
        if plan is None:
            continue
        plan = replace(plan, pitch=plan.pitch * np.float32(voice.pitch))
        audio = await kokoro.decode(plan)
        hertz = plan.pitch[0, 2 * plan.start : 2 * plan.end]
        median = float(np.median(hertz[hertz > 40])) if (hertz > 40).any() else 0.0
        for tract in (1.0, voice.tract):
            heard = Audio(audio.samples, round(audio.sample_rate / tract))
            rows["style"].append(voice.style)
            rows["pitch"].append(voice.pitch)
            rows["tract"].append(tract)
            rows["phrase"].append(phrase)
            rows["hertz"].append(median)
            rows["embedding"].append(encoder.embed(heard))
        if len(rows["style"]) % 200 == 0:
            _write(out, rows)
            print(len(rows["style"]), flush=True)
    await kokoro.stop()
    _write(out, rows)


def _write(out: Path, rows: dict[str, list[object]]) -> None:
    partial = out.with_suffix(".part.npz")
    np.savez(partial, **{name: np.array(values) for name, values in rows.items()})  # type: ignore[arg-type]
    partial.replace(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    asyncio.run(synthesise(given.out, given.minutes, given.seed))


if __name__ == "__main__":
    main()
