"""How loud a sample is, where somebody speaks in it, and how far the noise lies below.

Knows nothing of files. Where silero's judgement of windows is at hand, speech is what both it and
the level say; without, the level alone decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from thinktalk.media.activity import WINDOW_S, Activity
from thinktalk.media.types import Audio, Samples

Levels = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_NOTHING_DB = -120.0
_SPEECH_RANGE_DB = 30.0
_IS_SPEECH = 0.5
_JUDGED_AT = 0.1  # RMS of loud windows that voice activity is asked about
_WORD_GAP_S = 0.3  # shorter gaps belong to the speech around them
_FADE_WINDOWS = 4  # next to speech, in which it fades away: no measure of noise
_FEW_WINDOWS = 16
_RUMBLE_HZ = (10.0, 40.0)
# Near the highest peak: speech spends next to no time there, clipped sound much.
_NEAR_PEAK = 0.97


@dataclass(frozen=True, slots=True, eq=False)
class Loudness:
    """Windows of 32 ms: `levels_db` in dBFS, `is_speech`; `loud_db` is what 5 % exceed."""

    levels_db: Levels
    is_speech: Flags
    loud_db: float

    @property
    def speech_s(self) -> float:
        return float(_closed(self.is_speech, round(_WORD_GAP_S / WINDOW_S)).sum()) * WINDOW_S

    @property
    def longest_pause_s(self) -> float:
        """The longest stretch without speech, at the ends too."""
        edges = np.flatnonzero(np.diff(np.r_[True, self.is_speech, True].astype(np.int8)))
        gaps = edges[1::2] - edges[::2]
        return float(gaps.max(initial=0)) * WINDOW_S

    @property
    def noise_floor_db(self) -> float:
        """Level between the words: of the quieter windows, well away from speech."""
        near = np.convolve(self.is_speech, np.ones(2 * _FADE_WINDOWS + 1), "same") > 0
        apart = self.levels_db[~near]
        if len(apart) >= _FEW_WINDOWS:
            return float(np.percentile(apart, 30))
        return float(np.percentile(self.levels_db, 5)) if len(self.levels_db) else _NOTHING_DB

    @property
    def speech_db(self) -> float:
        """Level of the speech, by its mean power; the floor's where there is none."""
        if not self.is_speech.any():
            return self.noise_floor_db
        return float(10 * np.log10(np.mean(10 ** (self.levels_db[self.is_speech] / 10))))


def loudness(audio: Audio, activity: Activity | None) -> Loudness:
    """Measure `audio`, which is at 16 kHz."""
    levels = levels_db(audio, WINDOW_S)
    loud = float(np.percentile(levels, 95)) if len(levels) else _NOTHING_DB
    is_speech = levels > loud - _SPEECH_RANGE_DB
    if activity is not None and loud > _NOTHING_DB:
        louder = audio.samples * np.float32(_JUDGED_AT / 10 ** (loud / 20))
        probabilities = activity.probabilities(np.clip(louder, -1, 1))[: len(levels)]
        is_speech &= probabilities > _IS_SPEECH
    return Loudness(levels, is_speech, loud)


def levels_db(audio: Audio, length_s: float) -> Levels:
    """Power of each `length_s` in dBFS, at least -120; shape (num_frames,)."""
    power = (framed(audio, length_s).astype(np.float64) ** 2).mean(1)
    return np.asarray(10 * np.log10(power + 1e-12))


def framed(audio: Audio, length_s: float) -> npt.NDArray[np.float32]:
    """Frames side by side, shape (num_frames, length); what is left over is dropped."""
    size = round(audio.sample_rate * length_s)
    count = len(audio.samples) // size
    return audio.samples[: count * size].reshape(count, size)


def without_rumble(audio: Audio) -> Audio:
    """Without what lies below hearing: fully off below 10 Hz, untouched from 40 Hz on.

    Speech may push the air to one side, so that taking its mean off would fill the pauses.
    """
    size = len(audio.samples)
    if not size:
        return audio
    spectrum = np.fft.rfft(audio.samples)
    hertz = np.fft.rfftfreq(size, 1 / audio.sample_rate)
    spectrum *= np.clip((hertz - _RUMBLE_HZ[0]) / (_RUMBLE_HZ[1] - _RUMBLE_HZ[0]), 0, 1)
    return Audio(np.fft.irfft(spectrum, size).astype(np.float32), audio.sample_rate)


def offset(audio: Audio) -> float:
    """Where the wave is centred, told from the 20 % of windows in which it moves least."""
    frames = framed(audio, WINDOW_S)
    swing = frames.std(1)
    return float(frames[swing <= np.percentile(swing, 20)].mean())


def clipped_share(samples: Samples) -> float:
    """Share of samples within 3 % of the highest peak, the more crowded side counted twice.

    Resampling and codecs leave ripples where the tops were cut flat, so that an exact ceiling is
    not to be found; and gain that was lowered later does not undo the cut.
    """
    sides = [np.mean(side >= _NEAR_PEAK * side.max()) for side in (samples, -samples)]
    return float(2 * max(sides))


def _closed(flags: Flags, gap: int) -> Flags:
    """With gaps of up to `gap` between what is set filled in."""
    places = np.flatnonzero(flags)
    filled = flags.copy()
    for before, after in pairwise(places):
        if after - before - 1 <= gap:
            filled[before:after] = True
    return filled
