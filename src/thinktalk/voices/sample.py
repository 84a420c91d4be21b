"""Checks a voice sample: what is wrong with it, in numbers and in plain words.

Knows nothing of synthesisers, and of models only that windows can be judged as speech and that
speakers can be told apart; without either, level and pitch have to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thinktalk.errors import VoiceSampleRefused
from thinktalk.media.activity import SAMPLE_RATE, WINDOW_S, Activity
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio
from thinktalk.voices import catalog, reverberation, speakers, spectrum
from thinktalk.voices.advice import LONGEST_S, SHORTEST_S, Denoising, Fault, SampleReport
from thinktalk.voices.catalog import Voice
from thinktalk.voices.denoising import denoised
from thinktalk.voices.levels import (
    Loudness,
    clipped_share,
    framed,
    loudness,
    offset,
    without_rumble,
)
from thinktalk.voices.pitch import pitches_hz
from thinktalk.voices.speakers import Embed

__all__ = ["LONGEST_S", "SHORTEST_S", "Fault", "SampleChecker", "SampleReport", "check"]

_SILENT_DB = -60.0
_STRICT_RATE = 24_000
# What lies between words may be digital silence: beyond this nothing is gained.
_BEST_SNR_DB, _LEAST_GAIN_DB = 60.0, 3.0
_LEAST_KEPT = 0.8  # of the speech
_VOICED_SHARE = 0.1  # of the 40 ms frames; below it nothing in the sample is a voice


@dataclass(frozen=True, slots=True)
class SampleChecker:
    """Checks samples with whatever is at hand at that moment: models may be pulled later.

    Args:
        find_activity: judges windows as speech; None leaves that to the level.
        find_embed: tells speakers apart; None leaves that to the pitch.
        denoise: takes noise off.
    """

    find_activity: Callable[[], Activity | None] = lambda: None
    find_embed: Callable[[], Embed | None] = lambda: None
    denoise: Callable[[Audio], Audio] = denoised

    def check(self, audio: Audio, *, source_rate: int = 0, strict: bool = False) -> SampleReport:
        """As the function `check`."""
        return check(
            audio,
            source_rate=source_rate,
            strict=strict,
            activity=self.find_activity(),
            embed=self.find_embed(),
        )

    def clean(self, audio: Audio, report: SampleReport) -> tuple[Audio, SampleReport]:
        """The sample without its noise and the report on that, or what was given if it gains less.

        Raises:
            InvalidField: the library for it is not installed.
        """
        try:
            cleaned = self.denoise(audio)
            after = self.check(cleaned, source_rate=report.source_rate)
        except VoiceSampleRefused:  # of the speech, too little was left
            return audio, replace(report, denoising=Denoising(report.snr_db, None, False))
        gain_db = min(after.snr_db, _BEST_SNR_DB) - min(report.snr_db, _BEST_SNR_DB)
        is_used = gain_db >= _LEAST_GAIN_DB and after.speech_s > _LEAST_KEPT * report.speech_s
        denoising = Denoising(report.snr_db, after.snr_db, is_used)
        if is_used:
            return cleaned, replace(after, denoising=denoising)
        return audio, replace(report, denoising=denoising)


def too_long(duration_s: float) -> VoiceSampleRefused:
    """The refusal of a sample of over `LONGEST_S`."""
    return VoiceSampleRefused(
        "Audio.DurationLimitError",
        f"the sample lasts {duration_s:.1f} s; the limit is {LONGEST_S:.0f} s",
    )


def check(
    audio: Audio,
    *,
    source_rate: int = 0,
    strict: bool = False,
    activity: Activity | None = None,
    embed: Embed | None = None,
) -> SampleReport:
    """Measure a sample.

    Args:
        audio: best at 24 kHz: what lies above 12 kHz tells nothing of a voice.
        source_rate: Hz of the file as it was sent, 0 where that is not known.
        strict: refuse files below 24 kHz, as the hosted service does.
    Raises:
        VoiceSampleRefused: too long, too short, silent, or hardly any voice in it.
    """
    if audio.duration_s > LONGEST_S:
        raise too_long(audio.duration_s)
    if strict and 0 < source_rate < _STRICT_RATE:
        message = f"the sample has {source_rate} Hz; at least {_STRICT_RATE} Hz are needed"
        raise VoiceSampleRefused("Audio.AudioRateError", message)
    heard = without_rumble(resample(audio, SAMPLE_RATE))
    loud = loudness(heard, activity)
    _refuse_unusable(loud)
    speech = Audio(framed(heard, WINDOW_S)[loud.is_speech].reshape(-1), SAMPLE_RATE)
    pitches = pitches_hz(speech)
    voiced = pitches[pitches > 0]
    if len(voiced) < _VOICED_SHARE * len(pitches):
        raise _unusable("no voice is heard in the sample")
    tones = spectrum.tones(heard)
    likeness = speakers.likeness(speech, embed) if embed is not None else None
    return SampleReport(
        duration_s=audio.duration_s,
        speech_s=loud.speech_s,
        longest_pause_s=loud.longest_pause_s,
        source_rate=source_rate,
        bandwidth_hz=spectrum.bandwidth_hz(audio),
        speech_db=loud.speech_db,
        noise_floor_db=loud.noise_floor_db,
        clipped_share=clipped_share(audio.samples),
        offset=offset(audio),
        hum_hz=spectrum.hum_hz(tones),
        music_share=spectrum.music_share(tones),
        decay_s=reverberation.decay_s(heard),
        pitch_hz=float(np.median(voiced)),
        likeness=likeness,
        has_two_pitches=likeness is None and speakers.has_two_pitches(pitches),
    )


def closest_voice(report: SampleReport) -> Voice:
    """The stock voice whose pitch is nearest: a match by pitch, not a copy of the voice."""
    return catalog.closest(report.pitch_hz)


def told(report: SampleReport, voice: Voice) -> dict[str, Any]:
    """The report as callers are shown it, saying plainly what was done."""
    return {
        "method": "closest stock voice by pitch; the voice itself is not copied",
        "voice": voice.name,
        **report.figures(),
    }


def _refuse_unusable(loud: Loudness) -> None:
    if loud.loud_db < _SILENT_DB:
        raise _unusable(f"the sample is silent: {loud.loud_db:.0f} dBFS where it is loudest")
    if not loud.is_speech.any():
        raise _unusable("no voice is heard in the sample")
    if loud.speech_s < SHORTEST_S:
        raise _unusable(
            f"the sample holds {loud.speech_s:.1f} s of speech; "
            f"at least {SHORTEST_S:.0f} s are needed"
        )


def _unusable(message: str) -> VoiceSampleRefused:
    return VoiceSampleRefused("Audio.PreprocessError", message)
