"""What a judge makes of takes, and how often it is right."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from thinktalk.media.activity import WINDOW_S
from thinktalk.session.overhearing import JUDGED_EVERY
from thinktalk.turns.detector import ONSET_WINDOWS
from thinktalk.turns.interrupt import KINDS, Kind, Verdict, due_s
from thinktalk.turns.overlap import Overlap
from training.interruption_noises import RATE
from training.interruption_views import Take

_MOST_WINDOWS = 50


class Judging(Protocol):
    def judge(self, overlap: Overlap) -> Verdict: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """`decided_s` is since the first sound; `later` what it became by 1.6 s."""

    clip_kind: Kind
    what: str
    language: str
    verdict: Kind
    reason: str
    decided_s: float
    later: Kind
    later_s: float


def outcome(judge: Judging, one: Take) -> Outcome:
    """Judge `one` as the session does: every third window, when due, and when words arrive.

    A sound that voice activity does not notice is never judged: nothing stops for it.
    """
    clip = one.clip
    if one.onset is None:
        return Outcome(clip.kind, clip.what, clip.language, "noise", "not noticed", 0, "noise", 0)
    due_s = due_s_of(one)
    ends = [one.since(number) for number in range(ONSET_WINDOWS, _MOST_WINDOWS)]
    due = next(end_s for end_s in ends if end_s >= due_s - 1e-6)
    arrivals = {max(row.heard_s + row.took_s, one.named_s) for row in one.readings}
    decided: tuple[Verdict, float] | None = None
    later: tuple[Verdict, float] | None = None
    for since_s in sorted(arrivals | set(ends[::JUDGED_EVERY]) | {due}):
        overlap = one.overlap(since_s + 1e-6)
        started = time.process_time()
        verdict = judge.judge(overlap)
        took_s = time.process_time() - started
        if verdict.kind == "undecided":
            continue
        decided = decided or (verdict, since_s + one.lag_s + took_s)
        later = (verdict, since_s + one.lag_s + took_s)
        if verdict.kind == "interruption":
            break
    assert decided is not None
    assert later is not None
    return Outcome(
        clip.kind, clip.what, clip.language,
        decided[0].kind, decided[0].reason, decided[1], later[0].kind, later[1],
    )  # fmt: skip


def due_s_of(one: Take) -> float:
    return due_s(max(0.0, one.first * WINDOW_S - one.start / RATE))


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Precision and recall of interruptions, times, and what each kind was taken for."""
    called = [one for one in outcomes if one.verdict == "interruption"]
    meant = [one for one in outcomes if one.clip_kind == "interruption"]
    hits = sum(one.clip_kind == "interruption" for one in called)
    times = [one.decided_s for one in outcomes if one.decided_s]
    late = [one for one in outcomes if one.later == "interruption"]
    late_hits = sum(one.clip_kind == "interruption" for one in late)
    confusion = {
        kind: dict(Counter(one.verdict for one in outcomes if one.clip_kind == kind))
        for kind in KINDS
    }
    return {
        "clips": len(outcomes),
        "precision": round(hits / max(1, len(called)), 3),
        "recall": round(hits / max(1, len(meant)), 3),
        "p50_s": round(float(np.percentile(times, 50)), 3),
        "p95_s": round(float(np.percentile(times, 95)), 3),
        "later_precision": round(late_hits / max(1, len(late)), 3),
        "later_recall": round(late_hits / max(1, len(meant)), 3),
        "confusion": confusion,
    }
