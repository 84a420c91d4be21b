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

DECIDED_BY_S = 0.41
"""After the onset as voice activity names it, which is up to some 70 ms after the first sound."""
_SHORTEST_S = 0.15
# Probabilities of an interruption: from which it is called one at the latest moment, at once, and
# where the list of phrases calls it one; below which it is called something else at once.
_LIKELY, _SURE, _LISTED, _UNLIKELY = 0.5, 0.9, 0.2, 0.02
_NAMES = {
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
        is_due = overlap.duration_s >= DECIDED_BY_S
        if overlap.duration_s < _SHORTEST_S:
            return Verdict("undecided", 0.5, "too short to tell")
        listed = by_list(overlap)
        if self._classifier is not None:
            return _weighed(self._classifier.probabilities(traits(overlap)), listed, is_due)
        if listed is not None:
            return listed
        return _by_activity(overlap) if is_due else Verdict("undecided", 0.5, "no words yet")


def _weighed(likely: Mapping[str, float], listed: Verdict | None, is_due: bool) -> Verdict:
    """Join what the traits say, all words included, with what the list of phrases does."""
    wanted = likely["interruption"]
    other = max(KINDS[1:], key=lambda kind: likely[kind])
    if listed is not None and listed.kind == "interruption" and wanted > _LISTED:
        return Verdict("interruption", max(wanted, listed.probability), listed.reason)
    if wanted > (_LIKELY if is_due else _SURE):
        return Verdict("interruption", wanted, "sounds like a bid for the floor")
    if not is_due and wanted > _UNLIKELY:
        return Verdict("undecided", wanted, "could be a bid for the floor")
    if listed is not None and listed.kind == other:
        return Verdict(other, likely[other], listed.reason)
    return Verdict(other, likely[other], f"sounds like {_NAMES[other]}")


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
    if reading.shares.get("bid", 0) or reading.first == "opening":
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
