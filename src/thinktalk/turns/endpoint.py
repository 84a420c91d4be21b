"""Has the user finished the turn? How much silence it takes to say so.

How it sounded (prosody) and what was said (wording) give the odds that the turn is over; the better
they are, the shorter the wait. Pure: the caller measures the silence and knows what was recognised.
"""

from __future__ import annotations

import math
from enum import StrEnum

from thinktalk.turns.wording import Wording


class Eagerness(StrEnum):
    """How soon to answer, in OpenAI's words."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    AUTO = "auto"  # as medium


# The longest wait, after which the turn is over whatever was said: OpenAI's.
_LONGEST_MS = {
    Eagerness.LOW: 8000.0,
    Eagerness.MEDIUM: 4000.0,
    Eagerness.HIGH: 2000.0,
    Eagerness.AUTO: 4000.0,
}
# Fitted by training/end_of_turn.py on the first half of benchmarks/turns_set.py: what each finding
# adds to the log odds that the turn is over.
_PRIOR = -0.89
_PROSODY = 0.31  # times the log odds that it gives
_WORDING: dict[Wording | None, float] = {
    Wording.ASKED: 1.92,
    Wording.SAID: 0.93,
    Wording.OPEN: 0.11,
    Wording.COUNTING: 0.45,
    Wording.TRAILING: -1.21,
    Wording.HOLDING: -2.19,
    None: 0.65,
}
# The wait where one is as likely as the other, for `AUTO`, and how fast it falls with the odds.
_USUAL_MS = 1100.0
_STEEPNESS = 0.7
_SHORTEST_MS = 300.0  # sooner, a pause for breath would do
_UNHEARD_MS = 600.0  # as long as no words are known: recognition takes about as long
# Each group of a number and "let me think" fall as the end of a sentence does.
_DEAF_TO_PROSODY = frozenset({Wording.COUNTING, Wording.HOLDING})
_LEAST = 0.01


def patience_ms(
    *,
    prosody: float | None,
    wording: Wording | None,
    eagerness: Eagerness = Eagerness.AUTO,
    silence_ms: float | None = None,
) -> float:
    """How much silence since the end of speech ends the turn, in ms.

    Ask again when more is known.

    Args:
        prosody: the probability that it sounded finished; None while unknown.
        wording: what the end of the transcript says; None while unknown.
        silence_ms: the usual wait that a client asks for (DashScope's `silence_duration_ms`), in
            place of the one that goes with `eagerness`.
    """
    longest = _LONGEST_MS[eagerness]
    usual = silence_ms or _USUAL_MS * longest / _LONGEST_MS[Eagerness.AUTO]
    patience = usual * math.exp(-_STEEPNESS * _odds(prosody, wording))
    least = _SHORTEST_MS if wording else _UNHEARD_MS
    return min(max(patience, min(least, usual)), max(longest, usual))


def _odds(prosody: float | None, wording: Wording | None) -> float:
    """Log odds that the turn is over, as far as is known."""
    odds = _PRIOR + _WORDING[wording]
    if prosody is None or wording in _DEAF_TO_PROSODY:
        return odds
    return odds + _PROSODY * log_odds(prosody)


def log_odds(probability: float) -> float:
    """Of a probability, held within 0.01 and 0.99."""
    held = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(held / (1 - held))
