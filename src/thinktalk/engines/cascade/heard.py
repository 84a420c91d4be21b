"""What was heard, phrased for the language model: the words, or else what the sound is like.

Of sound without speech only a guess is made, from its spectrum, and the note says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thinktalk.engines import languages
from thinktalk.engines.base import Segment
from thinktalk.media.types import Audio

# Up to here one quotation is easier to read than lines with times.
_ONE_QUOTE_S = 30.0
_PARAGRAPH_S = 20.0
_UNSURE_LOGPROB = -0.7
SILENT_RMS = 10 ** (-60 / 20)
LOOKED_AT_S = 30.0
_REST_S = 1.0  # what lasts no longer is not worth telling apart
_SILENT = "it is silent"
_FRAME = 2048
_NOISE_FLATNESS = 0.2
_TONAL_FLATNESS = 0.02
_CLICK_CREST = 12.0


def heard(segments: Sequence[Segment], audio: Audio, duration_s: float) -> str:
    """A note such as `[audio, 3.2 s, English] "What time is it?"`.

    Args:
        audio: the sound, or its beginning if it is long.
        duration_s: of the whole.
    """
    segments = [segment for segment in segments if segment.text.strip()]
    if not segments:
        return f"[audio, {duration_s:.1f} s] No speech heard: {_unspoken(audio, duration_s)}."
    spoken = list(dict.fromkeys(segment.language for segment in segments))
    names = ", ".join(languages.name(code).title() for code in spoken)
    label = f"[audio, {duration_s:.1f} s, {names}]"
    if duration_s <= _ONE_QUOTE_S:
        return f"{label} {_quoted(segments)}"
    lines = [f"{_clock(part[0].start_s)} {_quoted(part)}" for part in _paragraphs(segments)]
    return "\n".join([label, *lines])


def _unspoken(audio: Audio, duration_s: float) -> str:
    """What it is like; of a long one, that only its beginning was looked at."""
    told = likeness(audio)
    looked_at_s = min(LOOKED_AT_S, audio.duration_s)
    if duration_s - looked_at_s <= _REST_S:
        return told
    first = f"its first {looked_at_s:.0f} s"
    return f"{first} are silent" if told == _SILENT else f"{first}: {told}"


def _quoted(segments: Sequence[Segment]) -> str:
    text = "".join(segment.text for segment in segments).strip()
    seconds = sum(segment.end_s - segment.start_s for segment in segments)
    weighed = sum(s.avg_logprob * (s.end_s - s.start_s) for s in segments)
    is_unsure = seconds > 0 and weighed / seconds < _UNSURE_LOGPROB
    return f'"{text}"' + (" (unsure: hard to hear)" if is_unsure else "")


def _paragraphs(segments: Sequence[Segment]) -> list[list[Segment]]:
    parts: list[list[Segment]] = []
    for segment in segments:
        if parts and segment.start_s - parts[-1][0].start_s < _PARAGRAPH_S:
            parts[-1].append(segment)
        else:
            parts.append([segment])
    return parts


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"[{hours}:{minute:02}:{second:02}]" if hours else f"[{minute}:{second:02}]"


def likeness(audio: Audio) -> str:
    """A guess at what is heard in its first `LOOKED_AT_S`."""
    samples = audio.samples[: round(LOOKED_AT_S * audio.sample_rate)]
    rms = float(np.sqrt(np.mean(samples**2, dtype=np.float64))) if len(samples) else 0.0
    if rms < SILENT_RMS:
        return _SILENT
    if float(np.abs(samples).max()) / rms > _CLICK_CREST:
        return "probably a knock, a click or another short sound"
    power = _spectra(samples, audio.sample_rate)
    if not len(power):
        return "too short to tell what it is"
    # Geometric over arithmetic mean of the power: 1 for white noise, near 0 for pure tones.
    flatness = float(np.median(np.exp(np.log(power).mean(axis=1)) / power.mean(axis=1)))
    if flatness > _NOISE_FLATNESS:
        return "probably noise"
    if flatness > _TONAL_FLATNESS:
        return "some sound, perhaps noise or music"
    strongest = power.argmax(axis=1)
    is_steady = len(np.unique(strongest)) <= 2 and float(power.max(axis=1).std()) < float(
        0.3 * power.max(axis=1).mean()
    )
    return "probably a steady tone" if is_steady else "probably music or tones"


def _spectra(samples: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.float64]:
    """Power of the frames that are not silent, 100 Hz to 6 kHz, shape (num_frames, num_bins)."""
    num_frames = len(samples) // _FRAME
    frames = samples[: num_frames * _FRAME].reshape(num_frames, _FRAME)
    frames = frames[np.sqrt((frames**2).mean(axis=1)) > SILENT_RMS]
    power = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), axis=1)) ** 2
    hertz = np.fft.rfftfreq(_FRAME, 1 / sample_rate)
    return np.asarray(power[:, (hertz > 100) & (hertz < 6000)] + 1e-12, dtype=np.float64)
