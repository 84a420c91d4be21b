"""Whether a sample says what its client claims. Knows nothing of enrolment."""

from __future__ import annotations

import asyncio
import unicodedata
from collections import Counter
from contextlib import aclosing
from itertools import pairwise

from thinktalk.engines import languages
from thinktalk.engines.base import RecognizeOptions, Recognizer
from thinktalk.errors import VoiceSampleRefused
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio
from thinktalk.serving import transcript

_SAMPLE_RATE = 16_000
# Unrelated sentences of one language share a quarter to a third of their pairs of letters; a
# recogniser that mishears every third word leaves over a half.
_LEAST_ALIKE = 0.4
# What can be compared: fewer pairs tell nothing, and the same words in another script share none.
_FEWEST_PAIRS, _SCRIPT_SHARE = 6, 0.2
_SHOWN_CHARS = 100


async def check_said(
    recognizer: Recognizer, sample: Audio, text: str, *, language: str = ""
) -> None:
    """Compare what is heard with `text`, generously: only another text is found out.

    Args:
        language: what the client says is spoken, a code; empty to have it detected.
    Raises:
        VoiceSampleRefused: something else is said.
    """
    audio = await asyncio.to_thread(resample, sample, _SAMPLE_RATE)
    options = RecognizeOptions(language=languages.code(language))
    async with aclosing(recognizer.recognize(audio, options)) as segments:
        heard = transcript.text([segment async for segment in segments])
    if not is_comparable(heard, text):
        return
    alike = likeness(heard, text)
    if alike < _LEAST_ALIKE:
        shown = heard if len(heard) <= _SHOWN_CHARS else f"{heard[:_SHOWN_CHARS]}..."
        raise VoiceSampleRefused(
            "Audio.PreprocessError",
            f"the sample does not say the given text: heard was {shown!r} ({100 * alike:.0f} % "
            f"alike; at least {100 * _LEAST_ALIKE:.0f} % are needed)",
        )


def is_comparable(one: str, other: str) -> bool:
    """Whether both are long enough, and written in the same way.

    Digits for words, kana for kanji, traditional characters for simplified ones, or Devanagari for
    Urdu say the same and share nothing.
    """
    is_long = all(_pairs(text).total() >= _FEWEST_PAIRS for text in (one, other))
    return is_long and _writing(one) == _writing(other)


def likeness(one: str, other: str) -> float:
    """The share of pairs of neighbouring letters that two texts have in common, in [0, 1]."""
    pairs, others = _pairs(one), _pairs(other)
    total = pairs.total() + others.total()
    return 2 * (pairs & others).total() / total if total else 0.0


def _pairs(text: str) -> Counter[str]:
    # Figures are left out: one writes digits where another writes words.
    letters = [sign for sign in _signs(text) if sign.isalpha()]
    return Counter(a + b for a, b in pairwise(letters))


def _writing(text: str) -> set[str]:
    """The scripts that make up a fifth or more of a text; digits count as one."""
    signs = _signs(text)
    scripts = Counter(map(_script, signs))
    found = {name for name, count in scripts.items() if count >= _SCRIPT_SHARE * len(signs)}
    ideographs = [sign for sign in signs if _script(sign) == "CJK"]
    for charset, other in (("gb2312", "big5"), ("big5", "gb2312")):
        if any(_is_in(charset, sign) and not _is_in(other, sign) for sign in ideographs):
            found.add(charset)
    return found


def _signs(text: str) -> list[str]:
    return [sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum()]


def _script(sign: str) -> str:
    return unicodedata.name(sign, "").split(" ")[0] if sign.isalpha() else "DIGIT"


def _is_in(charset: str, sign: str) -> bool:
    """gb2312 holds simplified characters, big5 traditional ones, and both what is neither."""
    return bool(sign.encode(charset, "ignore"))
