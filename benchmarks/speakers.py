"""People to clone: what was recorded of them, and what of it is held out. See speakers.toml."""

from __future__ import annotations

import tomllib
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thinktalk.media.resample import resample
from thinktalk.media.types import Audio
from thinktalk.settings import WeightSettings
from thinktalk.weights.catalog import Catalog
from thinktalk.weights.manifest import parse

SAMPLE_RATE = 24_000
_FILE = Path(__file__).with_name("speakers.toml")


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """A `sample` to clone and other sentences of the same recording, both at 24 kHz."""

    name: str
    pitch_hz: float
    sample: Audio
    held_out: Audio


def catalog(settings: WeightSettings) -> Catalog:
    """The packages of speakers.toml, kept in a folder of their own beside the product's weights."""
    cache = settings.cache / "benchmarks"
    manifest = parse(_FILE.read_text("utf-8"))
    return Catalog(settings.model_copy(update={"cache": cache}), manifest=manifest)


def people(files: Catalog) -> list[Person]:
    """Everybody in speakers.toml; fetches what is not there."""
    found = []
    for table in tomllib.loads(_FILE.read_text("utf-8"))["speaker"]:
        whole = _read(files.pull(table["entry"]) / table["file"])
        cut = round(table["cut_s"] * SAMPLE_RATE)
        before, after = (Audio(part, SAMPLE_RATE) for part in np.split(whole.samples, [cut]))
        found.append(Person(table["name"], table["pitch_hz"], before, after))
    return found


def _read(path: Path) -> Audio:
    with wave.open(str(path)) as file:
        if file.getsampwidth() != 2 or file.getnchannels() != 1:
            raise ValueError(f"{path.name} is not mono sound of 16 bits")
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        rate = file.getframerate()
    return resample(Audio((samples / 32768).astype(np.float32), rate), SAMPLE_RATE)
