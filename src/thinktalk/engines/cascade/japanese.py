"""Japanese text to kana as it is pronounced, and kana to Kokoro's symbols.

IPADIC, the dictionary, knows words one by one; what numbers and their counters do to each other is
here. Source of the symbols: the reference phonemizer of the model, misaki. Knows nothing of sound.
"""

# ruff: noqa: SIM905 - long lists of words read better as lines of words

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import Any

_NUMERALS = "一二三四五六七八九十百千万億兆零〇何"
# What the dictionary reads in a rarer way than people do.
_WORDS = {
    "日本": "ニホン", "他": "ホカ", "大勢": "オーゼー", "〇": "ゼロ", "零": "ゼロ", "私": "ワタシ",
    "明日": "アシタ",
}  # fmt: skip
_READ_AS = {
    "一人": "ヒトリ", "二人": "フタリ", "二日": "フツカ", "三日": "ミッカ", "四日": "ヨッカ",
    "五日": "イツカ", "六日": "ムイカ", "七日": "ナノカ", "八日": "ヨウカ", "九日": "ココノカ",
    "十日": "トオカ", "二十日": "ハツカ", "十四日": "十ヨッカ", "二十四日": "二十ヨッカ",
    "二十歳": "ハタチ",
}  # fmt: skip
_COUNTED = re.compile(
    rf"(?<![{_NUMERALS}])(?:{'|'.join(sorted(_READ_AS, key=len, reverse=True))})"
    r"|(?<=月)一日(?!間)"
)
_BEFORE = {
    ("四", "時"): "ヨ", ("四", "年"): "ヨ", ("四", "人"): "ヨ", ("四", "円"): "ヨ",
    ("四", "月"): "シ", ("七", "時"): "シチ", ("七", "月"): "シチ", ("九", "時"): "ク",
    ("九", "月"): "ク",
}  # fmt: skip
# Counters whose first consonant changes with the number, and numbers that shorten before them.
_CHANGING = frozenset(
    "百 千 分 本 匹 杯 泊 票 回 個 階 軒 冊 歳 才 点 頭 足 通 か月 ヶ月 カ月".split()
)
_SHORTENED = {
    "一": ("イッ", "カサタハ"), "六": ("ロッ", "カハ"), "八": ("ハッ", "カサタハ"),
    "十": ("ジュッ", "カサタハ"), "百": ("ヒャッ", "カハ"),
}  # fmt: skip
_AFTER_THREE = {"百": "ビャク", "千": "ゼン", "本": "ボン", "匹": "ビキ", "杯": "バイ",
                       "階": "ガイ", "軒": "ゲン", "分": "プン", "泊": "パク"}  # fmt: skip
_AFTER_NAN = "タチツテトダデドナニヌネノジ"
_ROWS = {"カ": "カキクケコ", "サ": "サシスセソ", "タ": "タチツテト", "ハ": "ハヒフヘホ"}
_KATAKANA = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}
_ASPIRATED = str.maketrans("ハヒフヘホ", "パピプペポ")

_VOWELS = dict(zip("アイウエオァィゥェォ", "aiɯeoaiɯeo", strict=True))
_SMALL_Y = {"ャ": "a", "ュ": "ɨ", "ョ": "o"}
_CONSONANTS = {
    "k": "カキクケコ", "ɡ": "ガギグゲゴ", "s": "サシスセソ", "ʣ": "ザジズゼゾ", "t": "タチツテト",
    "d": "ダヂヅデド", "n": "ナニヌネノ", "h": "ハヒフヘホ", "b": "バビブベボ", "p": "パピプペポ",
    "m": "マミムメモ", "ɾ": "ラリルレロ",
}  # fmt: skip
_SYMBOLS = {kana: _VOWELS[kana] for kana in "アイウエオァィゥェォ"}
_SYMBOLS |= {
    kana: consonant + vowel
    for consonant, row in _CONSONANTS.items()
    for kana, vowel in zip(row, "aiɯeo", strict=True)
}
_SYMBOLS |= {
    "シ": "ɕi", "ス": "sɨ", "ジ": "ʥi", "ズ": "zɨ", "チ": "ʨi", "ツ": "ʦɨ", "ヂ": "ʥi", "ヅ": "zɨ",
    "ニ": "ɲi", "ヒ": "çi", "フ": "ɸɯ", "ヤ": "ja", "ユ": "jɯ", "ヨ": "jo", "ワ": "βa", "ヲ": "o",
    "ヴ": "vɯ", "ッ": "ʔ", "ー": "ː", "ャ": "ja", "ュ": "jɯ", "ョ": "jo",
    "ヮ": "βa", "ヰ": "i", "ヱ": "e",
}  # fmt: skip
_SYMBOLS |= {kana: _SYMBOLS[kana][0] + "ʲi" for kana in "キギビピミリ"}
_MORA = re.compile(r"([ァ-ヺ])([ァィゥェォャュョ])?|ー")
_NASALS = (("mpb", "m"), ("kɡ", "ŋ"), ("ɲʨʥ", "ɲ"), ("ntdɾz", "n"))


