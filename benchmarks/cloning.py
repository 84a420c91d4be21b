"""How much cloned speech sounds like the person, and how well it is understood.

    python -m benchmarks.cloning [--speaker NAME ...] [--effort quick]

Every number compares ten English sentences, spoken by a voice, with speech of the person that no
fit has heard. Rows: six stock voices (mean), the stock voice closest to the sample, a fit as an
unknown sample gets it (`first answer`), a fit as an enrolled voice has it (`enrolled`), and the
person's own sample (`same speaker`), which is as good as it gets: it is from the same recording,
and in its language. Two encoders judge: the one that fits search with, and one that they never see.
`right` counts the voices whose own person is the nearest of all. Word errors are whisper's.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from benchmarks import speakers
from benchmarks.recognition import words
from benchmarks.results import report
from benchmarks.second_judge import SecondJudge
from benchmarks.speakers import Person
from benchmarks.speech import edit_distance
from thinktalk.engines.base import (
    RecognizeOptions,
    Recognizer,
    SpeechOptions,
    Synthesizer,
    VoiceRef,
)
from thinktalk.engines.cascade.clone.encoder import SpeakerEncoder
from thinktalk.engines.cascade.suite import build
from thinktalk.media.types import Audio
from thinktalk.settings import load
from thinktalk.voices import catalog as voices
from thinktalk.voices.fitting import Effort, VoiceFit, VoiceFitter
from thinktalk.weights.catalog import Catalog

# None of these is what a fitter searches with, or what an encoder learned from.
TEXTS = (
    "The museum keeps its oldest maps in a cool room below the street.",
    "After the rain stopped, children ran out to look for snails.",
    "Our neighbour has repaired violins for more than forty years.",
    "If you arrive before noon, the kitchen will still be closed.",
    "Two ferries cross the lake every hour between May and October.",
    "He signed the contract, shook hands with everyone and left.",
    "Fresh bread was cooling on the shelf beside the open door.",
    "Scientists measured how quickly the glacier moves toward the sea.",
    "Could you tell me which platform the night train leaves from?",
    "My grandmother wrote every recipe in a small green notebook.",
)
# The closest stock voice is chosen with these, so that the choice is not judged by itself.
_CHOOSING = (
    "A letter from the bank was lying on the kitchen floor.",
    "Some birds return to the same roof every spring.",
)
_STOCK = ("Tina", "Ethan", "Cherry", "Raymond", "Serena", "Harvey")
_LANGUAGE = "en"
_GAP_S = 0.3

Vector = npt.NDArray[np.float32]


class Judge(Protocol):
    """Tells voices apart."""

    def embed(self, audio: Audio) -> Vector: ...


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """The sentences in one voice: who it is by each judge, and how they were understood."""

    vectors: Mapping[str, Vector]
    errors: int = 0
    words: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What one person's voices came to. `seconds` says how long each fit took."""

    person: Person
    closest: str
    heard: Mapping[str, Heard]
    seconds: Mapping[str, float]


