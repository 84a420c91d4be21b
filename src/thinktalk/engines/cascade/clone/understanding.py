"""How well speech is understood: the share of its words that a recogniser hears."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import aclosing
from difflib import SequenceMatcher

from thinktalk.engines.base import RecognizeOptions, Recognizer
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio

_SAMPLE_RATE = 16_000


async def missed_words(recognizer: Recognizer, audio: Audio, phrases: Sequence[str]) -> int:
    """How many words of `phrases`, English and said one after another, are not heard."""
    asked = RecognizeOptions(language="en")
    heard: list[str] = []
    async with aclosing(recognizer.recognize(resample(audio, _SAMPLE_RATE), asked)) as segments:
        async for segment in segments:
            heard += _words(segment.text)
    said = [word for phrase in phrases for word in _words(phrase)]
    matching = SequenceMatcher(a=said, b=heard, autojunk=False).get_matching_blocks()
    return len(said) - sum(block.size for block in matching)


def _words(text: str) -> list[str]:
    return re.sub(r"[^\w' ]", " ", text.lower()).split()
