"""The report on a voice sample: its numbers, and what in them is a fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from thinktalk.voices.speakers import ONE_SPEAKER

SHORTEST_S, LONGEST_S = 3.0, 60.0
_ENOUGH_S, _BETTER_S = 10.0, 15.0
_LONG_PAUSE_S = 2.0
_LOW_RATE, _LOW_BAND_HZ = 16_000, 6_500.0
_QUIET_DB, _GOOD_SNR_DB = -40.0, 20.0
_MAX_CLIPPED_SHARE, _MAX_OFFSET = 0.0005, 0.01
_MAX_MUSIC_SHARE, _MAX_DECAY_S = 0.15, 0.4

FaultName = Literal[
    "short",
    "pause",
    "low_rate",
    "quiet",
    "noise",
    "clipping",
    "offset",
    "hum",
    "music",
    "reverberation",
    "speakers",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """What would make a better sample; `advice` gives the number and what to do."""

    name: FaultName
    advice: str


@dataclass(frozen=True, slots=True)
class Denoising:
    """The ratio of speech to noise in dB, before and after; None where the speech was lost."""

    snr_before_db: float
    snr_after_db: float | None
    is_used: bool

    def figures(self) -> dict[str, Any]:
        after = None if self.snr_after_db is None else round(self.snr_after_db, 1)
        return {
            "snr_before_db": round(self.snr_before_db, 1),
            "snr_after_db": after,
            "used": self.is_used,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleReport:
    """What was measured.

    Attributes:
        longest_pause_s: the longest stretch without speech.
        source_rate: Hz of the file as sent, 0 where not known.
        bandwidth_hz: where its spectrum ends, whatever its rate.
        speech_db: level of the speech in dBFS, as is `noise_floor_db` of what lies between.
        clipped_share: of samples close to the highest peak.
        offset: mean of the samples where they hardly move.
        hum_hz: 50 or 60 where mains hum is heard, else 0.
        music_share: share of the time in which tones are held.
        decay_s: time of the steeper decays for 60 dB, 0 where not known.
        pitch_hz: median of the voiced frames.
        likeness: cosine between the two least alike parts, None where speakers are told by pitch.
        denoising: what it gained, where it was asked for.
    """

    duration_s: float
    speech_s: float
    longest_pause_s: float
    source_rate: int
    bandwidth_hz: float
    speech_db: float
    noise_floor_db: float
    clipped_share: float
    offset: float
    hum_hz: float
    music_share: float
    decay_s: float
    pitch_hz: float
    likeness: float | None
    has_two_pitches: bool
    denoising: Denoising | None = None

    @property
    def snr_db(self) -> float:
        """Speech over what lies between."""
        return self.speech_db - self.noise_floor_db

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong, the gravest first."""
        return tuple(
            Fault(name, line)
            for name, is_found, line in (*self._of_content(), *self._of_sound())
            if is_found
        )

    @property
    def advice(self) -> tuple[str, ...]:
        """What would make a better sample, in plain words."""
        return tuple(fault.advice for fault in self.faults)

    def figures(self) -> dict[str, Any]:
        """For callers: numbers rounded, faults by name, and the advice."""
        figures: dict[str, Any] = {
            "pitch_hz": round(self.pitch_hz, 1),
            "duration_s": round(self.duration_s, 2),
            "speech_s": round(self.speech_s, 2),
            "longest_pause_s": round(self.longest_pause_s, 2),
            "source_rate": self.source_rate or None,
            "bandwidth_hz": round(self.bandwidth_hz),
            "speech_db": round(self.speech_db, 1),
            "noise_floor_db": round(self.noise_floor_db, 1),
            "snr_db": round(self.snr_db, 1),
            "clipped_share": round(self.clipped_share, 5),
            "offset": round(self.offset, 4),
            "hum_hz": round(self.hum_hz) or None,
            "music_share": round(self.music_share, 2),
            "decay_s": round(self.decay_s, 2) or None,
            "likeness": None if self.likeness is None else round(self.likeness, 2),
            "faults": [fault.name for fault in self.faults],
            "advice": list(self.advice),
        }
        if self.denoising is not None:
            figures["denoising"] = self.denoising.figures()
        return figures

    def _of_content(self) -> tuple[tuple[FaultName, bool, str], ...]:
        alike = "" if self.likeness is None else f" (parts are {self.likeness:.2f} alike)"
        return (
            (
                "speakers",
                self.has_two_pitches or (self.likeness is not None and self.likeness < ONE_SPEAKER),
                f"more than one speaker{alike}: send a sample of one person",
            ),
            (
                "music",
                self.music_share > _MAX_MUSIC_SHARE,
                f"music during {100 * self.music_share:.0f} % of the time: send speech alone",
            ),
            (
                "short",
                self.speech_s < _ENOUGH_S,
                f"{self.speech_s:.1f} s of speech: at least {_BETTER_S:.0f} s gives a better voice",
            ),
            (
                "pause",
                self.longest_pause_s > _LONG_PAUSE_S,
                f"{self.longest_pause_s:.1f} s without speech: cut pauses over "
                f"{_LONG_PAUSE_S:.0f} s out",
            ),
        )

    def _of_sound(self) -> tuple[tuple[FaultName, bool, str], ...]:
        return (
            (
                "noise",
                self.snr_db < _GOOD_SNR_DB,
                f"noise floor {self.noise_floor_db:.0f} dB, {self.snr_db:.0f} dB below the speech: "
                "record in a quiet room or pass denoise",
            ),
            (
                "reverberation",
                self.decay_s > _MAX_DECAY_S,
                f"the room rings on (decay {self.decay_s:.1f} s): record closer to the microphone "
                "or among soft furniture",
            ),
            ("low_rate", self._is_low_rate, self._rate_advice),
            (
                "clipping",
                self.clipped_share > _MAX_CLIPPED_SHARE,
                f"{100 * self.clipped_share:.1f} % of samples clip: lower the gain",
            ),
            (
                "quiet",
                self.speech_db < _QUIET_DB,
                f"speech at {self.speech_db:.0f} dBFS is quiet: raise the gain or come closer",
            ),
            (
                "hum",
                self.hum_hz > 0,
                f"mains hum at {self.hum_hz:.0f} Hz: use another cable, or run on battery",
            ),
            (
                "offset",
                abs(self.offset) > _MAX_OFFSET,
                f"the wave is off centre by {100 * self.offset:.1f} %: check the sound card",
            ),
        )

    @property
    def _is_low_rate(self) -> bool:
        return 0 < self.source_rate < _LOW_RATE or self.bandwidth_hz < _LOW_BAND_HZ

    @property
    def _rate_advice(self) -> str:
        if 0 < self.source_rate < _LOW_RATE:
            return f"{self.source_rate} Hz: record at 24000 Hz or more"
        return (
            f"nothing above {self.bandwidth_hz:.0f} Hz, as over a telephone: "
            "send the first recording, at 24000 Hz or more"
        )
