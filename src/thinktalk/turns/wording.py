"""How finished a transcript is, from its words alone.

Recognisers put a full stop after nearly anything, so what the last words need counts for more than
the mark behind them. The words are data, in wording.toml; of languages that are not there, marks
alone are looked at. Knows nothing of sound and of time.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import resources

# Written without spaces: the end of the text is compared, not its last words.
_UNSPACED = frozenset({"zh", "ja"})
_LONGEST_PHRASE = 5
_LONGEST_CLAUSE = 8  # words; of a longer one, part may well be the main clause
# So many figures in a row are a number that is being given, whatever it is called.
_MANY_FIGURES = 5
_GOES_ON = re.compile(r"(?:,|，|、|;|:|：|-|–|—|…|\.\.)[\"'»”]*$")
_ASKS = re.compile(r"[?？][\"'»”]*$")
# Recognisers put the mark too early: "Why do onions make? us cry".
_ASKED_BEFORE = re.compile(r"[?？]\s+(?:[\w']+\s*){1,3}$")
_CLOSES = re.compile(r"[.!。！?？][\"'»”]*$")
_BETWEEN = re.compile(r"[.,!?;:…。，、！？；：—–]+|\s-+\s")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*['’]?")


class Wording(Enum):
    """What the end of a transcript says, from surely over to surely not."""

    ASKED = "asked"  # a whole question
    SAID = "said"  # closed by a mark, and nothing speaks against it
    OPEN = "open"  # no mark, or nothing at all: it may go on or not
    COUNTING = "counting"  # ends in figures, and more may follow
    TRAILING = "trailing"  # something must follow the last word or mark
    HOLDING = "holding"  # asks for time: "um", "let me think"


@dataclass(frozen=True, slots=True)
class _Words:
    """One language's part of wording.toml, which says what they mean."""

    holding: frozenset[str]
    fillers: frozenset[str]
    open: frozenset[str]
    leaning: frozenset[str]
    answers: frozenset[str]
    clauses: frozenset[str]
    figures: frozenset[str]
    numbers: frozenset[str]


def judge(text: str, language: str) -> Wording:
    """What the end of `text` says.

    Args:
        text: the turn so far, as a recogniser wrote it.
        language: ISO 639-1 of the text; any other string leaves the marks alone to judge by.
    """
    text = text.strip()
    known = _languages().get(language)
    verdict = _by_words(text, known, language in _UNSPACED) if known else None
    return verdict or _by_mark(text)


def _by_mark(text: str) -> Wording:
    if _GOES_ON.search(text):
        return Wording.TRAILING
    if _ASKS.search(text) or _ASKED_BEFORE.search(text):
        return Wording.ASKED
    if _CLOSES.search(text):
        return Wording.SAID
    return Wording.COUNTING if text[-1:].isdigit() else Wording.OPEN


def _by_words(text: str, words: _Words, unspaced: bool) -> Wording | None:
    stretches = [part.strip() for part in _BETWEEN.split(text.lower()) if part.strip()]
    if not stretches:
        return None
    last = stretches[-1].replace("’", "'")
    if last in words.answers and _CLOSES.search(text):
        return Wording.SAID
    ends = _ends_unspaced(last) if unspaced else _ends(last)
    if last in words.holding or not ends.isdisjoint(words.fillers):
        return Wording.HOLDING
    if not ends.isdisjoint(words.open):
        return Wording.TRAILING
    asks = _ASKS.search(text) is not None
    if not asks and not ends.isdisjoint(words.leaning):
        return Wording.TRAILING
    if not asks and _is_counting(text.lower(), words, unspaced):
        return Wording.COUNTING
    if not asks and _waits(text, words, unspaced):
        return Wording.TRAILING
    return None


def _ends(stretch: str) -> set[str]:
    """The last words of a stretch, the last two, and so on."""
    words = _WORD.findall(stretch)
    return {" ".join(words[-length:]) for length in range(1, min(len(words), _LONGEST_PHRASE) + 1)}


def _ends_unspaced(stretch: str) -> set[str]:
    return {stretch[-length:] for length in range(1, len(stretch) + 1)}


def _is_counting(text: str, words: _Words, unspaced: bool) -> bool:
    """Whether the text ends in a number that is given figure by figure, as telephone's are."""
    given = re.findall(r"\w", text) if unspaced else re.findall(r"\w+", text)
    figures = 0
    for word in reversed(given):
        if not (word.isdecimal() or word in words.figures):
            break
        figures += len(word) if word.isdecimal() else 1
    named = any(number in text for number in words.numbers)
    return figures >= (1 if named else _MANY_FIGURES)


def _waits(text: str, words: _Words, unspaced: bool) -> bool:
    """Whether the last sentence is a clause whose main clause is still to come."""
    sentences = [part for part in re.split(r"[.!?…。！？]+", text.lower()) if part.strip()]
    sentence = sentences[-1].strip().replace("’", "'")
    if re.search(r"[,，、]", sentence):
        return False
    if unspaced:
        return len(sentence) <= _LONGEST_CLAUSE and sentence.startswith(tuple(words.clauses))
    given = _WORD.findall(sentence)
    starts = {" ".join(given[:length]) for length in range(1, 4)}
    return len(given) <= _LONGEST_CLAUSE and not starts.isdisjoint(words.clauses)


@cache
def _languages() -> dict[str, _Words]:
    text = resources.files(__package__).joinpath("wording.toml").read_text(encoding="utf-8")
    return {
        language: _Words(**{kind: frozenset(words) for kind, words in kinds.items()})
        for language, kinds in tomllib.loads(text).items()
    }
