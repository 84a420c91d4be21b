"""Barge-in, or only a backchannel ("uh-huh"), a noise, an echo, somebody else?

Judged again and again while the sound lasts, with what has been recognised of it by then. Knows
nothing of what follows from a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from thinktalk.turns import phrases
from thinktalk.turns.classifier import Classifier
from thinktalk.turns.overlap import Overlap, traits

Kind = Literal["interruption", "backchannel", "noise", "echo", "side_talk", "undecided"]
KINDS: tuple[Kind, ...] = get_args(Kind)[:-1]

DECIDED_BY_S = 0.47
"""After the first sound."""
_NAMED_S = 0.16  # and so long after voice activity has named it, however late that was
_SHORTEST_S = 0.15
# Probabilities of an interruption from which it is called one, by what the list of phrases says;
# and those at which nobody waits for more to be heard.
_LIKELY: Mapping[Kind | None, float] = {"interruption": 0.4, None: 0.45, "backchannel": 0.5}
_SURE, _UNLIKELY = 0.93, 0.015
# What was taken for something else when it was due has to be this likely later on.
_LATER_S, _LIKELY_LATER = 0.1, 0.7
_NAMES: Mapping[Kind, str] = {
    "interruption": "a bid for the floor",
    "backchannel": "a backchannel",
    "noise": "a noise",
    "echo": "the assistant's echo",
    "side_talk": "talk to somebody else",
}
_ECHOED = 0.75  # share of at least two words that the assistant has just said
_LONG_WORDS = 3  # so many that are no backchannel are a wish of their own


@dataclass(frozen=True, slots=True)
class Verdict:
    """`probability` is that of `kind`; of an interruption while undecided."""

    kind: Kind
    probability: float
    reason: str


class Judge:
    """Judges overlaps; keeps nothing between calls.

    Args:
        classifier: None leaves the decision to the list of phrases.
    """

    def __init__(self, classifier: Classifier | None) -> None:
        self._classifier = classifier

    def judge(self, overlap: Overlap) -> Verdict:
        """What the sound is by now; never `undecided` from `DECIDED_BY_S` on.

        A verdict other than `interruption` holds for what was heard: if the sound goes on, later
        verdicts may differ.
        """
        is_due = overlap.duration_s >= due_s(overlap.late_s)
        if overlap.duration_s < _SHORTEST_S:
            return Verdict("undecided", 0.5, "too short to tell")
        listed = by_list(overlap)
        if self._classifier is not None:
            likely = self._classifier.probabilities(traits(overlap))
            return _weighed(likely, listed, overlap)
        if listed is not None:
            return listed
        return _by_activity(overlap) if is_due else Verdict("undecided", 0.5, "no words yet")


def due_s(late_s: float) -> float:
    """Since the first sound; for one that was named so much later."""
    return max(DECIDED_BY_S, late_s + _NAMED_S)


def _weighed(likely: Mapping[str, float], listed: Verdict | None, overlap: Overlap) -> Verdict:
    """What the traits say, all words included; the list of phrases makes it more or less likely."""
    wanted = likely["interruption"]
    other = max(KINDS[1:], key=lambda kind: likely[kind])
    said = listed.kind if listed is not None else None
    least = _LIKELY.get(said, _LIKELY[None])
    is_due = overlap.duration_s >= due_s(overlap.late_s)
    if overlap.duration_s >= due_s(overlap.late_s) + _LATER_S:
        least = _LIKELY_LATER
    # Once there are words, no others will come before it is due.
    is_settled = is_due or overlap.text is not None or not _UNLIKELY < wanted < _SURE
    if not is_settled:
        return Verdict("undecided", wanted, "could be a bid for the floor")
    kind: Kind = "interruption" if wanted > least else other
    if listed is not None and said == kind:
        return Verdict(kind, likely[kind], listed.reason)
    return Verdict(kind, likely[kind], f"sounds like {_NAMES[kind]}")


def by_list(overlap: Overlap) -> Verdict | None:
    """What the words mean by the list of phrases alone; None where it does not say."""
    if overlap.text is None:
        return None
    reading = phrases.read(overlap.text, overlap.language)
    if not reading.num_words:
        return Verdict("noise", 0.6, "no words in it")
    repeated = phrases.repeated(overlap.text, overlap.assistant_text)
    if reading.num_words > 1 and repeated >= _ECHOED:
        return Verdict("echo", 0.8, "the assistant's own words")
    if reading.answer == 1 and phrases.is_question(overlap.assistant_text):
        return Verdict("interruption", 0.9, "answers the assistant's question")
    if reading.asks:
        return Verdict("interruption", 0.9, "asks for the floor")
    if reading.shares.get("backchannel") == 1:
        return Verdict("backchannel", 0.9, "says only that somebody listens")
    if reading.num_words >= _LONG_WORDS:
        return Verdict("interruption", 0.7, "more than a backchannel")
    return None


def _by_activity(overlap: Overlap) -> Verdict:
    share = float((overlap.speech_probabilities > 0.5).mean())
    if share > 0.5 and not overlap.is_over:
        return Verdict("interruption", share, "goes on speaking")
    return Verdict("noise", 1 - share, "hardly any speech")
