"""A first reading of a few hundred milliseconds, for whoever cannot wait for a good one.

Whisper's encoder is given 4 s instead of 8, which on so short a clip makes it repeat itself; what
it writes is therefore cut after a few tokens. A prompt of likely words makes up for much of what a
short clip leaves open: without one, "okay" was read as "go ahead".
"""

from __future__ import annotations

import re

from thinktalk.engines.cascade.whisper import Task, Whisper
from thinktalk.media.types import Samples

LONGEST_S = 3.0
_INPUT_S = 4.0
_FEWEST_TOKENS, _TOKENS_A_SECOND = 5, 10
_SAMPLE_RATE = 16_000
_NO_SPEECH = 0.6
# From the third time on it is no longer what somebody said ("right, right").
_REPEATED = re.compile(r"^(.{2,}?)(?:\s*\1){2,}.*$", re.DOTALL)


def glance(whisper: Whisper, samples: Samples, language: str, prompt: str) -> str:
    """Read at most 3 s in one go; empty where it seems not to be speech.

    Args:
        samples: at 16 kHz.
        language: as Whisper calls it.
        prompt: words that are likely.
    """
    clip = whisper.encode(samples[: round(LONGEST_S * _SAMPLE_RATE)], _INPUT_S)
    max_tokens = _FEWEST_TOKENS + round(_TOKENS_A_SECOND * clip.duration_s)
    [reading] = whisper.decode([clip], [Task(language, prompt=prompt)], max_tokens=max_tokens)
    return "" if reading.no_speech_prob >= _NO_SPEECH else once(reading.text.strip())


def once(text: str) -> str:
    """Without the repetitions that a short clip leads to: "Can you? Can you? Can" is "Can you?"."""
    return _REPEATED.sub(r"\1", text)
