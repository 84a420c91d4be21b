"""Clips as they would reach the judge: window by window, with what was recognised by then.

Voice activity finds the onset; the recogniser is called on the first 0.32 s after it and again as
soon as it has answered, and each answer is there as much later as it took: the processor time of
one thread, so that whatever else the machine is doing does not count.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thinktalk.media.activity import WINDOW_S, WINDOW_SAMPLES, Activity
from thinktalk.media.types import Samples
from thinktalk.turns.overlap import Overlap
from training.interruption_noises import RATE
from training.interruption_set import PLAYED_BEFORE_S, Clip

FIRST_READ_S = 0.32
LEAD_S = 0.3  # of what is heard before the onset, that the recogniser is given
_LAST_READ_S = 1.2
_READINGS = 2
_SPEECH = 0.5
_STILL_SPEECH, _OVER_WINDOWS = 0.35, 4
Reader = Callable[[Samples, str], str]


@dataclass(frozen=True, slots=True)
class Reading:
    """Words in the sound up to `heard_s` after the onset, known `took_s` later."""

    heard_s: float
    took_s: float
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """A clip that was listened to.

    `onset` is the window that voice activity names, None where it does not notice the sound.
    """

    clip: Clip
    probabilities: npt.NDArray[np.float32]
    onset: int | None
    readings: Sequence[Reading]

    @property
    def lag_s(self) -> float:
        """From the first sound to the onset as it is named."""
        return (self.onset or 0) * WINDOW_S - self.clip.onset_s

    def overlap(self, duration_s: float, readings: Sequence[Reading] | None = None) -> Overlap:
        """What is known so long after the named onset; of the true one where none is named."""
        first = self.onset if self.onset is not None else int(self.clip.onset_s / WINDOW_S)
        last = min(first + round(duration_s / WINDOW_S), len(self.probabilities))
        end = last * WINDOW_SAMPLES
        probabilities = self.probabilities[first:last]
        known = [
            reading.text
            for reading in (self.readings if readings is None else readings)
            if reading.heard_s + reading.took_s <= duration_s
        ]
        before = round(PLAYED_BEFORE_S * RATE)
        clip = self.clip
        return Overlap(
            samples=clip.heard[max(0, first * WINDOW_SAMPLES - 4800) : end],
            speech_probabilities=probabilities,
            text=known[-1] if known else None,
            language=clip.language,
            assistant_text=clip.assistant_text(end / RATE),
            assistant_samples=clip.played[: before + end] if clip.is_played_known else None,
            is_over=len(probabilities) > _OVER_WINDOWS
            and bool((probabilities[-_OVER_WINDOWS:] < _STILL_SPEECH).all()),
        )


def take(clip: Clip, activity: Activity, read: Reader) -> Take:
    """Listen to `clip`."""
    probabilities = activity.probabilities(clip.heard)
    earliest = max(0, int(clip.onset_s / WINDOW_S) - 1)
    speech = np.flatnonzero(probabilities[earliest:] >= _SPEECH)
    onset = earliest + int(speech[0]) if len(speech) else None
    first = onset if onset is not None else int(clip.onset_s / WINDOW_S)
    start = first * WINDOW_SAMPLES
    readings: list[Reading] = []
    heard_s = FIRST_READ_S
    while len(readings) < _READINGS and heard_s < _LAST_READ_S:
        heard = clip.heard[max(0, start - round(LEAD_S * RATE)) : start + round(heard_s * RATE)]
        started = time.process_time()
        text = read(heard, clip.language)
        took_s = time.process_time() - started
        readings.append(Reading(heard_s, took_s, text))
        heard_s += max(took_s, 0.15)
    return Take(clip, probabilities, onset, readings)
