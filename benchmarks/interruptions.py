"""Who interrupts and who does not: voices, phrases and noises that the judge never learnt from.

    python -m benchmarks.interruptions [SET.npz]

The set is the held-out half of `training/interruption_set.py`, made here unless its file is given.
Every clip is listened to as it would arrive: 32 ms at a time, with the recogniser's words as much
later as it took, counted as processor time of one thread. *judge* is what the server uses, *sound
alone* the same without words, *list alone* the list of phrases, *activity alone* stops for all that
voice activity takes for speech. Times are from the first sound on, the last judgement included;
sounds that voice activity does not notice have none.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from training.interruption_outcomes import Judging, Outcome, figures, outcome
from training.interruption_set import make, write
from training.interruption_views import Take
from training.interruptions import takes

from benchmarks.results import median, percentile, report
from thinktalk.settings import load
from thinktalk.turns.classifier import trained
from thinktalk.turns.interrupt import KINDS, Judge, Verdict
from thinktalk.turns.overlap import Overlap
from thinktalk.weights.catalog import Catalog

_CLIPS = 420


class SoundAlone:
    """The judge, never told any words."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def judge(self, overlap: Overlap) -> Verdict:
        return self._judge.judge(replace(overlap, text=None, readings=(), no_speech=0.0))


class ActivityAlone:
    """Stops for whatever passes for speech."""

    def judge(self, overlap: Overlap) -> Verdict:
        return Verdict("interruption", 1.0, "speech")


def row(name: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    found = figures(outcomes)
    called = Counter(one.clip_kind for one in outcomes if one.verdict == "interruption")
    totals = Counter(one.clip_kind for one in outcomes)
    others = {f"of {totals[kind]} {kind}": called[kind] for kind in KINDS[1:]}
    shown = ("clips", "precision", "recall", "p50_s", "p95_s")
    return {"what": name} | {key: found[key] for key in shown} | others


def by_language(outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """How many interruptions and backchannels of each language were taken for what they are."""
    counts: dict[str, Counter[str]] = {}
    for one in outcomes:
        if one.clip_kind in ("interruption", "backchannel"):
            own = counts.setdefault(one.language, Counter())
            own[one.clip_kind] += 1
            own[f"{one.clip_kind}, right"] += one.verdict == one.clip_kind
    return {language: dict(sorted(counter.items())) for language, counter in counts.items()}


def measure(takes: Sequence[Take]) -> None:
    judge = Judge(trained())
    judges: Mapping[str, Judging] = {
        "judge": judge,
        "sound alone": SoundAlone(judge),
        "list alone": Judge(None),
        "activity alone": ActivityAlone(),
    }
    results = {name: [outcome(each, one) for one in takes] for name, each in judges.items()}
    first_words = [one.readings[0].took_s for one in takes]
    ours = results["judge"]
    times = {
        kind: [one.decided_s for one in ours if one.clip_kind == kind and one.decided_s]
        for kind in KINDS
    }
    details = {
        "recognition_s": {"median": median(first_words), "p95": percentile(first_words, 0.95)},
        "figures": {name: figures(outcomes) for name, outcomes in results.items()},
        "decided_s": {
            kind: {"median": median(seconds), "p95": percentile(seconds, 0.95)}
            for kind, seconds in times.items()
        },
        "languages": by_language(ours),
        "wrong": [
            asdict(one)
            for one in ours
            if (one.verdict == "interruption") != (one.clip_kind == "interruption")
        ],
    }
    report("interruptions", [row(name, outcomes) for name, outcomes in results.items()], details)


def main() -> None:
    catalog = Catalog(load().weights)
    if len(sys.argv) > 1:
        measure(takes(catalog, Path(sys.argv[1])))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "held_out.npz"
        write(path, asyncio.run(make("held_out", _CLIPS, seed=0, mixes=1)))
        measure(takes(catalog, path))


if __name__ == "__main__":
    main()
