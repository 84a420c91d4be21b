"""Text to the phoneme symbols that Kokoro was trained on.

Punctuation that carries prosody is kept; what has no symbol is dropped. Knows nothing of sound.
Source of the vocabulary: `vocab` in the model's published config.json (hexgrad/Kokoro-82M); of the
spelling of diphthongs and affricates: the model card and its reference phonemizer, misaki.
"""

from __future__ import annotations

import re

from thinktalk.engines.cascade import japanese, mandarin
from thinktalk.engines.cascade.espeak import Espeak
from thinktalk.voices import catalog

VOCABULARY: dict[str, int] = {
    ";": 1, ":": 2, ",": 3, ".": 4, "!": 5, "?": 6, "—": 9, "…": 10, '"': 11, "(": 12, ")": 13,
    "“": 14, "”": 15, " ": 16, "\u0303": 17, "ʣ": 18, "ʥ": 19, "ʦ": 20, "ʨ": 21, "ᵝ": 22, "ꭧ": 23,
    "A": 24, "I": 25, "O": 31, "Q": 33, "S": 35, "T": 36, "W": 39, "Y": 41, "ᵊ": 42, "a": 43,
    "b": 44, "c": 45, "d": 46, "e": 47, "f": 48, "h": 50, "i": 51, "j": 52, "k": 53, "l": 54,
    "m": 55, "n": 56, "o": 57, "p": 58, "q": 59, "r": 60, "s": 61, "t": 62, "u": 63, "v": 64,
    "w": 65, "x": 66, "y": 67, "z": 68, "ɑ": 69, "ɐ": 70, "ɒ": 71, "æ": 72, "β": 75, "ɔ": 76,
    "ɕ": 77, "ç": 78, "ɖ": 80, "ð": 81, "ʤ": 82, "ə": 83, "ɚ": 85, "ɛ": 86, "ɜ": 87, "ɟ": 90,
    "ɡ": 92, "ɥ": 99, "ɨ": 101, "ɪ": 102, "ʝ": 103, "ɯ": 110, "ɰ": 111, "ŋ": 112, "ɳ": 113,
    "ɲ": 114, "ɴ": 115, "ø": 116, "ɸ": 118, "θ": 119, "œ": 120, "ɹ": 123, "ɾ": 125, "ɻ": 126,
    "ʁ": 128, "ɽ": 129, "ʂ": 130, "ʃ": 131, "ʈ": 132, "ʧ": 133, "ʊ": 135, "ʋ": 136, "ʌ": 138,
    "ɣ": 139, "ɤ": 140, "χ": 142, "ʎ": 143, "ʒ": 147, "ʔ": 148, "ˈ": 156, "ˌ": 157, "ː": 158,
    "ʰ": 162, "ʲ": 164, "↓": 169, "→": 171, "↗": 172, "↘": 173, "ᵻ": 177,
}  # fmt: skip

# eSpeak's tied pairs to single symbols, in all languages.
_TIED = (
    ("a^ɪ", "I"), ("a^ʊ", "W"), ("d^z", "ʣ"), ("d^ʒ", "ʤ"), ("e^ɪ", "A"), ("o^ʊ", "O"),
    ("ə^ʊ", "Q"), ("s^s", "S"), ("t^s", "ʦ"), ("t^ʃ", "ʧ"), ("ɔ^ɪ", "Y"),
)  # fmt: skip
_ENGLISH = (
    ("ʔˌn\u0329", "ʔn"), ("ʔn\u0329", "ʔn"), ("ə^l", "ᵊl"), ("n\u0329", "ᵊn"), ("l\u0329", "ᵊl"),
    ("ʲo", "jo"), ("ʲə", "jə"), ("ʲ", ""), ("ɚ", "əɹ"), ("r", "ɹ"), ("x", "k"), ("ç", "k"),
    ("ɐ", "ə"), ("ɬ", "l"), ("\u0303", ""),
)  # fmt: skip
_AMERICAN = (("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪə", "iə"), ("ː", ""), ("ɾ", "T"), ("ʔ", "t"))
_BRITISH = (("e^ə", "ɛː"), ("iə", "ɪə"), ("ʔ", "t"))

