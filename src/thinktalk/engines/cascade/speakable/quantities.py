"""Percentages, units, ranges, fractions and ordinals in English words."""

from __future__ import annotations

import re

from thinktalk.engines.cascade.speakable.amounts import (
    ARTICLE,
    PER_UNIT,
    RANGE,
    SCALE,
    SCALES,
    SIGN,
    amount,
    is_singular,
    per,
)
from thinktalk.engines.cascade.speakable.numbers import (
    NUMBER,
    cardinal,
    decimal,
    fraction,
    grouped,
    ordinal,
)
from thinktalk.engines.cascade.speakable.units import PER, UNITS, either

_VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5),
    "⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8),
    "⅞": (7, 8),
}  # fmt: skip


def _scientific(match: re.Match[str]) -> str:
    power = decimal(match["power"].lstrip("+-−"))
    minus = "minus " if match["power"][0] in "-−" else ""
    unit = f" {UNITS[match['unit']][1]}{per(match)}" if match["unit"] else ""
    return f"{decimal(match['a'])} times ten to the power of {minus}{power}{unit}"


def _measured(match: re.Match[str]) -> str:
    one, many = UNITS[match["unit"]]
    singular = is_singular(match)
    scale = f" {match['scale'].strip()}" if match["scale"] else ""
    return f"{match['article'] or ''}{amount(match)}{scale} {one if singular else many}{per(match)}"


def _plain_fraction(match: re.Match[str]) -> str:
    n, d = int(match["n"]), int(match["d"])
    if (n, d) == (20, 20) or (n + d == 100 and n >= 50):
        return f"{cardinal(n)} {cardinal(d)}"
    if not match["whole"] and not match["unit"] and _is_share(match):
        return f"{cardinal(n)} out of {cardinal(d)}"
    said = fraction(n, d)
    if not match["whole"]:
        return said + _fraction_of(match)
    return f"{cardinal(int(match['whole']))} and {re.sub('^one ', 'a ', said)}{_fraction_of(match)}"


def _is_share(match: re.Match[str]) -> bool:
    """Whether so many of so many are meant: "3/4 tests", "8/10", "5/5"."""
    n, d, rest = int(match["n"]), int(match["d"]), match.string[match.end() :]
    is_part = rest.startswith(" of") or match[0][-1].isalpha() or re.search(r"[=+×*]", match.string)
    return n == d or (n < d and bool(_COUNTED.match(rest) or (d == 10 and not is_part)))


def _fraction_of(match: re.Match[str]) -> str:
    """The unit behind a fraction: one half mile, two and a half miles."""
    if not match["unit"]:
        return ""
    is_proper = not match["whole"] and int(match["n"]) < int(match["d"])
    return f" {UNITS[match['unit']][0 if is_proper else 1]}"


def _vulgar(match: re.Match[str]) -> str:
    n, d = _VULGAR[match["v"]]
    whole = match["whole"]
    said = f" {whole} {n}/{d}" if whole else f" {n}/{d}"
    return said + (" " if match.string[match.end() :][:1].isalpha() else "")


def _duration(match: re.Match[str]) -> str:
    """2h30m: hours and minutes, where "30m" alone would be a distance."""
    parts = [
        f"{decimal(match[unit])} {unit if match[unit] == '1' else unit + 's'}"
        for unit in ("day", "hour", "minute", "second")
        if match[unit]
    ]
    if len(parts) < 2:
        return match[0]
    said = " ".join(parts)
    return said.removesuffix(" minutes") if match[0][-1].isdecimal() else said


def _position(match: re.Match[str]) -> str:
    """41°24'12.2"N, a latitude or longitude."""
    parts = (
        f"{decimal(match[unit])} {unit}"
        for unit in ("degrees", "minutes", "seconds")
        if match[unit]
    )
    return " ".join([*parts, _SIDES[match["side"]]])


