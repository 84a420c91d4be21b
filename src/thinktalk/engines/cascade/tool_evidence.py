"""What the words of a message say about tools: evidence that a small model overlooks.

Words are compared by their stems; languages that write none, or not English, give less evidence,
never wrong calls. Knows nothing of prompts or models.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from thinktalk.conversation import Tool

_MAX_RELATED = 3
_LONGEST_REQUEST = 1000  # characters; a longer message tells things rather than asks for several
_LEAST_SCORE = 0.5  # one word that two tools have
_WORD = re.compile(r"[^\W_]+")
_CAMEL_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
# A mark parts only before a blank or the end: 59.90 and db1.example.com stay whole. What the first
# alternative finds is no joint.
_JOINT = re.compile(
    r"\bbetween\b.{1,60}?\band\b|(?P<joint>[,;:.?!]+(?=\s|$)|\n|\b(?:and|then|also|plus)\b)",
    re.IGNORECASE,
)
_SUFFIXES = ("ings", "ing", "ies", "ed", "es", "ly", "s", "e", "y")
_SHORTEST_STEM = 3
_EMPTY = frozenset(
    _WORD.findall(
        "a again an and are as at be by can could current do does for from get give have hey hi "
        "how i if in is it its just let make me my name no now of on one or our please plus put "
        "set show so some start string tell thank thanks that the their them then there these "
        "this to too us use value was we what when where whether which who will with would yes "
        "you your"
    )
)
_NUMBERS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "fifteen": "15", "twenty": "20",
    "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60",
}  # fmt: skip
_QUOTED = re.compile(r"(?<!\w)(['\"‘’“”«»]).{1,40}?['\"’”»](?!\w)")
_KEYWORDS = ("type", "required", "$ref", "format", "pattern")  # their values are not about the tool


def related(tools: Sequence[Tool], text: str) -> list[str]:
    """Names of the tools that share words with `text`, in the order of those words.

    A word counts the less the more tools have it. Tools with less than half of what the best has
    are left out, numbers say nothing, and a word in quotes is spoken of, not asked for.
    """
    said = [word for word in _stems(_QUOTED.sub(" ", text)) if not word.isdecimal()]
    known = [_words(_texts(tool)) for tool in tools]
    spread = Counter(word for words in known for word in words)
    shares = [
        (sum(1 / spread[word] for word in words.intersection(said)), tool, words)
        for tool, words in zip(tools, known, strict=True)
    ]
    best = sorted(shares, key=lambda share: -share[0])[:_MAX_RELATED]
    least = max([_LEAST_SCORE, *(score / 2 for score, _, _ in best)])
    places = [
        (min(place for place, word in enumerate(said) if word in words), tool.name)
        for score, tool, words in best
        if score >= least
    ]
    return [name for _, name in sorted(places)]


def left_over(text: str, tools: Sequence[Tool], calls: Sequence[tuple[str, str]]) -> list[str]:
    """Coordinated parts of `text` that none of the `calls`, name and arguments each, takes up.

    Each call stands for the part that shares most words with its arguments, each of several items
    of an argument for one of its own. Other parts are left over if they come later, or point to a
    tool, and have a word that no call has (nor what it called, where they share an argument).
    """
    if not calls or len(text) > _LONGEST_REQUEST:
        return []
    values = [list(_leaves(_parsed(arguments))) for _, arguments in calls]
    parts = [part for part in _parts(text, [*chain(*values)]) if _words([part])]
    if len(parts) < 2:
        return []
    taken: set[int] = set()
    for texts in [*values, *chain.from_iterable(_items(_parsed(call[1])) for call in calls)]:
        words = _words(texts)
        if free := [number for number in range(len(parts)) if number not in taken]:
            taken.add(max(free, key=lambda number: _share(_words([parts[number]]), words)))
    used = _words([*chain(*values)])
    names = {name for name, _ in calls}
    purposes = _words([f"{tool.name} {tool.description}" for tool in tools if tool.name in names])
    return [
        part
        for number, part in enumerate(parts)
        if number not in taken
        and (words := _words([part])) - (used | purposes if words & used else used)
        and (number > min(taken) or related(tools, part))
    ]


def _parts(text: str, whole: Sequence[str]) -> Iterator[str]:
    """`text` cut at its joints, but not within any of `whole`."""
    kept = [
        match.span()
        for value in whole
        for match in re.finditer(re.escape(value) or "$^", text, re.IGNORECASE)
    ]
    start = 0
    for match in _JOINT.finditer(text):
        is_inner = any(first <= match.start() < end for first, end in kept)
        if match["joint"] and not is_inner:
            yield text[start : match.start()].strip()
            start = match.end()
    yield text[start:].strip()


def _share(part: set[str], words: set[str]) -> float:
    return len(part & words) / len(part)


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in _stems(text)}


def _stems(text: str) -> Iterator[str]:
    """Of the words that mean something."""
    for word in _WORD.findall(_CAMEL_HUMP.sub(" ", text)):
        if (plain := word.casefold()) not in _EMPTY:
            yield _stem(plain)


def _stem(word: str) -> str:
    if word.isdecimal():
        return word.lstrip("0") or "0"
    if word in _NUMBERS:
        return _NUMBERS[word]
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM:
            return word[: -len(suffix)]
    return word


def _texts(tool: Tool) -> Iterator[str]:
    yield tool.name
    yield tool.description
    yield from _schema_texts(tool.parameters)


def _schema_texts(value: Any) -> Iterator[str]:
    """Descriptions, property names and choices of a schema."""
    if isinstance(value, dict):
        yield from value.get("properties", ())
        for key, inner in value.items():
            if key not in _KEYWORDS:
                yield from _schema_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _schema_texts(inner)
    elif isinstance(value, str):
        yield value


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield str(value)


def _items(value: Any) -> Iterator[list[str]]:
    """The texts of each item but the first of every list within."""
    if isinstance(value, dict):
        yield from chain.from_iterable(map(_items, value.values()))
    elif isinstance(value, list):
        yield from (list(_leaves(item)) for item in value[1:])


def _parsed(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return {}