# What eSpeak writes in languages that the network did not learn, by its nearest symbol.
_NEAREST = (
    ("ʉ", "u"), ("ɵ", "ø"), ("ʏ", "y"), ("ɘ", "ə"), ("ɫ", "l"), ("ɬ", "l"), ("ɭ", "l"), ("ʑ", "ʒ"),
    ("ʐ", "ʒ"), ("ħ", "h"), ("ɦ", "h"), ("ʕ", "ʔ"), ("ʀ", "ʁ"), ("ɓ", "b"), ("ɗ", "d"), ("ε", "ɛ"),
    ("ʍ", "w"),
)  # fmt: skip

# A mark inside a number is read as a word.
_KEPT_PUNCTUATION = re.compile(r'((?:[;!?—…"“”()]|(?<!\d)[:,.]|[:,.](?!\d))+)')
_SAME_MARKS = str.maketrans("，。！？：；、؟،؛।۔｡", ",.!?:;,?,;...") | {
    ord(mark): " " for mark in "¿¡"
}
# Scripts whose sounds have to be looked up; in them, other scripts are read as English.
_LOOKED_UP = {"ja": japanese.symbols, "zh": mandarin.symbols}
_RUN = re.compile(
    r"(?P<own>[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)"
    r"|[^\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"
)
_LANGUAGE_SWITCH = re.compile(r"\([a-z-]+\)")

LANGUAGES = frozenset({"en", "en-us", "en-gb", "es", "fr", "hi", "it", "ja", "pt", "zh"})
"""What the network learnt to speak."""
LENDERS = catalog.spoken_as()
"""Languages that it never heard to the one whose styles say them best."""


def phonemes(text: str, language: str, espeak: Espeak) -> str:
    """Return symbols of `VOCABULARY` for `text`.

    Args:
        text: as a person would read it aloud.
        language: one of `LANGUAGES` or `LENDERS`.
    """
    pieces = _KEPT_PUNCTUATION.split(text.translate(_SAME_MARKS))
    spoken = ""
    for index, piece in enumerate(pieces):
        if index % 2:
            spoken = spoken.rstrip() + piece
        elif piece.strip():
            spoken += " " * piece[0].isspace() + _words(piece, language, espeak)
            spoken += " " * piece[-1].isspace()
    known = "".join(symbol for symbol in spoken if symbol in VOCABULARY)
    return re.sub(r" {2,}", " ", known).strip()


def token_ids(symbols: str) -> list[int]:
    """Return the model's number for each symbol, without the padding at both ends."""
    return [VOCABULARY[symbol] for symbol in symbols]


def has_words(symbols: str) -> bool:
    """Say whether any of `symbols` is a sound rather than punctuation or stress."""
    return any(symbol.isalpha() and symbol not in "ˈˌːʰʲ" for symbol in symbols)


def _words(text: str, language: str, espeak: Espeak) -> str:
    if look_up := _LOOKED_UP.get(language):
        runs = (
            look_up(run[0]) if run["own"] else _words(run[0], "en-us", espeak)
            for run in _RUN.finditer(text)
        )
        return " ".join(filter(None, runs))
    spelled = _LANGUAGE_SWITCH.sub("", espeak.phonemes(text, language))
    if language.startswith("en"):
        spelled = _replace(spelled, _TIED + _ENGLISH)
        spelled = _replace(spelled, _BRITISH if language == "en-gb" else _AMERICAN)
    else:
        spelled = _replace(spelled, _TIED)
        if language in LENDERS:
            spelled = _replace(spelled, _NEAREST)
    return spelled.replace("^", "").replace("-", "")


def _replace(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for old, new in pairs:
        text = text.replace(old, new)
    return text