def _inches(match: re.Match[str]) -> str:
    """27": unless the sign closes a quotation."""
    if len(re.findall(r'(?<!\d)"', match.string[: match.start()])) % 2:
        return match[0]
    by = f" by {decimal(match['b'])}" if match["b"] else ""
    inches = "inch" if is_singular(match) else "inches"
    return f"{match['article'] or ''}{decimal(match['a'])}{by} {inches}"


def _sized(match: re.Match[str]) -> str:
    """3 x 4 is a product; 9x13 and 1920 x 1080 are sizes."""
    width, height, depth = match["a"], match["b"], match["c"]
    is_size = match["sign"] == "x" or re.match(r"[ -](?:inch|foot)", match.string[match.end() :])
    if len(width) <= 2 and len(height) <= 2 and not depth and not is_size:
        return f"{decimal(width)} times {decimal(height)}"
    said = f"{grouped(width)} by {grouped(height)}"
    return f"{said} by {grouped(depth.strip(' x×'))}" if depth else said


# A plural behind a fraction is what was counted, unless it is a measure or no noun.
_COUNTED = re.compile(
    r" (?!(?:cups|teaspoons|tablespoons|ounces|pounds|inches|miles|hours|days|years|times|is|was|as"
    r"|has|this|its|plus|minus|less|equals)\b)[a-z]+s\b"
)
_NUMBERED_PARTS = {
    "fig": "figure", "vol": "volume", "eq": "equation", "sec": "section", "ch": "chapter",
    "pg": "page", "p": "page", "pp": "pages",
}  # fmt: skip
_SIDES = {"N": "North", "S": "South", "E": "East", "W": "West"}
_WHAT = {unit: many for unit, (_, many) in UNITS.items()} | {
    "req": "requests",
    "tok": "tokens",
    "msg": "messages",
    "it": "iterations",
}
_RULES = (
    (
        re.compile(
            rf"(?<![\w.])(?P<short>(?i:{'|'.join(_NUMBERED_PARTS)}))\. ?\(?(?=[\dIVX])(?P<n>\w+)\)?"
        ),
        lambda m: f"{_NUMBERED_PARTS[m['short'].lower()]} {m['n']}",
    ),
    # "2 tsp. of salt": the stop belongs to the unit.
    (re.compile(r"(?<=\d )([Tt]sp|[Tt]bsp|min|sec|hrs?|oz|lbs?|ft)\.(?= [a-z])"), lambda m: m[1]),
    (
        re.compile(
            r"(?<![\w.])(?P<a>\d(?:\.\d+)?)[eE](?P<power>[-−+]?\d{1,3})\b"
            rf"(?: (?P<unit>{either(UNITS)})(?![\w²³^']){PER_UNIT})?"
        ),
        _scientific,
    ),
    (
        re.compile(
            r"(?<![\w.,:$])(?=\d+ ?[dhm]\D{0,3}\d)(?:(?P<day>\d+) ?d)?(?: ?(?P<hour>\d+) ?h)?"
            r"(?: ?(?P<minute>\d+) ?(?:m(?:in)?|(?<=h\d\d)))?(?: ?(?P<second>\d+(?:\.\d+)?) ?s)?\b"
        ),
        _duration,
    ),
    (re.compile(r"(?<=°[CF]) ?/ ?(?=\d+ ?°)"), lambda m: " or "),
    (
        re.compile(rf"{ARTICLE}(?<![\w.'])(?P<a>{NUMBER})(?:\"? ?[x×] ?(?P<b>{NUMBER}))?\""),
        _inches,
    ),
    (re.compile(r"(?<=\d%) ?[-–] ?(?=\d)"), lambda m: " to "),
    (re.compile(r"\b24[/x-]7\b"), lambda m: "twenty-four seven"),
    (re.compile(r"(?<=\w)@(?=\d)"), lambda m: " at "),
    (re.compile(r"(?<=\d) ?(?P<scale>bn|mn|tn)\b(?! ?[€£$])"), lambda m: f" {SCALES[m['scale']]}"),
    (
        re.compile(r"(?<![\w'])(?P<feet>\d{1,3})'(?= (?:tall|high|long|wide|deep)\b)"),
        lambda m: f"{m['feet']} feet",
    ),
    (
        re.compile(
            rf"(?P<degrees>{NUMBER})°(?: ?(?P<minutes>\d+)'(?: ?(?P<seconds>{NUMBER})\")?)?"
            r" ?(?P<side>[NSEW])\b"
        ),
        _position,
    ),
    (re.compile(r"\b9/11\b"), lambda m: "nine eleven"),
    (re.compile(r"\b50[-–]50\b"), lambda m: "fifty fifty"),
    (re.compile(r"(?<=\d)-(?P<word>on|for|in|by|of)-(?=\d)"), lambda m: f" {m['word']} "),
    (re.compile(r"\b(?P<n>\d{3,4})(?P<scan>[pi])\b"), lambda m: f"{grouped(m['n'])} {m['scan']}"),
    (re.compile(r"(?<!\S)>(?=\d)"), lambda m: "more than "),
    (re.compile(r"(?<!\S)<(?=\d)"), lambda m: "less than "),
    (
        re.compile(r"(?P<feet>\d+) ?ft\.? (?P<inches>\d+) ?in\b\.?"),
        lambda m: f"{m['feet']} ft {m['inches']} inches",
    ),
    (re.compile(r"(?P<a>\d ?(?:mm|cm|m|km|in|ft|px)) ?[x×] ?(?=\d)"), lambda m: f"{m['a']} by "),
    (
        re.compile(r"(?<=\d)-to-(?=\d)|(?<=\d(?:st|nd|rd|th)) ?[-–] ?(?=\d+[snrt])"),
        lambda m: " to ",
    ),
    (
        re.compile(r"\b(?P<a>(?P<l>[A-Z]{1,2})\d{1,3}) ?[-–] ?(?=(?P=l)\d)"),
        lambda m: m["a"] + " to ",
    ),
    (
        re.compile(r"(?<![\w.–-])(\d{1,3})[-–](\d{1,3})[-–](\d{1,3})(?![\w–-])"),
        lambda m: ", ".join(map(decimal, m.groups())),
    ),
    (
        re.compile(r"(?<![\w.])(?P<n>\d{1,3}) ?bps\b"),
        lambda m: f"{decimal(m['n'])} basis points",
    ),
    (re.compile(rf"(?P<whole>(?<!\d)\d+)? ?(?P<v>[{''.join(_VULGAR)}])"), _vulgar),
    (re.compile(rf"\((?P<a>{NUMBER})\)(?= ?%)"), lambda m: m["a"]),
    (re.compile(rf"{SIGN}{RANGE} ?%"), lambda m: f"{amount(m)} percent"),
    (
        re.compile(r"(?P<feet>\d)'(?P<inches>\d{1,2})(?:\"|'')"),
        lambda m: f"{cardinal(int(m['feet']))} foot {cardinal(int(m['inches']))}",
    ),
    (
        re.compile(r"\b(?P<a>[1-5]\d\d)/(?P<b>[1-5]\d\d)\b(?![/.]\d)"),
        lambda m: f"{grouped(m['a'])} or {grouped(m['b'])}",
    ),
    (
        re.compile(rf"(?P<a>{NUMBER})/(?P<b>{NUMBER}) ?(?P<unit>[kKMGT]i?B)\b"),
        lambda m: f"{decimal(m['a'])} of {decimal(m['b'])} {UNITS[m['unit']][1]}",
    ),
    (
        re.compile(rf"(?<![\w./])(?P<a>\d+\.\d+)/(?P<b>{NUMBER})(?![\w/])"),
        lambda m: f"{decimal(m['a'])} out of {decimal(m['b'])}",
    ),
    (
        re.compile(
            r"(?<![\w./])(?:(?P<whole>\d+) )?(?P<n>\d{1,3})/(?P<d>[1-9]\d{0,3})(?:rds?|ths?)?"
            r"(?![\w/]|\.\d)"
            rf"(?: (?P<unit>{either(UNITS)})(?![\w/²³^']))?"
        ),
        _plain_fraction,
    ),
    (
        re.compile(rf"(?P<a>{NUMBER})-(?P<unit>{either(u for u in UNITS if len(u) > 1)})\b(?!-)"),
        lambda m: f"{decimal(m['a'])} {UNITS[m['unit']][0]}",
    ),
    (
        re.compile(
            rf"{ARTICLE}{SIGN}{RANGE}(?P<scale> {SCALE})?"
            # "7B" is a model size, "512 B" are bytes; "5 in" and "3 A" stay words.
            rf"(?: ?(?!B\b|b\b)|(?= B\b) )(?P<unit>{either(UNITS)})(?![\w²³^']){PER_UNIT}"
        ),
        _measured,
    ),
    (
        re.compile(r"(?<=\d)/(?P<per>sec|min|hr|hour|day|week|month|year|night|person|user)\b"),
        lambda m: f" per {PER[m['per']]}",
    ),
    (
        re.compile(
            r"(?<![A-Za-z])(?P<what>[A-Za-z]{2,})/(?P<per>s|sec|min|hr?|day|week|month|year)\b(?!/)"
        ),
        lambda m: f"{_WHAT.get(m['what'], m['what'])} per {PER[m['per']]}",
    ),
    (
        re.compile(
            r"(?<![\w.,])(?P<a>\d{1,5})(?P<sign> ?[x×] ?)(?P<b>\d{1,5})(?P<c> ?[x×] ?\d{1,5})?\b"
            r"(?![\^.]\d|\^-)"
        ),
        _sized,
    ),
    (
        re.compile(rf"{SIGN}{RANGE}[x×](?= [a-z]|/[a-z]){PER_UNIT}"),
        lambda m: f"{amount(m)} times{per(m)}",
    ),
    (
        re.compile(r"(?<![\w:.])\d{1,4}(?::\d{1,4}){1,2}(?![\w:])"),
        lambda m: " to ".join(map(decimal, m[0].split(":"))),
    ),
    (
        re.compile(r"\b(?P<n>\d[\d,]{0,20})(?:st|nd|rd|th)\b"),
        lambda m: ordinal(int(m["n"].replace(",", ""))),
    ),
    (
        re.compile(
            rf"(?<![A-Za-z])(?<![A-Za-z]-){SIGN}(?P<a>{NUMBER}) ?[-–—] ?(?P<b>{NUMBER})"
            r"(?P<more>\+?)(?![\w-]|\.\d|\+\d| =)"
        ),
        lambda m: _ranged(m),
    ),
    (re.compile(rf"(?<![\w.)])~ ?(?={NUMBER})"), lambda m: "about "),
    (re.compile(rf"± ?(?={NUMBER})"), lambda m: "plus or minus "),
    (re.compile(rf"(?P<a>{NUMBER})\+(?= |$)"), lambda m: f"{decimal(m['a'])} plus"),
    (re.compile(rf"(?<![\w.])(?P<a>{NUMBER})[kK]\b"), lambda m: f"{decimal(m['a'])} K"),
    (re.compile(rf"(?<![\w.])(?P<a>{NUMBER})M\b"), lambda m: f"{decimal(m['a'])} million"),
    (re.compile(rf"(?<![\w.])(?P<a>{NUMBER})[Bb]\b"), lambda m: f"{decimal(m['a'])} B"),
    (re.compile(r"(?:\b[Nn]o\.|\b[Nn]º\.?|№) ?(?=\d)"), lambda m: "number "),
    (re.compile(r"(?<!\w)#(?=\d)"), lambda m: "number "),
)


def _ranged(match: re.Match[str]) -> str:
    spaced = re.search(r"\d - \.?\d", match[0])
    if spaced and not _value(match["a"]) < _value(match["b"]):
        return match[0]  # "5 - 3" is a subtraction
    return amount(match) + (" plus" if match["more"] else "")


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def read_quantities(text: str) -> str:
    """Replace amounts of something in `text` by words."""
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return text
