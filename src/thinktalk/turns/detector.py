"""When somebody begins to speak, rests, goes on and has ended, window by window.

Knows nothing of words: how long a silence has to last may be told at any time, by whoever does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from thinktalk.media.activity import WINDOW_S

ONSET_WINDOWS = 2
"""So many of speech in a row are an onset: a click or a key fills one."""
_HYSTERESIS = 0.15
# Below, everything would be speech, and above, nothing.
_THRESHOLDS = (0.05, 0.95)


class Signal(Enum):
    """ONSET; then any number of REST and RESUMED in turn; then END."""

    ONSET = auto()
    REST = auto()
    RESUMED = auto()
    END = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorRules:
    """`threshold` of the probability in [0, 1]; silences in milliseconds.

    After `rest_ms` of silence a speaker rests; after `silence_ms`, unless told otherwise, the
    turn is over.
    """

    threshold: float = 0.5
    rest_ms: float = 96.0
    silence_ms: float = 800.0


class TurnDetector:
    """Takes the probability of each window; says when something changed.

    `patience_ms` is how long the silence must last that ends the turn. It is reset by each onset.
    """

    def __init__(self, rules: DetectorRules) -> None:
        self._position = 0
        self.go_by(rules)
        self.reset()

    def go_by(self, rules: DetectorRules) -> None:
        """Go on by other rules, in the middle of speech if need be."""
        self._rules = rules
        self._threshold = min(max(rules.threshold, _THRESHOLDS[0]), _THRESHOLDS[1])
        self._low = max(0.01, self._threshold - _HYSTERESIS)
        self.patience_ms = rules.silence_ms

    def reset(self) -> None:
        """Forget the speech that is going on; windows keep their numbers."""
        self.patience_ms = self._rules.silence_ms
        self._loud = 0  # windows of speech in a row
        self._is_speaking = self._is_resting = False
        self._onset = self._quiet_from = self._position

    @property
    def is_speaking(self) -> bool:
        """Between ONSET and END."""
        return self._is_speaking

    @property
    def is_resting(self) -> bool:
        """Between REST and RESUMED."""
        return self._is_resting

    @property
    def now_s(self) -> float:
        """The end of the last window."""
        return self._position * WINDOW_S

    @property
    def onset_s(self) -> float:
        """When the speech began, in seconds from the first window of all."""
        return self._onset * WINDOW_S

    @property
    def end_s(self) -> float:
        """When it was last heard."""
        return self._quiet_from * WINDOW_S

    @property
    def silence_ms(self) -> float:
        """How long it has been quiet since."""
        return (self._position - self._quiet_from) * WINDOW_S * 1000

    def push(self, probability: float) -> Signal | None:
        """Take the next window."""
        self._position += 1
        if not self._is_speaking:
            return self._while_quiet(probability)
        # Between the two thresholds it stays what it was.
        is_speech = probability >= (self._threshold if self._is_resting else self._low)
        if is_speech:
            self._quiet_from = self._position
            if self._is_resting:
                self._is_resting = False
                return Signal.RESUMED
            return None
        if self.silence_ms >= max(self.patience_ms, self._rules.rest_ms):
            self._is_speaking = self._is_resting = False
            self._loud = 0
            return Signal.END
        if not self._is_resting and self.silence_ms >= self._rules.rest_ms:
            self._is_resting = True
            return Signal.REST
        return None

    def _while_quiet(self, probability: float) -> Signal | None:
        self._loud = self._loud + 1 if probability >= self._threshold else 0
        if self._loud < ONSET_WINDOWS:
            return None
        self.reset()
        self._is_speaking = True
        self._onset, self._quiet_from = self._position - ONSET_WINDOWS, self._position
        return Signal.ONSET
