"""Has the user finished the turn? How much silence it takes to say so.

How it sounded (prosody) and what was said (wording) give a probability that the turn is over; the
surer, the shorter the wait. Pure: the caller measures the silence and knows what was recognised.
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
# adds to the log odds that the turn is over, and the waits, in ms, for `AUTO`.
_PRIOR = 0.0
_PROSODY = 0.4  # times the log odds that it gives
_WORDING = {
    Wording.ASKED: 2.5,
    Wording.SAID: 1.5,
    Wording.OPEN: 0.0,
    Wording.COUNTING: -1.0,
    Wording.TRAILING: -3.0,
    Wording.HOLDING: -4.0,
}
_SHORTEST_MS = 300.0  # where it is sure
_USUAL_MS = 900.0  # where one is as likely as the other
_UNHEARD_MS = 550.0  # at least, as long as no words are known
_LEAST_ODDS = 0.01


def patience_ms(
    *,
    prosody: float | None,
    wording: Wording | None,
    eagerness: Eagerness = Eagerness.AUTO,
    silence_ms: float | None = None,
) -> float:
    """How much silence since the end of speech ends the turn, in ms.

    Ask again when more is known: what is missing counts for nothing either way.

    Args:
        prosody: the probability that it sounded finished; None while unknown.
        wording: what the end of the transcript says; None while unknown.
        silence_ms: the usual wait that a client asks for (DashScope's `silence_duration_ms`), in
            place of the one that goes with `eagerness`.
    """
    longest = _LONGEST_MS[eagerness]
    usual = silence_ms or _USUAL_MS * longest / _LONGEST_MS[Eagerness.AUTO]
    doubt = 1 - probability(prosody=prosody, wording=wording)
    if doubt < 0.5:
        shortest = min(_SHORTEST_MS, usual)
        patience = shortest + (usual - shortest) * doubt / 0.5
    else:
        patience = usual + (max(longest, usual) - usual) * (doubt - 0.5) / 0.5
    return max(patience, min(_UNHEARD_MS, usual)) if wording is None else patience


def probability(*, prosody: float | None, wording: Wording | None) -> float:
    """That the turn is over, as far as is known."""
    odds = _PRIOR
    if prosody is not None:
        odds += _PROSODY * log_odds(prosody)
    if wording is not None:
        odds += _WORDING[wording]
    return 1 / (1 + math.exp(-odds))


def log_odds(prosody: float) -> float:
    """Of a probability, held within 0.01 and 0.99."""
    held = min(max(prosody, _LEAST_ODDS), 1 - _LEAST_ODDS)
    return math.log(held / (1 - held))
