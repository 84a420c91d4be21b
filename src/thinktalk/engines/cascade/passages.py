"""Which rows of a long note a question is about: by the times it names and the words they share.

A small model that condenses a part may drop the very sentence that is asked for, so these rows are
kept as they are. Words are compared as written: a question in another language than the recording
finds none, and neither does one for a summary.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence

from thinktalk.engines.cascade.noted import Row
from thinktalk.media.segment import Span

_CLOCK = re.compile(r"(?<![\d:.])(\d{1,2}):([0-5]\d)(?::([0-5]\d))?(?![\d:])")
_HOURS = r"(?:(?:hours?|hrs?|h|stunden?|heures?|horas?|ore)(?![^\W\d_])|小时|時間)"
_MINUTES = r"(?:(?:minut(?:es?|en?|os?|i)|mins?)(?![^\W\d_])|分钟?)"
_SPOKEN = re.compile(
    rf"(?:(\d+)\s*{_HOURS}\W*(?:(?:and|und|et|y|e)\s+)?)?(?:(\d+)\s*{_MINUTES}|{_MINUTES}\s*(\d+))"
    rf"|(\d+)\s*{_HOURS}",
    re.IGNORECASE,
)
_FIRST = re.compile(r"\b(first|opening|beginning|starts?|begins?)\b|开始|开头", re.IGNORECASE)
_LAST = re.compile(r"\b(last|closing|ending|ends?|finally)\b|最后|结束", re.IGNORECASE)
_WHOLE = re.compile(
    r"summar|overview|\bgist\b|recap|main points|zusammen|überblick|résum|\bresum|riassun|sintesi"
    r"|总结|總結|概括|摘要|要約|まとめ|요약",
    re.IGNORECASE,
)
_MARGIN_S = 30.0
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_WORD = re.compile(r"[^\W_]+")
# What asks, and what is asked to be done: no word of the recording's own.
_TASK = frozenset(
    _WORD.findall(
        "a about all an and answer any are at audio be by can described did discussed do does each "
        "every explain find for from give happen happened happens has have how i in is it list "
        "long many me mention mentioned mentions minute minutes most much name named names of on "
        "or part please question quote recording said say says she he speak speaker speaks spoken "
        "summarise summarize summary talk talked tell that the their there they this time times "
        "to topic video was we were what when where which who whom why will with word words you"
    )
)
_STEM = 5  # letters by which inflected words are the same
_RARE = 0.2  # words in a larger share of the rows tell nothing
_NEARLY_BEST = 0.6


def asked_for(
    rows: Sequence[Row], question: str, room: int, size: Callable[[str], int]
) -> list[Row]:
    """The rows that `question` is about, at most `room` tokens of them, in their order."""
    kept: set[int] = set()
    for number in dict.fromkeys([*_by_time(rows, question), *_by_words(rows, question)]):
        tokens = size(rows[number].text) + 1
        if tokens <= room:
            room -= tokens
            kept.add(number)
    return [rows[number] for number in sorted(kept)]


def named_times(question: str, last_s: float) -> list[float]:
    """Moments up to `last_s` that a question names; `2:30` may be minutes or hours."""
    found: list[float] = []
    for clocked in _CLOCK.finditer(question):
        first, second, third = (int(figures or 0) for figures in clocked.groups())
        if clocked[3] is not None:
            found.append(3600 * first + 60 * second + third)
        else:
            found += [60 * first + second, 3600 * first + 60 * second]
    for spoken in _SPOKEN.finditer(question):
        hours, before, after, alone = (int(figures or 0) for figures in spoken.groups())
        found.append(3600 * (hours + alone) + 60 * (before + after))
    return [time_s for time_s in dict.fromkeys(found) if time_s <= last_s]


def _by_time(rows: Sequence[Row], question: str) -> list[int]:
    """Numbers of the rows around the times that are named, the closest first."""
    timed = [number for number, row in enumerate(rows) if row.is_timed]
    if not timed:
        return []
    spans = _spans(rows, timed)
    chosen: list[int] = []
    for time_s in named_times(question, rows[-1].start_s + _MARGIN_S):
        # What follows is rather meant than what went before.
        gaps = {n: max(a - time_s, 2 * (time_s - b), 0.0) for n, (a, b) in spans.items()}
        chosen += sorted((n for n in timed if gaps[n] <= _MARGIN_S), key=gaps.__getitem__)
    # A summary should know how it begins and ends.
    is_for_all = asks_for_all(question)
    if is_for_all or _FIRST.search(question):
        chosen.append(timed[0])
    if is_for_all or _LAST.search(question):
        chosen.append(timed[-1])
    return chosen


def _spans(rows: Sequence[Row], timed: Sequence[int]) -> dict[int, Span]:
    """From when to when each row tells."""
    starts = [rows[number].start_s for number in timed]
    ends = [*starts[1:], starts[-1] + _MARGIN_S]
    return dict(zip(timed, zip(starts, ends, strict=True), strict=True))


def _by_words(rows: Sequence[Row], question: str) -> list[int]:
    """Numbers of the rows that share the most telling words with the question, best first."""
    asked, told = wanted(question), [stems(row.text) for row in rows]
    shared = Counter(stem for row in told for stem in row & asked)
    weights = {
        stem: math.log(len(rows) / count)
        for stem, count in shared.items()
        if count <= max(1.0, _RARE * len(rows))
    }
    scores = [sum(weights[stem] for stem in row & weights.keys()) for row in told]
    best = max(scores, default=0.0)
    if best <= 0:
        return []
    near = (number for number, score in enumerate(scores) if score >= _NEARLY_BEST * best)
    return sorted(near, key=lambda number: -scores[number])


def closest(sentence: str, rows: Sequence[Row]) -> Row:
    """The row that tells of the same as `sentence`, the first one where none does."""
    asked, told = stems(sentence), [stems(row.text) for row in rows]
    common = Counter(stem for row in told for stem in row)
    shared = [sum(1 / common[stem] for stem in row & asked) for row in told]
    return rows[shared.index(max(shared))]


def wanted(question: str) -> set[str]:
    """What the question looks for, as stems; nothing if it is for all there is."""
    return set() if asks_for_all(question) else stems(question)


def asks_for_all(question: str) -> bool:
    """Whether it is for a summary, in so many words or for want of a question."""
    return not question.strip() or bool(_WHOLE.search(question))


def borrowed(asked: set[str], told: Sequence[set[str]]) -> set[str]:
    """Stems of the question that only one of several parts has: no other can answer with them."""
    common = Counter(stem for part in told for stem in part & asked)
    return {stem for stem, count in common.items() if count == 1 < len(told)}


def stems(text: str) -> set[str]:
    """Beginnings of its words, but for those that only ask; without spaces, pairs of letters."""
    found: set[str] = set()
    for word in _WORD.findall(text.lower()):
        if word in _TASK:
            continue
        if _UNSPACED.search(word):
            found |= {word[n : n + 2] for n in range(max(1, len(word) - 1))}
        else:
            found.add(word[:_STEM])
    return found
