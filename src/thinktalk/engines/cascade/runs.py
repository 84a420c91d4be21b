"""The stretches of a clause that are in another language than the rest.

    runs("In Thai you say สวัสดีครับ.", "en")
    # [Run("In Thai you say ", "en"), Run("สวัสดีครับ.", "th")]

Another script speaks for itself; within one script only a quotation that is surely in another
language counts. `said` keeps the marks of such a quotation, “like these”, so that `runs` finds it
again in what is spoken. Knows nothing of voices.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from thinktalk.engines import languages
from thinktalk.engines.cascade.language import SCRIPTS, detect, has_function_words, script

_EASTERN = frozenset(("CJK", "HIRAGANA", "KATAKANA"))
_HOMES = {language: name for name, language in SCRIPTS.items()} | {
    "ja": "CJK", "zh": "CJK", "ar": "ARABIC", "fa": "ARABIC", "ur": "ARABIC",
} | dict.fromkeys(("ru", "uk", "be", "bg", "mk", "sr", "kk", "tt"), "CYRILLIC")  # fmt: skip
_SYLLABIC = frozenset(("CJK", "HANGUL"))
_FEWEST_LETTERS = 2  # one letter of an alphabet is a symbol: α, Ω
_MARKED = re.compile("“([^“”]+)”")
_QUOTATION = re.compile(
    r"[\"“„]([^\"“”„\n]{3,200})[\"“”]|«([^«»\n]{3,200})»|‹([^‹›\n]{3,200})›|「([^「」\n]{2,200})」"
)
_NAMED = re.compile(r"\b[A-Z][a-z]+\b")


@dataclass(frozen=True, slots=True)
class Run:
    """`language` is ISO 639-1."""

    text: str
    language: str


def said(text: str, language: str, read: Callable[[str, str, bool], str]) -> str:
    """Return what is said for `text`, each quotation read in its own language.

    Args:
        text: as written.
        language: of the clause.
        read: gives the words of a part in a language; the third argument says whether the part
            begins inside the line.
    """
    spoken, at = "", 0
    for match in _QUOTATION.finditer(text):
        quotation = next(filter(None, match.groups()))
        own = _of_quotation(quotation, text, language)
        if own == language:
            continue
        if inner := read(quotation.strip(), own, True):
            before = read(text[at : match.start()], language, at > 0)
            spoken = _joined(_joined(spoken, before), f"“{inner}”")
            at = match.end()
    if not at:
        return read(text, language, False)
    rest = read(text[at:], language, True)
    return _joined(spoken, rest or text[at:].strip()[:1])


def unquoted(text: str) -> str:
    """Return `text` without its quotations, where enough is left to tell the language by."""
    rest = _QUOTATION.sub(" ", text)
    return rest if len(re.findall(r"[^\W\d_]{2,}", rest)) >= 2 else text


def runs(text: str, language: str) -> list[Run]:
    """Cut `text`, which is spoken in `language`, where its language changes."""
    found: list[Run] = []
    at = 0
    for match in _MARKED.finditer(text):
        own = _of_quotation(match[1], text, language)
        if own != language:
            found += _by_script(text[at : match.start()], language)
            found += _by_script(match[0], own)
            at = match.end()
    found += _by_script(text[at:], language)
    return [
        Run("".join(run.text for run in group), own)
        for own, group in groupby(found, key=lambda run: run.language)
    ]


def _by_script(text: str, language: str) -> list[Run]:
    home = _HOMES.get(language, "LATIN")
    stretches: list[tuple[str, str]] = []
    for character in text:
        name = _alphabet(character)
        if name is None:
            # Marks, blanks and figures belong to what they follow.
            name = stretches[-1][0] if stretches else home
        if stretches and stretches[-1][0] == name:
            stretches[-1] = (name, stretches[-1][1] + character)
        else:
            stretches.append((name, character))
    return [Run(piece, _of_stretch(name, piece, home, language)) for name, piece in stretches]


def _of_stretch(name: str, text: str, home: str, language: str) -> str:
    letters = sum(character.isalpha() for character in text)
    if name == home and name != "CJK":
        return language
    if letters < _FEWEST_LETTERS and name not in _SYLLABIC:
        return language
    return detect(text, language if name == home else "en")


def _alphabet(character: str) -> str | None:
    if not character.isalpha() or unicodedata.category(character) == "Lm":
        return None
    name = "LATIN" if character.isascii() else script(character)
    if name in _EASTERN:
        return "CJK"
    return name if name in SCRIPTS or name == "LATIN" else None


def _of_quotation(quotation: str, clause: str, language: str) -> str:
    found = detect(quotation, language)
    if found != language or language != "en" or " " not in quotation.strip():
        return found
    # "The French say « bonne nuit »": no word of it is English, and its language has been named.
    if not has_function_words(quotation, "en"):
        for name in _NAMED.findall(clause):
            named = languages.code(name)
            if named and detect(quotation, named) == named:
                return named
    return found


def _joined(before: str, after: str) -> str:
    if not before or not after:
        return before + after
    return before + after if after[0] in ".,;:!?…。、，" else f"{before} {after}"
