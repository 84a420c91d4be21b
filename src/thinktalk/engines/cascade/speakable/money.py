"""Prices and sums of money in English words."""

from __future__ import annotations

import re

from thinktalk.engines.cascade.speakable.amounts import (
    ARTICLE,
    PER_UNIT,
    RANGE,
    SCALE,
    SCALES,
    SIGN,
    SIGNS,
    amount,
    is_one,
    is_singular,
    per,
)
from thinktalk.engines.cascade.speakable.numbers import NUMBER, cardinal
from thinktalk.engines.cascade.speakable.units import either

_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"), "R$": ("real", "reais", "", ""),
    "€": ("euro", "euros", "cent", "cents"), "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "sen", "sen"), "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "jeon", "jeon"), "₽": ("ruble", "rubles", "kopek", "kopeks"),
    "₿": ("bitcoin", "bitcoin", "", ""),
}  # fmt: skip
_DOLLARS = {
    "US$": "U-S", "A$": "Australian", "AU$": "Australian", "C$": "Canadian", "CA$": "Canadian",
    "NZ$": "New Zealand", "HK$": "Hong Kong", "S$": "Singapore", "NT$": "Taiwan",
}  # fmt: skip
_CURRENCIES |= {
    sign: (f"{whose} dollar", f"{whose} dollars", "cent", "cents")
    for sign, whose in _DOLLARS.items()
}
_CODES = {
    "USD": ("U-S dollar", "U-S dollars"), "EUR": ("euro", "euros"), "GBP": ("pound", "pounds"),
    "JPY": ("yen", "yen"), "CNY": ("yuan", "yuan"), "CHF": ("Swiss franc", "Swiss francs"),
    "CAD": ("Canadian dollar", "Canadian dollars"), "INR": ("rupee", "rupees"),
    "AUD": ("Australian dollar", "Australian dollars"), "RMB": ("yuan", "yuan"),
}  # fmt: skip


def _money(match: re.Match[str]) -> str:
    one, many, cent, cents = _CURRENCIES[match["currency"]]
    article = match["article"] or ""
    sign = article + SIGNS.get(match["sign"] or "", "")
    singular = is_singular(match)
    scale = match["scale"]
    if scale:
        scale = SCALES.get(scale.strip(), scale.strip())
        name = one if article and singular else many
        return f"{article}{amount(match)} {scale} {name}{per(match)}"
    whole, _, part = match["a"].replace(",", "").partition(".")
    if len(part) == 2 and cent and not match["b"]:
        small = f"{cardinal(int(part))} {cent if part == '01' else cents}" if int(part) else ""
        large = f"{cardinal(int(whole))} {one if whole == '1' else many}" if int(whole or 0) else ""
        if large or small:
            return sign + " and ".join(filter(None, (large, small))) + per(match)
    return f"{article}{amount(match)} {one if singular else many}{per(match)}"


def _coded(match: re.Match[str]) -> str:
    scale = f" {match['scale']}" if match["scale"] else ""
    one, many = _CODES[match["code"]]
    return f"{amount(match)}{scale} {one if is_one(match) and not scale else many}"


_RULES = (
    (
        re.compile(r"(?<!\S)(?P<sign>[<>])(?=[$€£]\d)"),
        lambda m: "more than " if m["sign"] == ">" else "less than ",
    ),
    (re.compile(r"(?P<scale>(?<=\d)[kKMB]) ?[-–] ?(?=[$€£]\d)"), lambda m: f"{m['scale']} to "),
    (re.compile(r"(?<=\d)/(?=1[kKmM]\b)"), lambda m: " per "),
    (
        re.compile(r"(?P<money>[$€£]\d[\d,.]*[kKMB]?)\+(?=\s|$)"),
        lambda m: f"more than {m['money']}",
    ),
    (
        re.compile(
            rf"{ARTICLE}(?P<sign>(?<![\w.)])[-−+~])?(?<![A-Za-z])(?P<currency>{either(_CURRENCIES)})"
            rf" ?(?P<a>{NUMBER})"
            rf"(?: ?[-–—] ?(?P=currency)?(?P<b>{NUMBER}))?"
            rf"(?P<scale> ?{SCALE}\b|(?:bn|mn|tn|[kKMBTmb])\b)?{PER_UNIT}"
        ),
        _money,
    ),
    (
        re.compile(
            rf"{ARTICLE}{SIGN}{RANGE} ?(?P<scale>{SCALE}\b)? ?(?P<currency>[€£¥₹₩₽$]){PER_UNIT}"
        ),
        _money,
    ),
    (
        re.compile(rf"{SIGN}{RANGE}(?: (?P<scale>{SCALE}))? ?(?P<code>{either(_CODES)})\b"),
        _coded,
    ),
    (
        re.compile(rf"\b(?P<code>{either(_CODES)}) {SIGN}{RANGE}(?: (?P<scale>{SCALE}))?\b"),
        _coded,
    ),
)


def read_money(text: str) -> str:
    """Replace sums of money in `text` by words."""
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return text
