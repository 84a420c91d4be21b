"""Checks a voice sample: how much speech, how loud, how clean, how high.

Measures by energy and autocorrelation; no model. Knows nothing of synthesisers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from thinktalk.errors import VoiceSampleRefused
from thinktalk.media.types import Audio
from thinktalk.voices import catalog
from thinktalk.voices.catalog import Voice

SHORTEST_S, LONGEST_S, ADVISED_S = 3.0, 60.0, 10.0
_FRAME_S, _PITCH_FRAME_S = 0.02, 0.04
_SILENT_DB, _SPEECH_RANGE_DB = -50.0, 30.0
_CLIPPED = 0.999
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 400.0
_VOICED = 0.5  # normalised autocorrelation from which a frame counts as voiced
_MAX_CLIPPED_SHARE, _GOOD_SNR_DB = 0.001, 20.0


@dataclass(frozen=True, slots=True)
class SampleReport:
    """What was measured. Levels in dBFS; `pitch_hz` is the median of voiced frames, 0 if none."""

    duration_s: float
    speech_s: float
    noise_floor_db: float
    snr_db: float
    clipped_share: float
    pitch_hz: float

    @property
    def advice(self) -> tuple[str, ...]:
        """What would make a better sample, in plain words."""
        lines = []
        if self.speech_s < ADVISED_S:
            lines.append(f"{self.speech_s:.1f} s of speech: {ADVISED_S:.0f} to 20 s are better")
        if self.snr_db < _GOOD_SNR_DB:
            lines.append(
                f"noise floor {self.noise_floor_db:.0f} dB, {self.snr_db:.0f} dB below the speech: "
                "record in a quiet room"
            )
        if self.clipped_share > _MAX_CLIPPED_SHARE:
            lines.append(f"{100 * self.clipped_share:.1f} % of samples clip: lower the gain")
        return tuple(lines)


def too_long(duration_s: float) -> VoiceSampleRefused:
    """The refusal of a sample of over `LONGEST_S`."""
    return VoiceSampleRefused(
        "Audio.DurationLimitError",
        f"the sample lasts {duration_s:.1f} s; the limit is {LONGEST_S:.0f} s",
    )


def check(audio: Audio) -> SampleReport:
    """Measure a sample.

    Raises:
        VoiceSampleRefused: too long, too short, silent, or hardly any voice in it.
    """
    if audio.duration_s > LONGEST_S:
        raise too_long(audio.duration_s)
    levels = _levels_db(audio)
    loud = float(np.percentile(levels, 95)) if len(levels) else -120.0
    if loud < _SILENT_DB:
        raise VoiceSampleRefused("Audio.PreprocessError", "the sample is silent")
    is_speech = levels > loud - _SPEECH_RANGE_DB
    speech_s = float(is_speech.sum()) * _FRAME_S
    if speech_s < SHORTEST_S:
        raise VoiceSampleRefused(
            "Audio.PreprocessError",
            f"the sample holds {speech_s:.1f} s of speech; at least {SHORTEST_S:.0f} s are needed",
        )
    pitch_hz = median_pitch_hz(audio)
    if pitch_hz == 0:
        raise VoiceSampleRefused("Audio.PreprocessError", "no voice is heard in the sample")
    floor = float(np.percentile(levels, 5))
    return SampleReport(
        duration_s=audio.duration_s,
        speech_s=speech_s,
        noise_floor_db=floor,
        snr_db=float(np.median(levels[is_speech])) - floor,
        clipped_share=float(np.mean(np.abs(audio.samples) >= _CLIPPED)),
        pitch_hz=pitch_hz,
    )


def closest_voice(report: SampleReport) -> Voice:
    """The stock voice whose pitch is nearest: a match by pitch, not a copy of the voice."""
    return catalog.closest(report.pitch_hz)


def told(report: SampleReport, voice: Voice) -> dict[str, Any]:
    """The report as callers are shown it, saying plainly what was done."""
    return {
        "method": "closest stock voice by pitch; the voice itself is not copied",
        "voice": voice.name,
        "pitch_hz": round(report.pitch_hz, 1),
        "duration_s": round(report.duration_s, 2),
        "speech_s": round(report.speech_s, 2),
        "noise_floor_db": round(report.noise_floor_db, 1),
        "snr_db": round(report.snr_db, 1),
        "clipped_share": round(report.clipped_share, 5),
        "advice": list(report.advice),
    }


def median_pitch_hz(audio: Audio) -> float:
    """Median fundamental frequency of the voiced frames in Hz; 0 where no frame is voiced."""
    frames = _frames(audio, _PITCH_FRAME_S)
    if not len(frames):
        return 0.0
    energy = np.sqrt((frames**2).mean(1))
    frames = frames[energy > 0.25 * np.percentile(energy, 95)]
    size = frames.shape[1]
    frames = frames - frames.mean(1, keepdims=True)
    # Autocorrelation by FFT, freed of the bias that shrinks longer lags.
    spectra = np.abs(np.fft.rfft(frames, 2 * size, axis=1)) ** 2
    lags = np.fft.irfft(spectra, axis=1)[:, :size]
    lags *= size / (size - np.arange(size))
    lags /= lags[:, :1] + 1e-12
    first = int(audio.sample_rate / _HIGHEST_HZ)
    last = min(int(audio.sample_rate / _LOWEST_HZ), size - 1)
    window = lags[:, first:last]
    strength = window.max(1)
    # The first lag nearly as strong as the best: multiples of the period are as strong as it.
    best = (window >= 0.9 * strength[:, None]).argmax(1) + first
    pitches = audio.sample_rate / best[strength > _VOICED]
    return float(np.median(pitches)) if len(pitches) else 0.0


def _levels_db(audio: Audio) -> npt.NDArray[np.float64]:
    power = (_frames(audio, _FRAME_S).astype(np.float64) ** 2).mean(1)
    return np.asarray(10 * np.log10(power + 1e-12))


def _frames(audio: Audio, length_s: float) -> npt.NDArray[np.float32]:
    size = int(audio.sample_rate * length_s)
    count = len(audio.samples) // size
    return audio.samples[: count * size].reshape(count, size)
