"""Mandarin to Kokoro's symbols: characters to syllables by phrase, syllables by their parts.

Tones are those of the dictionary: the model was trained on them and speaks their sandhi by itself.
Source of the symbols: the reference phonemizer of the model, misaki. Knows nothing of sound.
"""

from __future__ import annotations

from functools import cache
from typing import Any

_INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k",
    "k": "kʰ", "h": "x", "j": "ʨ", "q": "ʨʰ", "x": "ɕ", "zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "r": "ɻ",
    "z": "ʦ", "c": "ʦʰ", "s": "s", "": "",
}  # fmt: skip
# "0" is where the tone stands: behind the vowel that carries it.
_FINALS = {
    "a": "a0", "ai": "ai0", "an": "a0n", "ang": "a0ŋ", "ao": "au0", "e": "ɤ0", "ei": "ei0",
    "en": "ə0n", "eng": "ə0ŋ", "er": "ɚ0", "i": "i0", "ia": "ja0", "ian": "jɛ0n", "iang": "ja0ŋ",
    "iao": "jau0", "ie": "je0", "in": "i0n", "ing": "i0ŋ", "iong": "jʊ0ŋ", "iou": "jou0",
    "o": "wo0", "ong": "ʊ0ŋ", "ou": "ou0", "u": "u0", "ua": "wa0", "uai": "wai0", "uan": "wa0n",
    "uang": "wa0ŋ", "uei": "wei0", "uen": "wə0n", "ueng": "wə0ŋ", "uo": "wo0", "ü": "y0",
    "üan": "ɥɛ0n", "üe": "ɥe0", "ün": "y0n", "ê": "ɛ0", "io": "jɔ0",
}  # fmt: skip
_BUZZING = frozenset(("zh", "ch", "sh", "r", "z", "c", "s"))
"""Initials behind which "i" is only their own sound, held."""
_TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}


def words(text: str) -> list[str]:
    """Return the words of `text`, which is Chinese characters only."""
    return list(_pinyin().seg.mmseg.seg.cut(text))


def symbols(text: str) -> str:
    """Return Kokoro's symbols for `text`, which is Chinese characters only."""
    return " ".join(map(_spelled, words(text)))


def _spelled(word: str) -> str:
    pinyin = _pinyin()
    style = pinyin.Style
    initials = pinyin.lazy_pinyin([word], style=style.INITIALS, strict=True, errors="ignore")
    finals = pinyin.lazy_pinyin(
        [word], style=style.FINALS_TONE3, strict=True, errors="ignore", v_to_u=True,
        neutral_tone_with_five=True,
    )  # fmt: skip
    return "".join(map(_syllable, initials, finals))


@cache
def _pinyin() -> Any:
    # Its dictionaries take 60 MB, so only once somebody speaks Chinese.
    import pypinyin
    import pypinyin.seg.mmseg

    return pypinyin


def _syllable(initial: str, final: str) -> str:
    base, tone = (final[:-1], final[-1]) if final[-1:].isdecimal() else (final, "5")
    sound = "ɨ0" if base == "i" and initial in _BUZZING else _FINALS.get(base, "")
    return _INITIALS.get(initial, "") + sound.replace("0", _TONES[tone])
