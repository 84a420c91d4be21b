"""A sound that the user makes while the assistant speaks, and its traits as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thinktalk.media.activity import SAMPLE_RATE, WINDOW_S, WINDOW_SAMPLES
from thinktalk.media.types import Samples
from thinktalk.turns import acoustics, echo, phrases

_SPEECH = 0.5
_LONGEST_S = 2.0  # what sounds later adds nothing to what it is
_SMALL = 1e-6
_UNSAID = 0.02  # share of what none of the readings says
_USES: tuple[phrases.Use, ...] = ("backchannel", "bid", "opening", "answer", "other")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overlap:
    """What is known of the sound by now.

    Attributes:
        samples: at 16 kHz, since some 0.3 s before the onset, up to the end of the last window.
        speech_probabilities: silero's, one for each 32 ms since it named the sound.
        late_s: so much earlier the sound began.
        text: what has been recognised of it so far; None while nothing has been tried, empty where
            there are no words in it.
        readings: that and what else it may have been, each with its probability; empty where only
            one is known.
        no_speech: how likely the recogniser thinks it that there are no words.
        language: of `text`, or of the conversation; ISO 639-1.
        assistant_text: the last words of the assistant that the user has heard.
        assistant_samples: what was being played, at 16 kHz, up to the same moment as `samples`;
            best from 0.6 s before their start, since echo comes late.
        is_over: the sound has ended.
    """

    samples: Samples
    speech_probabilities: npt.NDArray[np.float32]
    late_s: float = 0.0
    text: str | None = None
    readings: Sequence[tuple[str, float]] = ()
    no_speech: float = 0.0
    language: str | None = None
    assistant_text: str = ""
    assistant_samples: Samples | None = None
    is_over: bool = False

    @property
    def duration_s(self) -> float:
        """Since the first sound."""
        return self.late_s + len(self.speech_probabilities) * WINDOW_S

    @property
    def onset(self) -> int:
        """Number of the first sample that belongs to the sound."""
        return max(0, len(self.samples) - round(self.duration_s * SAMPLE_RATE))


def traits(overlap: Overlap) -> dict[str, float]:
    """Numbers for a classifier, by name."""
    onset = overlap.onset
    end = onset + round(_LONGEST_S / WINDOW_S) * WINDOW_SAMPLES
    is_known = overlap.assistant_samples is not None
    explained = 0.0
    if overlap.assistant_samples is not None:
        explained = echo.explained(overlap.samples[onset:], overlap.assistant_samples)
    return {
        "duration": min(overlap.duration_s, _LONGEST_S),
        "late": min(overlap.late_s, _LONGEST_S),
        "is_over": float(overlap.is_over),
        "echo_known": float(is_known),
        "echo": explained,
        **_activity(overlap.speech_probabilities),
        **acoustics.measure(overlap.samples[:end], onset),
        **_wording(overlap),
    }


def _activity(probabilities: npt.NDArray[np.float32]) -> dict[str, float]:
    if not len(probabilities):
        return dict.fromkeys(
            ("speech_s", "speech_mean", "speech_max", "speech_last", "speech_spread", "quiet_s"),
            0.0,
        )
    is_speech = np.flatnonzero(probabilities > _SPEECH)
    last = int(is_speech[-1]) + 1 if len(is_speech) else 0
    return {
        "speech_s": min(len(is_speech) * WINDOW_S, _LONGEST_S),
        "speech_mean": float(probabilities.mean()),
        "speech_max": float(probabilities.max()),
        "speech_last": float(probabilities[-3:].mean()),
        "speech_spread": float(probabilities.std()),
        "quiet_s": min((len(probabilities) - last) * WINDOW_S, 0.5),
    }


def _wording(overlap: Overlap) -> dict[str, float]:
    asked = float(phrases.is_question(overlap.assistant_text))
    text = overlap.text or ""
    reading = phrases.read(text, overlap.language)
    begins = {f"begins_{use}": float(reading.first == use) for use in _USES}
    shares = {f"share_{use}": reading.shares.get(use, 0.0) for use in _USES}
    return {
        "asked": asked,
        "text_known": float(overlap.text is not None),
        "text_empty": float(overlap.text is not None and not reading.num_words),
        "words": float(np.log1p(reading.num_words)),
        "letters": float(np.log1p(len(text))),
        "answers": asked * reading.answer,
        "asks": float(reading.asks),
        "only_listens": float(reading.shares.get("backchannel") == 1),
        "repeated": phrases.repeated(text, overlap.assistant_text),
        **begins,
        **shares,
        **_guesses(overlap, asked),
    }


def _guesses(overlap: Overlap, asked: float) -> dict[str, float]:
    """What all readings together say it is, each counted as much as it is likely."""
    readings = overlap.readings or ([(overlap.text, 1.0)] if overlap.text is not None else [])
    total = sum(probability for _, probability in readings) + _SMALL
    asks = listens = answers = empty = 0.0
    for text, probability in readings:
        reading = phrases.read(text, overlap.language)
        share = probability / total
        asks += share * reading.asks
        listens += share * (reading.shares.get("backchannel") == 1 and not reading.asks)
        answers += share * asked * reading.answer
        empty += share * (not reading.num_words)
    return {
        "several_known": float(bool(overlap.readings)),
        "may_ask": asks,
        "may_listen": listens,
        "may_answer": answers,
        "may_be_empty": empty,
        "asks_or_listens": float(np.log((asks + _UNSAID) / (listens + _UNSAID))),
        "surely_read": float(np.log(total)) if overlap.readings else 0.0,
        "best_read": readings[0][1] / total if readings else 0.0,
        "no_speech": overlap.no_speech,
    }