class Room:
    """Speaks, listens and judges. Nothing is spoken twice."""

    def __init__(
        self, synthesizer: Synthesizer, recognizer: Recognizer, judges: Mapping[str, Judge]
    ) -> None:
        self._synthesizer, self._recognizer, self._judges = synthesizer, recognizer, judges
        self._stock: dict[str, Heard] = {}
        self._choosing: dict[str, Vector] = {}

    async def stock(self, name: str) -> Heard:
        """`TEXTS` in a catalogue voice."""
        if name not in self._stock:
            self._stock[name] = await self.hear(VoiceRef(name))
        return self._stock[name]

    async def closest(self, sample: Audio) -> str:
        """The catalogue voice that the first judge holds for the closest to `sample`."""
        judge = next(iter(self._judges.values()))
        for name in _distinct_voices():
            if name not in self._choosing:
                spoken = [await self._say(text, VoiceRef(name)) for text in _CHOOSING]
                self._choosing[name] = await asyncio.to_thread(judge.embed, _joined(spoken))
        wanted = await asyncio.to_thread(judge.embed, sample)
        return max(self._choosing, key=lambda name: float(self._choosing[name] @ wanted))

    async def hear(self, voice: VoiceRef) -> Heard:
        """`TEXTS` in `voice`."""
        spoken = [await self._say(text, voice) for text in TEXTS]
        errors = num_words = 0
        for text, audio in zip(TEXTS, spoken, strict=True):
            said, understood = words(text), words(await self._transcript(audio))
            errors, num_words = errors + edit_distance(said, understood), num_words + len(said)
        return Heard((await self.judge(_joined(spoken))).vectors, errors, num_words)

    async def judge(self, audio: Audio) -> Heard:
        embed = {name: judge.embed for name, judge in self._judges.items()}
        return Heard({name: await asyncio.to_thread(of, audio) for name, of in embed.items()})

    async def _say(self, text: str, voice: VoiceRef) -> Audio:
        options = SpeechOptions(voice=voice, language=_LANGUAGE)
        async with aclosing(self._synthesizer.synthesize(text, options)) as deltas:
            pieces = [delta.audio.samples async for delta in deltas]
        return Audio(np.concatenate(pieces), self._synthesizer.sample_rate)

    async def _transcript(self, audio: Audio) -> str:
        options = RecognizeOptions(language=_LANGUAGE)
        async with aclosing(self._recognizer.recognize(audio, options)) as segments:
            return "".join([segment.text async for segment in segments])


def _distinct_voices() -> list[str]:
    """Catalogue voices that speak English in one of Kokoro's own styles, one name for each."""
    by_style: dict[str, str] = {}
    for voice in voices.voices():
        sound = voices.sound_for(voice, _LANGUAGE)
        if sound is not None and len(sound.timbre) == 1:
            by_style.setdefault(next(iter(sound.timbre)), voice.name)
    return list(by_style.values())


def _joined(pieces: list[Audio]) -> Audio:
    rate = pieces[0].sample_rate
    gap = np.zeros(round(_GAP_S * rate), np.float32)
    return Audio(np.concatenate([part for piece in pieces for part in (piece.samples, gap)]), rate)


async def clone(
    room: Room, fitter: VoiceFitter, person: Person, efforts: Iterable[tuple[str, Effort]]
) -> Result:
    """Fit `person`, speak, and compare."""
    name = await room.closest(person.sample)
    heard = {"closest stock voice": await room.stock(name)}
    seconds, fit = {}, None
    for label, effort in efforts:
        started = time.perf_counter()
        fit = await fitter.fit(person.sample, effort=effort, start=fit)
        seconds[label] = time.perf_counter() - started
        heard[label] = await room.hear(VoiceRef(name, fit=fit))
        print(f"{person.name}, {label}: {seconds[label]:.1f} s {_told(fit)}", flush=True)
    heard["same speaker"] = await room.judge(person.sample)
    return Result(person, name, heard, seconds)


def _told(fit: VoiceFit) -> str:
    return "" if fit.similarity is None else f"(says {fit.similarity:.3f})"


def summarised(
    results: list[Result], stock: Mapping[str, Heard], held_out: Mapping[str, Mapping[str, Vector]]
) -> list[dict[str, Any]]:
    """A row a condition: means over the persons, and the right persons found."""
    rows = [_row("six stock voices", [(r.person, list(stock.values())) for r in results], held_out)]
    for label in results[0].heard:
        rows.append(_row(label, [(r.person, [r.heard[label]]) for r in results], held_out))
        taken = [r.seconds[label] for r in results if label in r.seconds]
        rows[-1]["fit s"] = f"{np.median(taken):.1f}, worst {max(taken):.1f}" if taken else ""
    return rows


