"""A first look at a few hundred milliseconds, for whoever cannot wait for a good reading.

Whisper's encoder is given 2 s instead of 8, which on so short a clip makes it repeat itself; what
it writes is therefore cut after a few tokens. A prompt of likely words makes up for much of what a
short clip leaves open: without one, "okay" was read as "go ahead". So short a word is often read
wrong and the right one is the second guess, so that several are given.
"""

from __future__ import annotations

import re

from thinktalk.engines.base import Glimpse
from thinktalk.engines.cascade.whisper import Task, Whisper
from thinktalk.media.types import Samples

LONGEST_S = 3.0
_SHORTEST_INPUT_S, _SILENCE_S = 2.0, 1.0
_SEVERAL, _FEWEST_TOKENS, _MOST_TOKENS = 5, 5, 16
_TOKENS_A_SECOND = 10
_SAMPLE_RATE = 16_000
_NO_SPEECH = 0.9
# From the third time on it is no longer what somebody said ("right, right").
_REPEATED = re.compile(r"^(.{2,}?)(?:\s*\1){2,}\s*(.*)$", re.DOTALL)


def glance(whisper: Whisper, samples: Samples, language: str, prompt: str) -> Glimpse:
    """Read at most 3 s in one go; empty where it seems not to be speech.

    Args:
        samples: at 16 kHz.
        language: as Whisper calls it.
        prompt: words that are likely.
    """
    samples = samples[: round(LONGEST_S * _SAMPLE_RATE)]
    duration_s = len(samples) / _SAMPLE_RATE
    input_s = max(_SHORTEST_INPUT_S, round(duration_s + _SILENCE_S))
    max_tokens = min(_MOST_TOKENS, max(_FEWEST_TOKENS, round(_TOKENS_A_SECOND * duration_s)))
    found = whisper.several(
        whisper.encode(samples, input_s),
        Task(language, prompt=prompt),
        count=_SEVERAL,
        max_tokens=max_tokens,
    )
    probabilities: dict[str, float] = {}
    for reading in found:
        text = once(reading.text.strip())
        probabilities[text] = probabilities.get(text, 0.0) + reading.probability
    no_speech = found[0].no_speech_prob
    readings = tuple(sorted(probabilities.items(), key=lambda pair: -pair[1]))
    return Glimpse("" if no_speech >= _NO_SPEECH else readings[0][0], readings, no_speech)


def once(text: str) -> str:
    """Without repetitions, and the rest of one: "Can you? Can you? Can you? Can" is "Can you?"."""
    found = _REPEATED.match(text)
    if found is None:
        return text
    unit, rest = found.groups()
    return unit if unit.startswith(rest) else f"{unit} {rest}"
