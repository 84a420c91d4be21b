"""What amounts of money and of anything else have in common: sign, range, scale, "per hour".

The patterns name their groups `article`, `sign`, `a`, `b` and `per`; the functions read them.
"""

from __future__ import annotations

import re

from thinktalk.engines.cascade.speakable.numbers import NUMBER, decimal
from thinktalk.engines.cascade.speakable.units import PER, either

SCALE = r"(?:thousand|million|billion|trillion|lakh|crore)"
SCALES = {
    "k": "thousand", "K": "thousand", "M": "million", "m": "million", "B": "billion",
    "b": "billion", "bn": "billion", "T": "trillion", "tn": "trillion", "mn": "million",
}  # fmt: skip
ARTICLE = r"(?P<article>\b[Aa]n? )?"
SIGN = r"(?P<sign>(?<![\w.)])[-−+±~])?"
RANGE = rf"(?P<a>{NUMBER})(?: ?[-–—] ?(?P<b>{NUMBER}))?"
SIGNS = {"-": "minus ", "−": "minus ", "+": "plus ", "±": "plus or minus ", "~": "about "}
PER_UNIT = rf"(?: ?/ ?(?P<per>{either(PER)})(?![\w/]))?"


def amount(match: re.Match[str]) -> str:
    said = SIGNS.get(match["sign"] or "", "") + decimal(match["a"])
    return f"{said} to {decimal(match['b'])}" if match["b"] else said


def is_one(match: re.Match[str]) -> bool:
    return match["a"] == "1" and not match["b"]


def is_singular(match: re.Match[str]) -> bool:
    """Whether one of it is meant, or an adjective: "a five kilometer run"."""
    is_adjective = match["article"] and re.match(r" [a-z]", match.string[match.end() :])
    return bool(is_adjective) or is_one(match)


def per(match: re.Match[str]) -> str:
    return f" per {PER[match['per']]}" if match["per"] else ""
