"""How soon the end of a turn is seen, and how often a turn is cut off before it.

    python -m benchmarks.end_of_turn [--again]

Every turn of turns_set.py is judged by silero in windows of 32 ms, as it would arrive. From 96 ms
of silence on, smart-turn and then whisper-base work on the turn so far; what they find counts once
they would be done. Then each way to decide waits its time, window by window. A turn is cut off
where it is declared over before its true end; the wait, from the true end on, is of the other
turns. The recogniser is told the language, as a session that has heard a turn would. What was heard
is kept in the cache directory; `--again` hears anew.

How long the two work is measured, too. On a machine that has other work to do, that says little, so
`KNOWN_AFTER_MS` are what the figures count with, and what was measured stands beside them.

Rows are of the held-out half; `details` has the fitted half, each kind, and turns with and without
pauses in the middle.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from benchmarks.results import percentile, report
from benchmarks.turns_set import SAMPLE_RATE, Turn, turns
from thinktalk.engines.base import RecognizeOptions
from thinktalk.engines.cascade.ears import WhisperRecognizer
from thinktalk.media.activity import WINDOW_S, WINDOW_SAMPLES, ActivityStream
from thinktalk.media.types import Audio, Samples
from thinktalk.settings import load
from thinktalk.turns.endpoint import patience_ms
from thinktalk.turns.prosody import Prosody
from thinktalk.turns.wording import Wording, judge
from thinktalk.weights.catalog import Catalog

WINDOW_MS = 1000 * WINDOW_S
_SPEECH, _SILENCE = 0.5, 0.35  # probabilities that begin and end speech
_LOOK_MS = 96.0
# Since the end of speech: 96 ms, smart-turn, then a short clip by whisper-base on two free cores.
KNOWN_AFTER_MS = {"prosody": 176.0, "wording": 396.0}
_AFTER_S = 4.5  # longer than the longest wait of `AUTO`
_BEFORE_S = 0.3  # what is kept of the sound before speech is detected


@dataclass(frozen=True, slots=True)
class Pause:
    """A silence of 96 ms and more, and what was known in it from when on.

    Attributes:
        start_s: where speech ended, as detected.
        duration_ms: to the next detected speech; infinite at the end of the turn.
        prosody_ms, wording_ms: since `start_s`, when the finding was there.
    """

    start_s: float
    duration_ms: float
    prosody: float
    prosody_ms: float
    text: str
    language: str
    wording_ms: float

    @property
    def is_last(self) -> bool:
        return math.isinf(self.duration_ms)

    @property
    def wording(self) -> Wording:
        return judge(self.text, self.language)


@dataclass(frozen=True, slots=True)
class Heard:
    """A turn and its pauses; `end_s` is the true end."""

    kind: str
    language: str
    text: str
    is_held_out: bool
    end_s: float
    pauses: tuple[Pause, ...]


PAUSING = {"opener", "hesitating", "filler", "dictated", "two", "reader, pausing"}
Decision = Callable[[Pause, float], float]
"""How much silence ends the turn, in ms, given a pause and the ms of it that have passed."""


def fixed(wait_ms: float, pause: Pause, silence_ms: float) -> float:
    return wait_ms


def by_meaning(with_prosody: bool, with_wording: bool, pause: Pause, silence_ms: float) -> float:
    knows_prosody = with_prosody and silence_ms >= KNOWN_AFTER_MS["prosody"]
    knows_wording = with_wording and silence_ms >= KNOWN_AFTER_MS["wording"]
    return patience_ms(
        prosody=pause.prosody if knows_prosody else None,
        wording=pause.wording if knows_wording else None,
    )


DECISIONS: dict[str, Decision] = {
    "silence, 500 ms": partial(fixed, 500.0),
    "silence, 800 ms": partial(fixed, 800.0),
    "prosody": partial(by_meaning, True, False),
    "wording": partial(by_meaning, False, True),
    "both": partial(by_meaning, True, True),
}


def wait_ms(turn: Heard, decide: Decision) -> float | None:
    """From the true end to the declared one; None where the turn was cut off."""
    for pause in turn.pauses:
        silence_ms = WINDOW_MS
        while silence_ms < decide(pause, silence_ms):
            silence_ms += WINDOW_MS
        if silence_ms < pause.duration_ms:
            wait = 1000 * (pause.start_s - turn.end_s) + silence_ms
            return wait if pause.is_last else None
    raise ValueError(f"the turn {turn.text!r} never ended")


def row(name: str, half: Sequence[Heard], decide: Decision) -> dict[str, Any]:
    found = [wait_ms(turn, decide) for turn in half]
    waits = [wait for wait in found if wait is not None]
    return {
        "decided by": name,
        "turns": len(half),
        "cut off, %": round(100 * (len(found) - len(waits)) / len(found), 1),
        "mean wait ms": round(sum(waits) / max(1, len(waits))),
        "p95 wait ms": round(percentile(waits, 0.95)) if waits else 0,
    }


class Listener:
    """Everything that listens, loaded."""

    def __init__(self, catalog: Catalog, recognizer: str, threads: int) -> None:
        silero = catalog.path("silero-vad")
        self._stream = ActivityStream(silero / "silero_vad.onnx")
        self._prosody = Prosody(catalog.pull("smart-turn") / "smart-turn-v3.2-cpu.onnx")
        self.ears = WhisperRecognizer(
            catalog.path(recognizer), silero / "silero_vad_16k_sequence.onnx", threads=threads
        )

    async def hear(self, turn: Turn) -> Heard:
        """Find the pauses of a turn and what can be known in each."""
        sound = turn.with_silence(_AFTER_S)
        speech = self._windows_of_speech(sound)
        first = max(0, round(speech[0] * WINDOW_SAMPLES - _BEFORE_S * SAMPLE_RATE))
        pauses = []
        for window, following in zip(speech, [*speech[1:], math.inf], strict=True):
            silence_ms = (following - window - 1) * WINDOW_MS
            if silence_ms >= _LOOK_MS:
                looked = round((window + 1) * WINDOW_SAMPLES + _LOOK_MS / 1000 * SAMPLE_RATE)
                pauses.append(
                    await self._pause(
                        sound[first:looked], (window + 1) * WINDOW_S, silence_ms, turn.language
                    )
                )
        return Heard(
            turn.kind, turn.language, turn.text, turn.is_held_out, turn.end_s, tuple(pauses)
        )

    def _windows_of_speech(self, sound: Samples) -> list[int]:
        self._stream.reset()
        found, is_speech = [], False
        for window, probability in enumerate(self._stream.push(sound).tolist()):
            is_speech = probability >= (_SILENCE if is_speech else _SPEECH)
            if is_speech:
                found.append(window)
        return found

    async def _pause(
        self, so_far: Samples, start_s: float, silence_ms: float, language: str
    ) -> Pause:
        began = time.perf_counter()
        prosody = self._prosody.finished(so_far)
        prosody_s = time.perf_counter() - began
        audio = Audio(so_far, SAMPLE_RATE)
        async with aclosing(
            self.ears.recognize(audio, RecognizeOptions(language=language))
        ) as segments:
            heard = [segment async for segment in segments]
        wording_s = time.perf_counter() - began
        return Pause(
            start_s,
            silence_ms,
            prosody,
            _LOOK_MS + 1000 * prosody_s,
            "".join(segment.text for segment in heard).strip(),
            heard[-1].language if heard else language,
            _LOOK_MS + 1000 * wording_s,
        )


async def heard(again: bool) -> list[Heard]:
    """Every turn of the set, from what was kept where it can be had."""
    settings = load()
    catalog = Catalog(settings.weights)
    said = await turns()
    names = json.dumps([(turn.text, turn.speaker, len(turn.samples)) for turn in said])
    name = hashlib.sha256(names.encode()).hexdigest()[:12]
    kept = catalog.cache / "benchmarks" / f"turns-heard-{name}.json"
    if again or not kept.exists():
        listener = Listener(catalog, settings.cascade.recognizer, settings.cascade.threads)
        await listener.ears.start()
        await listener.hear(said[0])
        found = [await listener.hear(turn) for turn in said]
        await listener.ears.stop()
        kept.write_text(json.dumps([asdict(turn) for turn in found], ensure_ascii=False))
    return [_again(one) for one in json.loads(kept.read_text())]


def _again(kept: dict[str, Any]) -> Heard:
    pauses = tuple(Pause(**pause) for pause in kept.pop("pauses"))
    return Heard(**kept, pauses=pauses)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", action="store_true", help="hear anew, with times of now")
    found = asyncio.run(heard(parser.parse_args().again))
    fitted, held_out = ([turn for turn in found if turn.is_held_out == half] for half in (0, 1))
    pauses = [pause for turn in found for pause in turn.pauses]
    named = {
        "without a pause": [turn for turn in held_out if turn.kind not in PAUSING],
        "with pauses": [turn for turn in held_out if turn.kind in PAUSING],
        **{
            kind: [turn for turn in held_out if turn.kind == kind]
            for kind in sorted({turn.kind for turn in found})
        },
    }
    details = {
        "fitted half": table(fitted),
        **{name: table(some) for name, some in named.items()},
        "prosody measured after ms": _spread([pause.prosody_ms for pause in pauses]),
        "wording measured after ms": _spread([pause.wording_ms for pause in pauses]),
        "counted with, ms": KNOWN_AFTER_MS,
    }
    report("end_of_turn", table(held_out), details)


def table(some: Sequence[Heard]) -> list[dict[str, Any]]:
    return [row(name, some, decide) for name, decide in DECISIONS.items()]


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": percentile(values, 0.5), "p95": percentile(values, 0.95)}


if __name__ == "__main__":
    main()
