"""Whether a sample says what its client claims. Knows nothing of enrolment."""

from __future__ import annotations

import unicodedata
from collections import Counter
from contextlib import aclosing
from itertools import pairwise

from thinktalk.engines.base import RecognizeOptions, Recognizer
from thinktalk.errors import VoiceSampleRefused
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio
from thinktalk.serving import transcript

_SAMPLE_RATE = 16_000
# Unrelated sentences of one language share a quarter to a third of their pairs of letters; a
# recogniser that mishears every third word leaves over a half.
_LEAST_ALIKE = 0.4
_SHOWN_CHARS = 100


async def check_said(recognizer: Recognizer, sample: Audio, text: str) -> None:
    """Compare what is heard with `text`, generously: only another text is found out.

    Raises:
        VoiceSampleRefused: something else is said.
    """
    audio = resample(sample, _SAMPLE_RATE)
    async with aclosing(recognizer.recognize(audio, RecognizeOptions())) as segments:
        heard = transcript.text([segment async for segment in segments])
    alike = likeness(heard, text)
    if heard and alike < _LEAST_ALIKE:
        shown = heard if len(heard) <= _SHOWN_CHARS else f"{heard[:_SHOWN_CHARS]}..."
        raise VoiceSampleRefused(
            "Audio.PreprocessError",
            f"the sample does not say the given text: heard was {shown!r} ({100 * alike:.0f} % "
            f"alike; at least {100 * _LEAST_ALIKE:.0f} % are needed)",
        )


def likeness(one: str, other: str) -> float:
    """The share of pairs of neighbouring letters that two texts have in common, in [0, 1]."""
    pairs, others = _pairs(one), _pairs(other)
    total = pairs.total() + others.total()
    return 2 * (pairs & others).total() / total if total else 0.0


def _pairs(text: str) -> Counter[str]:
    letters = [sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum()]
    return Counter(a + b for a, b in pairwise(letters))
