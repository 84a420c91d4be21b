"""Numbers in words. English is read the American way, without "and"; num2words does the rest.

Knows nothing of where a number stood: dates, money and units are their own modules.
"""

from __future__ import annotations

import re
from functools import lru_cache

from num2words import CONVERTER_CLASSES

NUMBER = r"(?<!\d)(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
"""An English number: 1,234.5 or 1234.5 or .5, without sign."""

_MAX_DIGITS = 15  # longer runs are identifiers, and are read digit by digit
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_DENOMINATORS = {2: ("half", "halves"), 4: ("quarter", "quarters")}


@lru_cache(maxsize=4096)
def cardinal(number: int, language: str = "en") -> str:
    """Return `number` in words; digits where num2words does not know the language."""
    if len(str(abs(number))) > _MAX_DIGITS:
        return digits(str(abs(number)), language)
    try:
        words = str(CONVERTER_CLASSES[language].to_cardinal(number))
    except (KeyError, NotImplementedError, ValueError, OverflowError):
        return str(number)
    return words.replace(",", "").replace(" and ", " ") if language == "en" else words


@lru_cache(maxsize=1024)
def ordinal(number: int, language: str = "en") -> str:
    """Return "twenty-first" for 21; the masculine where there is a choice."""
    if number > 10**_MAX_DIGITS:
        return digits(str(number), language)
    words = str(CONVERTER_CLASSES[language].to_ordinal(number))
    return words.replace(",", "").replace(" and ", " ") if language == "en" else words


def roman(text: str) -> int:
    """Return 14 for XIV."""
    values = [_ROMAN[letter] for letter in text]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-value if value < following else value for value, following in pairs)


def digits(text: str, language: str = "en") -> str:
    """Return each digit of `text` in words; other characters are dropped."""
    return " ".join(cardinal(int(digit), language) for digit in text if digit in "0123456789")


def decimal(text: str) -> str:
    """Return a `NUMBER` in words: "zero point zero five" for 0.05."""
    whole, _, fraction = text.replace(",", "").partition(".")
    if len(whole) > 1 and whole.startswith("0"):
        words = digits(whole)
    else:
        words = cardinal(int(whole[:400])) if whole else ""
    if not fraction:
        return words
    return f"{words} point {digits(fraction)}".strip()


def year(number: int) -> str:
    """Return "nineteen oh five" for 1905."""
    if 2000 <= number <= 2009 or not 1000 <= number <= 9999:
        return cardinal(number)
    return grouped(str(number))


def grouped(text: str) -> str:
    """Return codes as they are called out: 503 five oh three, 8080 eighty eighty, 127 one
    twenty-seven."""
    if text.startswith("0") or not 3 <= len(text) <= 4:
        return digits(text) if text.startswith("0") and len(text) > 1 else decimal(text)
    head, tail = text[:-2], text[-2:]
    if tail == "00":
        thousands = len(head) == 2 and head.endswith("0")
        return cardinal(int(text)) if thousands or len(head) == 1 else f"{decimal(head)} hundred"
    joint = f"oh {digits(tail[1])}" if tail[0] == "0" else cardinal(int(tail))
    return f"{cardinal(int(head))} {joint}"


def version(text: str) -> str:
    """Return "two point oh" for 2.0: the parts are whole numbers, zero is "oh"."""
    first, *rest = text.split(".")
    parts = ["oh" if part == "0" else decimal(part) for part in rest]
    return " point ".join([decimal(first), *parts])


def fraction(numerator: int, denominator: int) -> str:
    """Return "three quarters" for 3/4; "sixteen over nine" where no one says it otherwise."""
    if not 0 < numerator < denominator or not (denominator <= 10 or denominator in (16, 100)):
        return f"{cardinal(numerator)} over {cardinal(denominator)}"
    one, many = _DENOMINATORS.get(denominator) or (ordinal(denominator), ordinal(denominator) + "s")
    return f"{cardinal(numerator)} {one if numerator == 1 else many}"


def read_numbers(text: str) -> str:
    """Replace every number that still stands in `text`."""
    text = re.sub(rf"(?<![\w.])[-−](?={NUMBER})", "minus ", text)
    text = re.sub(rf"(?<![\w.])\+(?={NUMBER})", "plus ", text)
    text = re.sub(NUMBER + r"(?!\d)", _apart, text)
    return re.sub(r"\d+", _apart, text)


def _apart(match: re.Match[str]) -> str:
    """A number in words, with blanks only where it touched a letter."""
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    lead = " " if before.isalnum() else ""
    return lead + decimal(match[0]) + (" " if after.isalnum() else "")
