"""What a few words mean that are said while another speaks: "uh-huh", "wait", "yes" to a question.

A reading of a transcript by the lists in phrases.toml, with some tolerance for what recognisers
write. Knows nothing of sound.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Literal

Use = Literal["backchannel", "bid", "opening", "answer", "other"]
Words = tuple[str, ...]

_ANY, _DEFAULT = "any", "en"
_USES: Mapping[str, Use] = {
    # Later ones win where a phrase is in several lists; answers are looked up apart.
    "backchannels": "backchannel",
    "openings": "opening",
    "bids": "bid",
}
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\W_]+(?:['’][^\W_]+)*")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")
_QUESTION_END = re.compile(r"[?？؟]['\"”’»)\]]*\s*(?P<after>[^.!?。！？؟]*)$")
# So much of the next sentence may have been heard, and the question still waits for its answer.
_AFTER_QUESTION = 3
_FEWEST_LETTERS_OF_PART = 3
_FEWEST_LETTERS_TO_FORGIVE = 5
_NEAR = 0.8
_RECENT_WORDS = 30


@dataclass(frozen=True, slots=True)
class Reading:
    """A transcript, cut from the left into the longest phrases that are known.

    Attributes:
        num_words: characters in languages that write without spaces.
        shares: of the words, by use.
        first: use of the first words.
        answer: share of the words that answer a question.
    """

    num_words: int
    shares: Mapping[Use, float]
    first: Use | None
    answer: float

    @property
    def asks(self) -> bool:
        """Whether it bids for the floor anywhere, or begins as a question or a wish does."""
        return self.first == "opening" or self.shares.get("bid", 0) > 0


@lru_cache(maxsize=1024)  # the same words are judged again and again
def read(text: str, language: str | None) -> Reading:
    """Read `text` by the lists of `language`; in one that has none, by those of English."""
    words = _words(text)
    phrases, answers = _lists(language)
    uses: list[Use] = []
    at = 0
    while at < len(words):
        use, length = _longest(words[at:], phrases)
        # "I", "and" or "what" bid for the floor where somebody begins, not within a sentence.
        if use == "opening" and any(before not in ("backchannel", "bid") for before in uses):
            use = "other"
        uses += [use] * length
        at += length
    count = len(words)
    shares: dict[Use, float] = {use: uses.count(use) / count for use in uses}
    return Reading(count, shares, uses[0] if uses else None, _covered(words, answers))


def is_question(text: str) -> bool:
    """Whether the last sentence asks something, or one did of which only a few words followed."""
    found = _QUESTION_END.search(text.strip())
    return found is not None and len(_words(found["after"])) <= _AFTER_QUESTION


def repeated(text: str, said: str) -> float:
    """Share of the words of `text` that are among the last of `said`, in the same order."""
    words, recent = _words(text), _words(said)[-_RECENT_WORDS:]
    if not words:
        return 0.0
    blocks = SequenceMatcher(None, words, recent, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(words)


def prompt(language: str | None) -> str:
    """Words for a recogniser to think of first when it reads the start of an utterance."""
    tables = _tables()
    return str(tables.get(language or _DEFAULT, tables[_ANY])["prompt"])


def _longest(words: Sequence[str], phrases: Mapping[Words, Use]) -> tuple[Use, int]:
    """The use of the longest phrase that `words` begin with, and its length."""
    for length in range(min(len(words), _longest_of(phrases)), 0, -1):
        if use := phrases.get(tuple(words[:length])):
            return use, length
    if len(words) == 1 and (use := _near(words[0], phrases)):
        return use, 1
    return "other", 1


def _near(word: str, phrases: Mapping[Words, Use]) -> Use | None:
    """The use of the one word that the last word is the beginning of, or nearly is."""
    single = {phrase[0]: use for phrase, use in phrases.items() if len(phrase) == 1}
    uses = {use for known, use in single.items() if known.startswith(word)}
    if len(word) >= _FEWEST_LETTERS_OF_PART and len(uses) == 1:
        return uses.pop()
    if len(word) < _FEWEST_LETTERS_TO_FORGIVE:
        return None
    near = get_close_matches(word, single, 1, _NEAR)
    return single[near[0]] if near else None


def _covered(words: Sequence[str], phrases: Mapping[Words, Use]) -> float:
    at = covered = 0
    while at < len(words):
        use, length = _longest(words[at:], phrases)
        covered += length if use == "answer" else 0
        at += length
    return covered / len(words) if words else 0.0


def _words(text: str) -> list[str]:
    """Lower-case words of any script; single characters of those that are written unspaced."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return [_DRAWN_OUT.sub(r"\1\1", word) for word in _TOKEN.findall(plain)]


@cache
def _lists(language: str | None) -> tuple[Mapping[Words, Use], Mapping[Words, Use]]:
    """Phrases with their use, and answers."""
    tables = _tables()
    own = tables.get(language or _DEFAULT, tables[_DEFAULT])
    phrases: dict[Words, Use] = {}
    for name, use in _USES.items():
        for table in (tables[_ANY], own):
            phrases |= {tuple(_words(phrase)): use for phrase in table[name]}
    answers: dict[Words, Use] = {
        tuple(_words(phrase)): "answer"
        for table in (tables[_ANY], own)
        for phrase in table["answers"]
    }
    return phrases, answers


def _longest_of(phrases: Mapping[Words, Use]) -> int:
    return max(map(len, phrases), default=0)


@cache
def _tables() -> Mapping[str, Mapping[str, Any]]:
    text = resources.files("thinktalk.turns").joinpath("phrases.toml").read_text("utf-8")
    return tomllib.loads(text)
