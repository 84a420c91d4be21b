"""Measures the pitch of each Kokoro voice and writes it into the catalogue of voices.

python -m benchmarks.measure_voice_pitch
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from thinktalk.engines.cascade.espeak import Espeak
from thinktalk.engines.cascade.kokoro import Kokoro
from thinktalk.engines.cascade.phonemes import phonemes
from thinktalk.settings import load
from thinktalk.voices import catalog
from thinktalk.voices.pitch import median_pitch_hz
from thinktalk.weights.catalog import Catalog

SENTENCE = "The quick brown fox jumps over the lazy dog near the river bank every morning."
CATALOG = Path(catalog.__file__).with_name("catalog.toml")


async def measure() -> dict[str, float]:
    """Median fundamental frequency in Hz of each style, saying one English sentence."""
    weights = Catalog(load().weights)
    model = weights.directory("kokoro-82m") / "kokoro-v1.0.int8.onnx"
    kokoro = Kokoro(model, weights.directory("kokoro-voices"), threads=2)
    await kokoro.start()
    symbols, pitches = phonemes(SENTENCE, "en-us", Espeak()), {}
    for style in catalog.styles():
        plan = await kokoro.plan(symbols, kokoro.styles.stock(style.name))
        assert plan is not None
        audio = await kokoro.decode(plan)
        pitches[style.name] = round(median_pitch_hz(audio), 1)
        print(style.name, pitches[style.name])
    await kokoro.stop()
    return pitches


def main() -> None:
    text = CATALOG.read_text(encoding="utf-8")
    for name, pitch_hz in asyncio.run(measure()).items():
        entry = re.compile(rf'(name = "{name}"\n(?:\w+ = .*\n)*?pitch_hz = )[\d.]+')
        text, count = entry.subn(rf"\g<1>{pitch_hz}", text)
        assert count == 1, name
    CATALOG.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
