# ruff: noqa: SIM905 - long lists of words read better as lines of words
"""Where a line of prose may be cut: sentence ends, clause marks, phrases, words.

All positions are places where the next piece would begin, and all functions are pure. Knows
nothing of blocks (fences, tables), which `clauses.py` takes out first.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

from thinktalk.engines.cascade.speakable.units import UNITS

_IDEOGRAPHS = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_THAI = "\u0e00-\u0e7f"
_CLOSERS = "\"'”’»)\\]*_~`」』）】"

# "." ends a sentence only before a blank and something; the full-width stops need neither.
_SENTENCE = re.compile(
    rf"(?P<stop>[.!?…؟।॥۔]+)[{_CLOSERS}]*(?P<gap>\s+)(?=\S)"
    rf"|[。！？｡]+[{_CLOSERS}]*(?=\s*[^。！？｡{_CLOSERS}\s])\s*"
)
_CLAUSE = re.compile(
    rf"[,;:—–،؛][{_CLOSERS}]*\s+(?=\S)|(?<=\w)[—](?=\w)|\s[-–—]\s+(?=\S)|(?:[、，；：]|……)[{_CLOSERS}]*"
    rf"(?=[^\s、，；：。！？…{_CLOSERS}])|(?<=[{_THAI}])\s+(?=[{_THAI}])"
)
_ENDS_SENTENCE = re.compile(rf"[.!?…。！？؟।][{_CLOSERS}\s]*$|\n\s*$")
_END_CHARACTERS = 64  # that are looked at to tell how a text ends
_ENDS_CLAUSE = re.compile(rf"[,;:—–、，；：،؛\-][{_CLOSERS}\s]*$")

_NEVER_LAST = frozenset(
    "dr mr mrs ms prof st mt gen sen rep gov capt lt col sgt rev hon e.g i.e eg ie vs cf approx no"
    " nr fig figs eq sec ch vol pp p ed eds al viz jan feb mar apr jun jul aug sep sept oct nov dec"
    " z.b d.h u.a bzw ca evtl ggf sr sra srta dra ud uds m mme mlle sig dott ing p.ej art núm nº dr"
    " w.r.t a.k.a incl excl est".split()
)
"""Abbreviations that are followed by what they belong to."""
_MAYBE_LAST = frozenset("etc inc ltd co corp jr sr a.m p.m usw ph.d b.c a.d dept ave blvd".split())

_FUNCTION_WORDS = {
    "en": "and or but nor so that which who whose whom because although though while when where if"
    " unless until since as than to in of with without for from by on at into onto over under about"
    " after before between through during against within is are was were has have had can could"
    " will would should may might must do does did using including like not",
    "es": "y e o u pero ni que porque aunque mientras cuando donde si a en de del al con sin para"
    " por desde sobre entre hasta hacia es son está están fue era ha han puede pueden como",
    "fr": "et ou mais ni donc car que qui dont où parce quand si lorsque à au aux en dans de du des"
    " avec sans pour par sur sous entre vers chez depuis est sont était a ont peut comme",
    "de": "und oder aber denn sondern dass weil wenn ob als wie während der die das in im an am auf"
    " aus bei mit nach von vom zu zum zur für durch ohne um gegen über unter zwischen ist sind war"
    " hat haben kann wird werden",
    "it": "e ed o ma né che perché se quando mentre dove a al in nel di del della da dal con senza"
    " per su tra fra è sono era ha hanno può come",
    "pt": "e ou mas nem que porque se quando enquanto onde a ao em no na de do da com sem para por"
    " pelo pela sobre entre até é são era foi tem têm pode como",
}
_FUNCTIONS = {language: frozenset(words.split()) for language, words in _FUNCTION_WORDS.items()}
# What a piece must not end with: it belongs to the word that follows.
_CLINGING = frozenset(
    "a an the this that these those my your his her its our their no very more most each every some"
    " any all both el la los las un una unos unas mi tu su le les une mon ma mes der die das den"
    " dem des ein eine einen einem il lo gli uno o os as um uma not is are to of in and or"
    " i you he she it we they here there ich er sie wir je tu il elle nous vous ils yo eu"
    " io".split()
)

_MONTHS = (
    "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    "|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?"
)
_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
_AMOUNT = r"[-−+~<>]?[$€£¥]?\d[\d.,:/]*"
_GLUED = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<tick>`{1,2})[^`\n]+(?P=tick)",
        r"!?\[[^\[\]\n]*\](?:\([^()\n]*\))?",
        r"\$[^\s$][^$\n]*[^\s$]\$|\\\(.*?\\\)|\\\[.*?\\\]",
        r"<[A-Za-z/!][^<>\n]*>",
        rf"{_AMOUNT}\s+(?:{_UNIT}|%|€|£|\$|thousand|million|billion|trillion|percent|[ap]\.?m\b\.?|[APap]M"
        rf"|[A-Z]{{3}}|x|×|to|[-–—+*/=×÷]|degrees)(?:/\w+)?(?!\w)(?:\s+{_AMOUNT})?",
        rf"\b(?:{_MONTHS})\.?\s+\d{{1,4}}(?:st|nd|rd|th)?(?:,?\s+\d{{1,4}})?",
        rf"\b\d{{1,2}}(?:st|nd|rd|th)?\.?\s+(?:of\s+|de\s+)?(?:{_MONTHS}|[A-Za-zäéû]+(?=\s+\d{{4}}))"
        r"(?:,?\s+(?:de\s+)?\d{1,4})?",
        r"\b(?:[A-Z][\w.+#]*|[Vv]ersions?|codes?|status|ports?|pages?|steps?|chapters?|sections?|lines?"
        r"|errors?|numbers?|rooms?|parts?|levels?|types?|[Nn]o\.|[Ff]ig\.)\s+v?#?\d[\w.:]*",
        r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD)\s+/\S*",
        r"\b[1-5]\d\d\s+[A-Z][a-z]+(?:\s+[A-Z][a-z]+)*",
        r"\b(?:Dr|Mr|Mrs|Ms|Prof|St|Mt|Sr|Sra)\.\s+\w+",
        r"\S+\s+(?:[-+*/=<>×÷≤≥≠≈→^]|[-=]>|[<>=!]=)\s+\S+",
        r"\+?\d[\d() .-]{6,}\d",
    )
)
_EMPHASIS = re.compile(r"(?<![\w*_])(?P<mark>\*\*\*|\*\*|\*|__|_|~~)(?=[^\s*_~])")
_OPENERS = (
    re.compile(r"(?<!`)`{1,2}(?!`)[^`]*$"),
    re.compile(r"!?\[[^\]]*$"),
    re.compile(r"\]\([^)]*$"),
    re.compile(r"\\[(\[](?:(?!\\[)\]]).)*$"),
)
_OPEN_CHARACTERS = 160  # an opening mark that is not closed by then is a stray one


@dataclass(frozen=True, slots=True)
class Word:
    """A token at [start, end) of the line.

    `size` is in words, as long as they take to say: an ideograph is half of one, a long word more.
    """

    start: int
    end: int
    size: float


# Behind an ideograph stay small kana, the long vowel and what modifies it.
_ATTACHED = (
    "\u3005\u3041\u3043\u3045\u3047\u3049\u3063\u3083\u3085\u3087\u3099\u309a\u30fc\ufe00-\ufe0f"
)
_KATAKANA = "\u30a1-\u30fa\u30fc"
# Thai marks no words: only a run that is too long is cut, before a vowel that opens a syllable.
_TOKEN = re.compile(
    rf"[{_KATAKANA}]+[\u3099\u309a]*|[{_IDEOGRAPHS}][{_ATTACHED}]*|[{_THAI}]{{60,}}?(?=[\u0e40-\u0e44])"
    rf"|[{_THAI}]+|[^\s{_IDEOGRAPHS}{_THAI}]+"
)


def words(text: str) -> list[Word]:
    """Return the tokens of `text` that are heard."""
    return [
        Word(match.start(), match.end(), _size(match[0]))
        for match in _TOKEN.finditer(text)
        if any(character.isalnum() for character in match[0])
    ]


_LONG_WORD = 8  # letters; longer ones count for more
# Scripts of which a letter takes longer to say: syllables, or no vowels written.
_LETTERS_PER_WORD = (
    (re.compile(f"[{_IDEOGRAPHS}]"), 2.0),
    (re.compile("[\uac00-\ud7a3]"), 2.5),
    (re.compile(f"[{_THAI}]"), 5.0),
    (re.compile("[\u0590-\u06ff]"), 5.0),
)


def _size(token: str) -> float:
    for script, letters in _LETTERS_PER_WORD:
        if script.match(token):
            return len(token) / letters if letters == 2.0 else max(1.0, len(token) / letters)
    return max(1.0, len(token) / _LONG_WORD)


def safe_end(line: str) -> int:
    """Where an endless line may be cut for want of anything better: the last whole letter.

    Never between a letter and its marks, at a joiner, or behind a Thai vowel that opens a syllable.
    """
    for position in range(len(line) - 1, 0, -1):
        before, after = line[position - 1], line[position]
        if not (
            unicodedata.category(after) in ("Mn", "Mc", "Me")
            or {before, after} & _JOINERS
            or unicodedata.combining(before) == _VIRAMA
            or "\u0e40" <= before <= "\u0e44"
            or "\ud800" <= before <= "\udbff"
            or after in "\u0e30\u0e32\u0e33\u0e45\u0e46"
        ):
            return position
    return len(line)


_JOINERS = frozenset("\u200c\u200d")
_NEAR_CHARACTERS = 200
_VIRAMA = 9  # the combining class of signs that join two consonants


def count(text: str) -> int:
    """Return how many words `text` has, ideographs counted two to a word."""
    return round(sum(word.size for word in words(text)) + 0.25)


def reach(text: str, max_words: int) -> int:
    """Return a position beyond which `text` has more than `max_words`; its length where it has not.

    Saves counting anew for every place where a long line may be cut.
    """
    size = 0.0
    for word in words(text):
        size += word.size
        if size > max_words + 1:
            return word.end
    return len(text)


def word_start(text: str, position: int) -> int:
    """Return where the word at `position` begins; an ideograph or a kana is a word of its own."""
    # Words are looked for from a blank on that lies well before: the text may be a long block.
    near = max(0, position - _NEAR_CHARACTERS)
    at = max(text.rfind(" ", 0, near), text.rfind("\n", 0, near)) + 1
    found = words(text[at : position + _NEAR_CHARACTERS])
    return at + max((word.start for word in found if at + word.start <= position), default=0)


def glued(line: str, *, complete: bool) -> list[tuple[int, int]]:
    """Return the ranges of `line` that no cut may fall into.

    `complete` says that nothing more will be added to the line: what is open stays open.
    """
    ranges = [match.span() for pattern in _GLUED for match in pattern.finditer(line)]
    if not complete:
        # A tick that closes a pair must not pass for one that opens.
        unpaired = _GLUED[0].sub(lambda match: " " * len(match[0]), line)
        for pattern in _OPENERS:
            opener = pattern.search(unpaired, max(0, len(line) - _OPEN_CHARACTERS))
            if opener:
                ranges.append((opener.start(), len(line) + 1))
    return ranges


def emphasised(line: str, *, complete: bool) -> list[tuple[int, int]]:
    """Return the ranges between pairs of stars or underscores, which are better not cut."""
    ranges = []
    at = 0
    while opening := _EMPHASIS.search(line, at):
        closing = line.find(opening["mark"], opening.end())
        end = len(line) if closing < 0 and not complete else closing + len(opening["mark"])
        if end > opening.end():
            ranges.append((opening.start(), end))
        at = max(opening.end(), end)
    return ranges


def allowed(position: int, ranges: list[tuple[int, int]]) -> bool:
    """Whether no range is open at `position`."""
    return not any(start < position < end for start, end in ranges)


def sentence_ends(line: str, language: str, *, at_line_start: bool) -> list[int]:
    """Return where sentences end for sure, that is, where the following character is known."""
    ends = []
    for match in _SENTENCE.finditer(line):
        if match["stop"] is None or _is_end(line, match, language, at_line_start):
            ends.append(match.end())
    return ends


def _is_end(line: str, match: re.Match[str], language: str, at_line_start: bool) -> bool:
    stop, following = match["stop"], line[match.end()]
    starts_anew = not following.islower()
    if stop != ".":
        return starts_anew or not stop.endswith((".", "…"))
    token = re.split(r"[\s(\[\"'“‘*_]", line[: match.start()])[-1].lower()
    before = line[: match.start() - len(token)]
    if token in _NEVER_LAST:
        return token == "no" and starts_anew and not following.isdigit()
    if token.isdecimal() and ((at_line_start and not before.strip()) or language == "de"):
        return False
    if len(token) == 1 and token.isalpha() and token != "i":
        return False
    if token in _MAYBE_LAST or re.fullmatch(r"(?:[a-z]\.)+[a-z]", token):
        return following.isupper()
    return True


def clause_ends(line: str) -> list[int]:
    """Return the places after commas, colons, semicolons and dashes."""
    return [match.end() for match in _CLAUSE.finditer(line)]


def ends_sentence(text: str) -> bool:
    """Whether `text` closes a sentence or a line."""
    return _ENDS_SENTENCE.search(text[-_END_CHARACTERS:]) is not None


def ends_clause(text: str) -> bool:
    """Whether `text` closes at a mark at least as strong as a comma."""
    return ends_sentence(text) or _ENDS_CLAUSE.search(text[-_END_CHARACTERS:]) is not None


def phrase_end(
    line: str, language: str, ranges: list[tuple[int, int]], max_words: float
) -> int | None:
    """Return the best place for a cut without punctuation, or None while none is known.

    A place before a function word that follows a content word counts some words more than one
    that only leaves no article hanging; the farthest wins, two words to `max_words` into the line.
    """
    tokens = words(line)
    functions = _FUNCTIONS.get(language, _FUNCTIONS["en"])
    best = last = None
    best_score = size = 0.0
    bonus = 2 + max_words / 6
    for before, after in pairwise(tokens):
        size += before.size
        if size > max_words:
            break
        position = _start_of(line, before.end, after.start)
        if not allowed(position, ranges) or not _is_settled(line, before, after):
            continue
        left = line[before.start : before.end].strip("\"'“”‘’()*_").lower()
        right = line[after.start : after.end].strip("\"'“”‘’()*_").lower()
        if size < 2:
            continue
        last = position
        if left not in _CLINGING and left not in functions:
            score = size + (bonus if right in functions or _turns(left, right) else 0)
            if score >= best_score:
                best, best_score = position, score
    return best or last


def first_gap(line: str) -> int | None:
    """Return where the second word begins, None where there is none."""
    tokens = words(line)[:2]
    return _start_of(line, tokens[0].end, tokens[1].start) if len(tokens) == 2 else None


def _start_of(line: str, start: int, end: int) -> int:
    """The next piece takes the opening marks with it, the blanks stay before."""
    gap = re.match(r"\S*\s*", line[start:end])
    return start + (gap.end() if gap else 0)


def _is_settled(line: str, before: Word, after: Word) -> bool:
    """Whether what follows cannot still become part of what stands before."""
    if after.end < len(line) or before.size < 1:
        return True
    return line[before.start : before.end].isalpha() and line[before.start : before.end].islower()


def _turns(left: str, right: str) -> bool:
    """Japanese phrases end in kana and begin in kanji."""
    return bool(re.fullmatch("[\u3040-\u30ff]", left) and re.match("[\u4e00-\u9fff]", right))
