"""Fits the numbers of thinktalk.turns.endpoint on the first half of benchmarks/turns_set.py.

    python -m training.end_of_turn

What each finding adds to the log odds comes from a logistic regression over all pauses, words that
are not known yet from a second one with the weight of prosody kept. The waits are those with the
shortest mean among all that cut off at most 11 % of the turns, more than half of which pause for
long in the middle: at 4 %, the mean wait would be a second.
Prints the numbers; they are written into endpoint.py by hand.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.end_of_turn import DECISIONS, Heard, Pause, heard, row
from thinktalk.turns import endpoint
from thinktalk.turns.endpoint import log_odds
from thinktalk.turns.wording import Wording

Floats = npt.NDArray[np.float64]

_STRENGTH = 0.3  # of the pull towards 0, on everything but the prior
_MOST_CUT = 11.0
_USUAL_MS = (700, 800, 900, 1000, 1100, 1200, 1400, 1600)
_STEEPNESS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def weights(pauses: Sequence[Pause]) -> tuple[float, float, dict[Wording | None, float]]:
    """The prior, the weight of prosody, and what each `Wording` adds."""
    wanted = np.array([float(pause.is_last) for pause in pauses])
    given = np.array([_row(pause) for pause in pauses])
    prior, prosody, *words = _logistic(given, wanted, np.zeros(len(pauses))).round(2).tolist()
    known = np.array([prior + prosody * log_odds(pause.prosody) for pause in pauses])
    (unknown,) = _logistic(np.ones((len(pauses), 1)), wanted, known).round(2).tolist()
    return prior, prosody, {**dict(zip(Wording, words, strict=True)), None: unknown}


def _row(pause: Pause) -> list[float]:
    is_deaf = pause.wording in endpoint._DEAF_TO_PROSODY
    odds = 0.0 if is_deaf else log_odds(pause.prosody)
    return [1.0, odds, *(float(pause.wording is wording) for wording in Wording)]


def _logistic(given: Floats, wanted: Floats, known: Floats) -> Floats:
    """By Newton's method; `known` is added to the log odds of each row."""
    found = np.zeros(given.shape[1])
    pull = _STRENGTH * np.diag([0.0, *[1.0] * (given.shape[1] - 1)])
    for _ in range(30):
        guessed = 1 / (1 + np.exp(-given @ found - known))
        slope = given.T @ (wanted - guessed) - pull @ found
        bend = (given * (guessed * (1 - guessed))[:, None]).T @ given + pull
        found = found + np.linalg.solve(bend, slope)
    return found


def waits(turns: Sequence[Heard]) -> tuple[float, float]:
    """The usual wait in ms and the steepness, with `endpoint`'s present weights."""
    best, chosen = float("inf"), (endpoint._USUAL_MS, endpoint._STEEPNESS)
    for usual, steepness in itertools.product(_USUAL_MS, _STEEPNESS):
        endpoint._USUAL_MS, endpoint._STEEPNESS = usual, steepness
        found = row("", turns, DECISIONS["both"])
        if found["cut off, %"] <= _MOST_CUT and found["mean wait ms"] < best:
            best, chosen = found["mean wait ms"], (usual, steepness)
    return chosen


def main() -> None:
    fitted = [turn for turn in asyncio.run(heard(False)) if not turn.is_held_out]
    pauses = [pause for turn in fitted for pause in turn.pauses]
    endpoint._PRIOR, endpoint._PROSODY, endpoint._WORDING = weights(pauses)
    print(f"{len(pauses)} pauses: {endpoint._PRIOR=} {endpoint._PROSODY=} {endpoint._WORDING=}")
    endpoint._USUAL_MS, endpoint._STEEPNESS = waits(fitted)
    print(f"{endpoint._USUAL_MS=} {endpoint._STEEPNESS=}", row("both", fitted, DECISIONS["both"]))


if __name__ == "__main__":
    main()
