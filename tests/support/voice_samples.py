"""Recordings that pass for speech, made in code."""

from __future__ import annotations

import numpy as np

from support.media_files import audio_file


def spoken(duration_s: float, sample_rate: int = 24_000, *, pitch_hz: float = 120.0) -> bytes:
    """Harmonics of a wandering pitch in syllables, as a WAV file."""
    time_s = np.arange(round(duration_s * sample_rate)) / sample_rate
    wander = pitch_hz + pitch_hz / 6 * np.sin(2 * np.pi * 0.7 * time_s)
    phase = 2 * np.pi * np.cumsum(wander) / sample_rate
    voice = sum(np.sin(k * phase) / k for k in range(1, 12))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * time_s)
    return audio_file(np.asarray(0.15 * voice * syllables, np.float32), sample_rate)
