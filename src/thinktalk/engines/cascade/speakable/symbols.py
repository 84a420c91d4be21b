"""Characters: what is dropped, what has a name, and which punctuation is left at the end.

Whatever comes in, `polished` returns letters, blanks and plain punctuation only.
"""

# ruff: noqa: SIM905 - long lists of words read better as lines of words

from __future__ import annotations

import re
import unicodedata

from thinktalk.engines.cascade.speakable.numbers import cardinal

_QUOTES = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"',
     "′": "'", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "‐": "-", "‑": "-", "―": "—", "⁄": "/",
     "℃": "°C", "℉": "°F", "♭": " flat", "♯": " sharp",
     "−": "−", "\u00ad": None, "…": "…"}
)  # fmt: skip
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ", "0123456789-+n")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉₋₊", "0123456789-+")
_KEPT = frozenset("½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞°²³µºª…№™Ω")
_GREEK = {
    name.capitalize() if upper else name: unicodedata.lookup(
        f"GREEK {'CAPITAL' if upper else 'SMALL'} LETTER {name.upper()}"
    )
    for name in (
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lamda mu nu xi pi rho sigma tau"
        " upsilon phi chi psi omega"
    ).split()
    for upper in (False, True)
}
_GREEK_SAID = {letter: name.replace("lamda", "lambda").lower() for name, letter in _GREEK.items()}
_LONE_GREEK = re.compile(
    rf"(?<![^\W\d_])[{''.join(_GREEK_SAID)}](?![^\W\d_])"
    rf"|[{''.join(_GREEK_SAID)}](?=[A-Za-z])|(?<=[A-Za-z])[{''.join(_GREEK_SAID)}]"
)

_NAMED = {
    "∞": "infinity", "∑": "sum of", "∏": "product of", "∫": "integral of", "∂": "partial",
    "∈": "in", "∉": "not in", "∆": "delta", "∇": "nabla", "∀": "for all", "∃": "there exists",
    "∩": "intersection", "∪": "union", "⊂": "subset of", "⊆": "subset of", "∅": "empty set",
    "∝": "is proportional to", "≡": "is equivalent to", "¬": "not", "∧": "and", "∨": "or",
    "©": "copyright", "∠": "angle", "∥": "parallel to", "⊥": "perpendicular to",
    "∴": "therefore", "⇌": "in equilibrium with",
}  # fmt: skip
_PAIRS = "|".join("he she his her him hers yes no true false on off pass fail".split())
_OPERAND_BEFORE, _OPERAND_AFTER = r"(?<=[\w)\]²³%])", r"(?=[\w(\[√.$-])"
_MATH = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (
            r"(?<![\w/])([A-Za-z])/([a-z]|\d+)(?![\w/])",
            lambda m: f"{m[1]} over {m[2]}" if "=" in m.string else m[0],
        ),
        (r" ?&+ ?", " and "),
        (r" ?\|\| ?", " or "),
        (r"(?<=\w)\[(\w+)\]", r" \1"),
        (r"(?<![A-Za-z])([fghT])\(([^()]{1,12})\)", r" \1 of \2"),
        (
            r"(?<=[=+×÷√<>/*−-]) ?\(|(?<=[=+×÷√<>/*−-] )\(|\) ?(?=[=+×÷/*])",
            lambda m: " " if "=" in m.string else m[0],
        ),
        (r"(?<=\d)! ?(?=[=+*/])", " factorial "),
        (r"(?<!\w)# ?of\b", "number of"),
        (r"(?<!\w)@ ", "at "),
        (rf"\b({_PAIRS})/({_PAIRS})\b(?!/)", r"\1 or \2"),
        (r"\bO\(([^()]{1,30})\)", r"O of \1"),
        (r" ?± ?", " plus or minus "),
        (r"(?<=[(=√])( ?)[-−](?=[a-z]\b)", r"\1minus "),
        (r"(?<=[\w)])(?:\^2|²)(?!\d)", " squared"),
        (r"(?<=[\w)])(?:\^3|³)(?!\d)", " cubed"),
        (r"\^[-−](?=\w)", " to the power of minus "),
        (r"(?<=[\w)])\^\(?(?=\w)", " to the power of "),
        (r"\s*(?:<=>|<->|↔|⇔)\s*", " is equivalent to "),
        (r"\s*(?:[-=]+>|[→⇒➜➔⟶])\s*", " to "),
        (r"\s*(?:<-+(?= )|<==+|[←⇐])\s*", " from "),
        (r"(?<!\S)(?:>=|≥)(?=[\w.])|^ *(?:>=|≥) ", "at least "),
        (r"(?<!\S)(?:<=|≤)(?=[\w.])|^ *(?:<=|≤) ", "at most "),
        (r" *(?:<=|≤) *", " is at most "),
        (r" *(?:>=|≥) *", " is at least "),
        (
            r" *(?:[!=]==?|≠) *",
            lambda m: " equals " if m[0].strip()[0] == "=" else " is not equal to ",
        ),
        (r"(?<=[\w)]) *≈ *", " is about "),
        (r"≈ *", "about "),
        (rf"{_OPERAND_BEFORE} *= *{_OPERAND_AFTER}", " equals "),
        (rf"(?<=\w) < {_OPERAND_AFTER}", " is less than "),
        (rf"(?<=\w) > {_OPERAND_AFTER}", " is greater than "),
        (rf"{_OPERAND_BEFORE} ?\+ ?{_OPERAND_AFTER}", " plus "),
        (r"(?<=[\d)]) [-−] (?=[\d(a-z])|(?<=squared) [-−] |(?<=cubed) [-−] ", " minus "),
        (r"(?<=\w) − (?=\w)", " minus "),
        (r"(?<=[\w)]) - (?=[\w(])", lambda m: " minus " if " equals " in m.string else m[0]),
        (
            r"(?<=[\w)]) ?[×·⋅] ?(?=[\w(])|(?:(?<=\b\w)|(?<=\d)) \* (?=[\w(])|(?<=\d)\*(?=\d)",
            " times ",
        ),
        (r" *÷ *", " divided by "),
        (r"(?<=[\w)]) / (?=[\w(])", " divided by "),
        (r"√ *", " square root of "),
        (r"∛ *", " cube root of "),
        (rf"[{''.join(_NAMED)}]", lambda m: f" {_NAMED[m[0]]} "),
        (r"(?<=\w)%", " percent "),
        (r"‰", " per thousand "),
        (r"°", " degrees "),
        (r"§§ ?", " sections "),
        (r"§ ?", " section "),
        (r"\band/or\b", "and or"),
        (r"(?<=[^\W\d_])/(?=[^\W\d_])", " slash "),
        (r"[™®℠]", ""),
        (r" \| ", ", "),
    )
)