def words(text: str) -> list[str]:
    """Return the words of `text` in katakana as they are pronounced; others as they are."""
    text = _COUNTED.sub(lambda match: _READ_AS.get(match[0], "ツイタチ"), text)
    tokens = _tokenizer().tokenize(text)
    kana = [_pronounced(token) for token in tokens]
    for index, (before, after) in enumerate(pairwise(token.surface for token in tokens)):
        if before[-1] in _NUMERALS:
            kana[index : index + 2] = _counted(before[-1], after, kana[index], kana[index + 1])
    return kana


def symbols(text: str) -> str:
    """Return Kokoro's symbols for `text`, which is kana and kanji only."""
    # A stop is held into the next word: it is none of its own.
    return re.sub(" ?ʔ ?", "ʔ", " ".join(filter(None, map(_spelled, words(text)))))


def _spelled(kana: str) -> str:
    spelled = ""
    for match in _MORA.finditer(kana):
        whole, small = match[1] or "ー", match[2]
        spelled += "ɴ" if whole == "ン" else _mora(whole, small)
    for following, nasal in _NASALS:
        spelled = re.sub(f"ɴ(?=[{following}])", nasal, spelled)
    return spelled


@cache
def _tokenizer() -> Any:
    # Takes 0.2 s and 90 MB, so only once somebody speaks Japanese.
    import lindera

    builder = lindera.TokenizerBuilder()
    builder.set_mode("normal")
    builder.set_dictionary("embedded://ipadic")
    return builder.build()


def _pronounced(token: Any) -> str:
    surface, details = str(token.surface), list(token.details)
    if surface in _WORDS:
        return _WORDS[surface]
    kana = str(details[8]) if len(details) > 8 else "*"
    if kana == "オコナッ":
        return "イッ"  # 行った is written the same and far more frequent
    # What is not in the dictionary, or is a sign, is read as it stands.
    return surface.translate(_KATAKANA) if kana == "*" else kana


def _counted(number: str, counter: str, before: str, after: str) -> tuple[str, str]:
    """Pronounce `number` and what it counts, which are `before` and `after` each alone."""
    if number == "何":
        return "ナン" if after[0] in _AFTER_NAN or counter in _CHANGING else before, after
    if (number, counter) in _BEFORE:
        return _BEFORE[number, counter], after
    if counter not in _CHANGING:
        return before, after
    if number == "三" or (number, counter) == ("四", "分"):
        return before, _AFTER_THREE.get(counter, after)
    short, rows = _SHORTENED.get(number, (before, ""))
    row = next((row for row in rows if after[0] in _ROWS[row]), None)
    if row is None:
        return before, after
    return short, after[0].translate(_ASPIRATED) + after[1:]


def _mora(kana: str, small: str | None) -> str:
    plain = _SYMBOLS.get(kana, "")
    if not small:
        return plain
    consonant = plain.rstrip("aiɯeoɨ")
    if small in _SMALL_Y:
        palatal = (
            consonant if consonant in ("ɕ", "ʥ", "ʨ", "ɲ", "ç") else consonant.rstrip("ʲ") + "ʲ"
        )
        return palatal + _SMALL_Y[small]
    if kana in "クグ":
        return f"{consonant}ᵝ{_VOWELS[small]}"
    if kana == "ウ":
        return f"β{_VOWELS[small]}"
    if small == "ィ" and kana in "テデ":
        return f"{consonant}ʲi"
    return consonant + _VOWELS[small]
