"""Turns whose true end is known, made in code: synthesised speech with pauses, and people reading.

What is said is in turns_set.toml, who reads in readers.toml. Kokoro speaks each line that has
pauses with two voices of its half, the others with one. A pause within a sentence is cut into one
utterance, so that its melody goes on over it, and the last syllables before it are drawn out. A
reader's own pauses are made as long as those of the others. Under everything lies noise, on a third
of the turns loud enough to hear. Halves share no speaker and no sentence; all sound is kept in the
cache directory.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
import wave
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thinktalk.engines.cascade import kokoro_graph
from thinktalk.engines.cascade.espeak import Espeak
from thinktalk.engines.cascade.kokoro import SAMPLE_RATE as KOKORO_RATE
from thinktalk.engines.cascade.kokoro import SAMPLES_PER_FRAME, Kokoro
from thinktalk.engines.cascade.pace import faded, stretched, trimmed
from thinktalk.engines.cascade.phonemes import phonemes, token_ids
from thinktalk.engines.cascade.styles import Rows
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio, Samples
from thinktalk.settings import load
from thinktalk.weights.catalog import Catalog
from thinktalk.weights.manifest import parse

SAMPLE_RATE = 16_000
# By half: the one that the decision was fitted on, and the one held out.
VOICES = {
    "en": (
        ("af_heart", "am_michael", "bf_emma", "bm_lewis", "af_sky", "am_puck", "bf_alice"),
        ("af_bella", "am_onyx", "bf_isabella", "bm_daniel", "af_nova", "am_fenrir", "bm_george"),
    ),
    "de": (("if_sara", "af_kore", "am_eric", "im_nicola"), ("bf_lily", "am_liam", "ff_siwis")),
}
SPEEDS = (0.85, 1.0, 1.15)
PAUSES_S = {"two": (0.3, 0.8), "dictated": (0.3, 1.0)}
_PAUSE_S = (0.3, 1.5)
_DRAWN_S, _DRAWN_SPEED = 0.2, 0.7  # the end of what is said before a pause, and its pace there
_FLOOR = 10 ** (-62 / 20)
_LOUD_RATIOS_DB = (15.0, 20.0, 25.0)
_AUDIBLE = 10 ** (-45 / 20)
_HEAD_S = 0.3
_AROUND_S = 0.1  # what is kept of a recording around speech
_FOLDER = Path(__file__).parent
_DATA, _READERS = _FOLDER / "turns_set.toml", _FOLDER / "readers.toml"


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """Samples at 16 kHz, that end with the turn, and where in them nobody speaks.

    `pauses` are (start_s, end_s); the true end of the turn is `end_s`, the end of the samples.
    """

    kind: str
    language: str
    speaker: str
    text: str
    is_held_out: bool
    samples: Samples
    pauses: tuple[tuple[float, float], ...]
    noise: float  # root mean square of what lies under the speech

    @property
    def end_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    def with_silence(self, duration_s: float) -> Samples:
        """The turn and what is heard after it."""
        rng = np.random.default_rng(len(self.samples))
        silence = rng.standard_normal(round(duration_s * SAMPLE_RATE), np.float32) * self.noise
        return np.concatenate([self.samples, silence.astype(np.float32)])


class Voices:
    """Kokoro, which also tells when each of its symbols sounds."""

    def __init__(self, catalog: Catalog) -> None:
        import onnx
        import onnxruntime

        model_file = catalog.path("kokoro-82m") / "kokoro-v1.0.int8.onnx"
        # One thread: two that wait for each other are slower beside other work.
        self._kokoro = Kokoro(model_file, catalog.path("kokoro-voices"), threads=1)
        model = onnx.load_from_string(kokoro_graph.split(model_file, products=False).prosody)
        (joined,) = (node for node in model.graph.node if kokoro_graph.FEATURES in node.output)
        self._alignment = joined.input[1]  # (num_tokens + 2, num_frames), ones where one sounds
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(self._alignment))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._espeak = Espeak()

    async def start(self) -> None:
        await self._kokoro.start()

    async def stop(self) -> None:
        await self._kokoro.stop()
        self._espeak.stop()

    async def say(self, parts: list[str], language: str, voice: str, speed: float) -> list[Samples]:
        """Say all parts as one utterance; the sound of each, at 16 kHz, trimmed."""
        accent = "en-gb" if language == "en" and voice.startswith("b") else language
        spoken = [phonemes(part, accent, self._espeak).strip() for part in parts]
        symbols, style = " ".join(spoken), self._kokoro.styles.stock(voice)
        plan = await self._kokoro.plan(symbols, style, speed)
        assert plan is not None, f"nothing to say in {parts}"
        sound = (await self._kokoro.decode(plan)).samples
        lengths = [len(token_ids(part)) + 1 for part in spoken[:-1]]  # with the space after each
        if not lengths:
            return [_ready(sound)]
        frames = self._ends(symbols, style, speed)[np.cumsum(lengths)] - plan.start
        return [_ready(piece) for piece in np.split(sound, frames * SAMPLES_PER_FRAME)]

    def _ends(self, symbols: str, style: Rows, speed: float) -> npt.NDArray[np.int_]:
        """The frame in which the padding, then each symbol, then the padding again ends."""
        tokens = token_ids(symbols)
        given = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": style[len(tokens) - 1],
            "speed": np.array([speed], np.float32),
        }
        (alignment,) = self._session.run([self._alignment], given)
        return np.cumsum(alignment.sum(axis=-1)).astype(int)


async def turns() -> list[Turn]:
    """Every turn, in the same order and with the same sound every time."""
    settings = load()
    catalog = Catalog(settings.weights)
    data = b"".join(path.read_bytes() for path in (_DATA, _READERS))
    data += repr((VOICES, SPEEDS, PAUSES_S)).encode()
    folder = catalog.cache / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"turns-{hashlib.sha256(data).hexdigest()[:12]}.npz"
    if not kept.exists():
        readers = Catalog(
            settings.weights.model_copy(update={"cache": folder}),
            manifest=parse(_READERS.read_text("utf-8")),
        )
        spoken = [turn async for turn in _spoken(Voices(catalog))]
        _keep([*spoken, *_read(readers)], kept)
    with np.load(kept) as arrays:
        about = json.loads(str(arrays["about"]))
        return [Turn(**one, samples=arrays[str(n)]) for n, one in enumerate(about)]


def _keep(made: list[Turn], kept: Path) -> None:
    arrays: dict[str, Any] = {str(number): turn.samples for number, turn in enumerate(made)}
    names = [field.name for field in fields(Turn) if field.name != "samples"]
    about = [{name: getattr(turn, name) for name in names} for turn in made]
    np.savez(kept, about=np.array(json.dumps(about)), **arrays)


async def _spoken(voices: Voices) -> AsyncIterator[Turn]:
    await voices.start()
    for language, kinds in tomllib.loads(_DATA.read_text("utf-8")).items():
        count = 0
        for kind, lines in kinds.items():
            for number, line in enumerate(lines):
                half = number % 2
                for _ in range(2 if "|" in line else 1):
                    count += 1
                    rng = np.random.default_rng([ord(language[0]), count])
                    own = VOICES[language][half]
                    voice, speed = own[count % len(own)], float(rng.choice(SPEEDS))
                    parts = [part.strip() for part in line.split("|")]
                    pieces = await _pieces(voices, parts, kind, language, voice, speed)
                    pauses_s = rng.uniform(*PAUSES_S.get(kind, _PAUSE_S), size=len(parts) - 1)
                    yield Turn(
                        kind, language, voice, line, bool(half), *_joined(pieces, pauses_s, rng)
                    )
    await voices.stop()


async def _pieces(
    voices: Voices, parts: list[str], kind: str, language: str, voice: str, speed: float
) -> list[Samples]:
    """In one go where the speaker hesitates; otherwise each part as an utterance of its own."""
    if kind != "hesitating":
        return [(await voices.say([part], language, voice, speed))[0] for part in parts]
    pieces = await voices.say(parts, language, voice, speed)
    return [*(_drawn_out(piece) for piece in pieces[:-1]), pieces[-1]]


def _drawn_out(piece: Samples) -> Samples:
    cut = max(0, len(piece) - round(_DRAWN_S * SAMPLE_RATE))
    drawn = stretched(piece[cut:], SAMPLE_RATE, _DRAWN_SPEED)
    return faded(np.concatenate([piece[:cut], drawn]), SAMPLE_RATE)


def _ready(sound: Samples) -> Samples:
    """At 16 kHz, faded, cut where nothing is audible any more."""
    samples = resample(Audio(trimmed(sound, KOKORO_RATE), KOKORO_RATE), SAMPLE_RATE).samples
    loud = np.flatnonzero(np.abs(samples) > _AUDIBLE)
    return faded(samples[: loud[-1] + 1], SAMPLE_RATE, out_s=0.02)


def _read(readers: Catalog) -> Iterator[Turn]:
    for number, table in enumerate(tomllib.loads(_READERS.read_text("utf-8"))["reader"]):
        path = readers.pull(table["entry"]) / table["file"]
        samples = _wave(path)
        language = "de" if table["file"].startswith("de_") else "en"
        for index, spans in enumerate(table["turns"]):
            rng = np.random.default_rng([number, index])
            pieces = [_cut(samples, start_s, end_s) for start_s, end_s in spans]
            pauses_s = rng.uniform(*_PAUSE_S, size=len(spans) - 1)
            kind = "reader, pausing" if len(spans) > 1 else "reader"
            yield Turn(
                kind, language, path.stem, "", bool(number % 2), *_joined(pieces, pauses_s, rng)
            )


def _cut(samples: Samples, start_s: float, end_s: float) -> Samples:
    first = max(0, round((start_s - _AROUND_S) * SAMPLE_RATE))
    return faded(samples[first : round(end_s * SAMPLE_RATE)], SAMPLE_RATE, out_s=0.02)


def _joined(
    pieces: list[Samples], pauses_s: npt.NDArray[np.float64], rng: np.random.Generator
) -> tuple[Samples, tuple[tuple[float, float], ...], float]:
    """The samples of a turn, its pauses, and how loud the noise is that lies under both."""
    level = float(np.sqrt(np.mean(np.concatenate(pieces) ** 2)))
    parts: list[Samples] = [np.zeros(round(_HEAD_S * SAMPLE_RATE), np.float32)]
    pauses, length = [], len(parts[0])
    for index, piece in enumerate(pieces):
        parts.append(piece)
        length += len(piece)
        if index < len(pauses_s):
            silence = np.zeros(round(pauses_s[index] * SAMPLE_RATE), np.float32)
            pauses.append((length / SAMPLE_RATE, (length + len(silence)) / SAMPLE_RATE))
            parts.append(silence)
            length += len(silence)
    clean = np.concatenate(parts)
    noise = _FLOOR
    if rng.random() < 1 / 3:
        noise = level / 10 ** (float(rng.choice(_LOUD_RATIOS_DB)) / 20)
    heard = clean + rng.standard_normal(len(clean), np.float32) * np.float32(noise)
    return heard.astype(np.float32), tuple(pauses), noise


def _wave(path: Path) -> Samples:
    with wave.open(str(path)) as file:
        if file.getsampwidth() != 2 or file.getnchannels() != 1:
            raise ValueError(f"{path.name} is not mono sound of 16 bits")
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        rate = file.getframerate()
    return resample(Audio((samples / 32768).astype(np.float32), rate), SAMPLE_RATE).samples