def _row(
    label: str,
    pairs: list[tuple[Person, list[Heard]]],
    held_out: Mapping[str, Mapping[str, Vector]],
) -> dict[str, Any]:
    row: dict[str, Any] = {"speech": label}
    for judge, targets in held_out.items():
        likeness = [
            float(np.mean([heard.vectors[judge] @ targets[person.name] for heard in versions]))
            for person, versions in pairs
        ]
        nearest = [
            _nearest(heard.vectors[judge], targets) == person.name
            for person, versions in pairs
            for heard in versions
        ]
        row[judge] = round(float(np.mean(likeness)), 3)
        row[f"{judge}, worst"] = round(min(likeness), 3)
        row[f"{judge}, right"] = f"{sum(nearest)} of {len(nearest)}"
    spoken = {id(heard): heard for _, versions in pairs for heard in versions if heard.words}
    errors = sum(heard.errors for heard in spoken.values())
    num_words = sum(heard.words for heard in spoken.values())
    row["word errors, %"] = round(100 * errors / num_words, 1) if num_words else ""
    row["fit s"] = ""
    return row


def _nearest(vector: Vector, targets: Mapping[str, Vector]) -> str:
    return max(targets, key=lambda name: float(vector @ targets[name]))


def details(results: list[Result], held_out: Mapping[str, Mapping[str, Vector]]) -> list[Any]:
    """Every person's figures."""
    return [
        {
            "person": result.person.name,
            "pitch_hz": result.person.pitch_hz,
            "sample_s": round(result.person.sample.duration_s, 1),
            "held_out_s": round(result.person.held_out.duration_s, 1),
            "closest stock voice": result.closest,
            "fit_s": {label: round(taken, 1) for label, taken in result.seconds.items()},
            "likeness": {
                label: {
                    judge: round(float(vector @ held_out[judge][result.person.name]), 3)
                    for judge, vector in heard.vectors.items()
                }
                for label, heard in result.heard.items()
            },
            "word errors": {
                label: f"{heard.errors} of {heard.words}"
                for label, heard in result.heard.items()
                if heard.words
            },
        }
        for result in results
    ]


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--speaker", action="append", help="only this one; may be repeated")
    parser.add_argument("--effort", choices=("quick", "thorough"), default="thorough")
    arguments = parser.parse_args()
    settings = load()
    catalog, files = Catalog(settings.weights), speakers.catalog(settings.weights)
    suite = build(settings, catalog, settings.profiles)
    if suite.fitter is None:
        raise SystemExit("the engine has no fitter: there is nothing to measure")
    encoder = catalog.pull("resemblyzer") / "pretrained.pt"
    judges: dict[str, Judge] = {
        "resemblyzer": SpeakerEncoder(encoder, threads=settings.cascade.threads),
        "campplus": SecondJudge(files.pull("campplus") / "campplus_cn_en_common.pt"),
    }
    efforts: list[tuple[str, Effort]] = [("first answer", "quick"), ("enrolled", "thorough")]
    efforts = efforts[:1] if arguments.effort == "quick" else efforts
    everybody = speakers.people(files)
    chosen = [p for p in everybody if p.name in (arguments.speaker or [q.name for q in everybody])]
    await suite.start()
    try:
        room = Room(suite.synthesizer, suite.recognizer, judges)
        targets = {p.name: (await room.judge(p.held_out)).vectors for p in everybody}
        held_out = {j: {name: targets[name][j] for name in targets} for j in judges}
        stock = {name: await room.stock(name) for name in _STOCK}
        results = [await clone(room, suite.fitter, person, efforts) for person in chosen]
    finally:
        await suite.stop()
    tina = stock["Tina"]
    rows = summarised(results, stock, held_out)
    rows.append(dict.fromkeys(rows[0], "") | {"speech": "Tina"})
    rows[-1]["word errors, %"] = round(100 * tina.errors / tina.words, 1)
    report("cloning", rows, details(results, held_out))


if __name__ == "__main__":
    asyncio.run(main())
