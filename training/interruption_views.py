"""Clips as they would reach the judge: window by window, with what was recognised by then.

Voice activity names the sound at its second window of speech; the recogniser is called on the first
0.35 s since the first sound and again as soon as it has answered, and each answer is there as much
later as it took: the processor time of one thread, so that whatever else the machine is doing does
not count.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thinktalk.engines.base import Glimpse
from thinktalk.media.activity import WINDOW_S, WINDOW_SAMPLES, Activity
from thinktalk.media.types import Samples
from thinktalk.session.overhearing import LEAD_S, PRESUMED, READ_FROM_S
from thinktalk.turns.detector import ONSET_WINDOWS, DetectorRules
from thinktalk.turns.onset import first_sound
from thinktalk.turns.overlap import Overlap
from training.interruption_noises import RATE
from training.interruption_set import PLAYED_BEFORE_S, Clip

_LAST_READ_S = 1.2
_READINGS = 2
_SPEECH = DetectorRules().threshold
_STILL_SPEECH, _OVER_WINDOWS = 0.35, 4
Reader = Callable[[Samples, str], Glimpse]


@dataclass(frozen=True, slots=True)
class Reading:
    """Words in the sound up to `heard_s` after the first of it, known `took_s` later."""

    heard_s: float
    took_s: float
    glimpse: Glimpse


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """A clip that was listened to.

    `onset` is the window that voice activity names, None where it does not notice the sound;
    `start` the first sample of the sound, as far as the level tells.
    """

    clip: Clip
    probabilities: npt.NDArray[np.float32]
    onset: int | None
    start: int
    readings: Sequence[Reading]

    @property
    def lag_s(self) -> float:
        """From the first sound to where the level puts it."""
        return self.start / RATE - self.clip.onset_s

    @property
    def first(self) -> int:
        """The window named; for a sound that is not noticed, the one it begins in."""
        return self.onset if self.onset is not None else int(self.clip.onset_s / WINDOW_S)

    @property
    def named_s(self) -> float:
        """From `start` to when voice activity has named it."""
        return (self.first + ONSET_WINDOWS) * WINDOW_S - self.start / RATE

    def since(self, windows: int) -> float:
        """Seconds from `start` to the end of so many windows after the one named."""
        return (self.first + windows) * WINDOW_S - self.start / RATE

    def overlap(self, since_s: float, readings: Sequence[Reading] | None = None) -> Overlap:
        """What is known so long after `start`."""
        first = self.first
        last = int((self.start / RATE + since_s) / WINDOW_S + 1e-6)
        last = min(max(last, first + ONSET_WINDOWS), len(self.probabilities))
        end = last * WINDOW_SAMPLES
        probabilities = self.probabilities[first:last].copy()
        probabilities[:ONSET_WINDOWS] = PRESUMED
        known = [
            reading.glimpse
            for reading in (self.readings if readings is None else readings)
            if reading.heard_s + reading.took_s <= since_s
        ]
        before = round(PLAYED_BEFORE_S * RATE)
        clip = self.clip
        return Overlap(
            samples=clip.heard[max(0, self.start - round(LEAD_S * RATE)) : end],
            speech_probabilities=probabilities,
            late_s=max(0.0, first * WINDOW_S - self.start / RATE),
            text=known[-1].text if known else None,
            readings=known[-1].readings if known else (),
            no_speech=known[-1].no_speech if known else 0.0,
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
    is_speech = probabilities[earliest:] >= _SPEECH
    in_a_row = np.flatnonzero(is_speech[:-1] & is_speech[1:])
    onset = earliest + int(in_a_row[0]) if len(in_a_row) else None
    named = (onset if onset is not None else int(clip.onset_s / WINDOW_S)) * WINDOW_SAMPLES
    start = first_sound(clip.heard, named)
    made = Take(clip, probabilities, onset, start, [])
    readings: list[Reading] = []
    heard_s = max(READ_FROM_S, made.named_s)
    while len(readings) < _READINGS and heard_s < _LAST_READ_S:
        end = int(np.ceil((start / RATE + heard_s) / WINDOW_S - 1e-6)) * WINDOW_SAMPLES
        heard_s = (end - start) / RATE
        heard = clip.heard[max(0, start - round(LEAD_S * RATE)) : end]
        started = time.process_time()
        glimpse = read(heard, clip.language)
        took_s = time.process_time() - started
        readings.append(Reading(heard_s, took_s, glimpse))
        heard_s += max(took_s, 0.15)
    return Take(clip, probabilities, onset, start, readings)