_FINISH = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"\.{2,}", "…"),
        (r"…+\.?", "…"),
        (r"\s+--+\s+|\s*—+\s*|\s+[–-]\s+", ", "),
        (r"(?<=[^\W\d_])–(?=[^\W\d_])", "-"),
        (r"(?<=[\w%])\s*[(\[]+(?=\s*\w)", ", "),
        (r"[)\]]+(?=\s+\w)", ", "),
        (r"[()\[\]]", " "),
        (r"(?<![^\W_])'|'(?![^\W_])", ""),
        (r"(?<![^\W_])-+|-+(?![^\W_])", " "),
        (r"-{2,}", " "),
        (r"\s+", " "),
        (r" +(?=[.,;:!?…。！？、，；：])|(?<=[。！？、，；：]) +", ""),
        (r"(?<=[.,;:!?…])[,;:]+", ""),
        (r",+(?=[.;:!?…])", ""),
        (r"(?<=[,;:])(?<!\d[,:])(?=[^\W_])|(?<=\d[,:])(?=[^\W\d_])", " "),
        (r"[.]{2,}", "."),
        (r"(?<=[!?:;])\.", ""),
        (r"^[\s,;:.]+(?=[^\W_])", ""),
    )
)
_PUNCTUATION = frozenset(" .,;:!?'-…。！？、，；：।؟،؛")


def cleaned(text: str) -> str:
    """Return `text` with one kind of quote, blank and digit, without what has no sound."""
    text = _EMOTICON.sub("", text.translate(_QUOTES))
    if text.isascii():
        return _CONTROL.sub("", text)
    # Keycap and tag emoji are a base character with marks: drop the whole.
    text = re.sub(r"[0-9#*]\ufe0f?\u20e3", "", text)
    text = text.translate(_SUBSCRIPTS)
    text = re.sub(r"(?<=[\w)])[⁰¹⁴-⁹⁻⁺ⁿ²³][⁰¹²³⁴-⁹ⁿ⁻⁺]*", _power, text)
    return "".join(map(_character, text))


_EMOTICON = re.compile(r"(?<!\S)(?:[:;=]'?-?[()DPpOo/|*]|<3|xD|\^\^)(?=[\s.,!]|$)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def _power(match: re.Match[str]) -> str:
    power = match[0].translate(_SUPERSCRIPTS)
    return match[0] if match[0] in ("²", "³") else f"^{power}"


def _character(character: str) -> str:
    if character in _KEPT or character in "\n\t":
        return character
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Cs", "Co", "Cn") or character in "\ufe0e\ufe0f":
        return ""
    if category == "So" and ord(character) >= 0x2190:
        # Arrows and signs of use in prose are category Sm; these are pictures.
        return "" if ord(character) > 0x2BFF or not "←" <= character <= "⇿" else character
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category[0] not in "LN":
        return " " if category[0] == "Z" else character
    return unicodedata.normalize("NFKC", character)


def read_symbols(text: str) -> str:
    """Replace operators and signs in `text` by English words."""
    for pattern, said in _MATH:
        text = pattern.sub(said, text)
    return _LONE_GREEK.sub(lambda match: f" {_GREEK_SAID[match[0]]} ", text)


def polished(text: str, language: str = "en") -> str:
    """Return `text` reduced to letters, blanks and plain punctuation.

    Digits are left to synthesisers of languages without number words here; none is left in English.
    """
    text = "".join(map(_sayable, text))
    if language == "en":
        text = re.sub(r"\d", lambda m: f" {cardinal(int(m[0]))} ", text)
    for pattern, said in _FINISH:
        text = pattern.sub(said, text)
    text = text.strip()
    return text if any(character.isalnum() for character in text) else ""


def _sayable(character: str) -> str:
    if character.isalpha() or character.isdecimal() or character in _PUNCTUATION:
        return character
    if character in "()[]—–":
        return character
    if unicodedata.category(character) in ("Mn", "Mc"):
        return character
    return "" if character == '"' else " "
