"""Speech or silence, by silero VAD: for whole recordings and for streams.

A window is 512 samples at 16 kHz, 32 ms. Used wherever a pause matters: recognition, splitting,
samples of voices, turns. Knows nothing of words.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, cast

import numpy as np
import numpy.typing as npt

from thinktalk.media.types import Audio, Samples

if TYPE_CHECKING:
    import onnxruntime

SAMPLE_RATE = 16_000
WINDOW_SAMPLES = 512
WINDOW_S = WINDOW_SAMPLES / SAMPLE_RATE

# The model sees the end of the window before, too.
_CONTEXT_SAMPLES = 64
# Windows per call of the sequence model: 64 s, of 4.6 MB.
_BATCH_WINDOWS = 2000
_STATE_SIZE = 128

Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanRules:
    """When speech begins and ends.

    Speech begins at `threshold`, and ends once the probability has stayed below `threshold` minus
    `hysteresis` for `min_silence_s`. Spans shorter than `min_speech_s` are dropped; the others grow
    by `padding_s` at both ends, without running into each other.
    """

    threshold: float = 0.5
    hysteresis: float = 0.15
    min_speech_s: float = 0.1
    min_silence_s: float = 0.3
    padding_s: float = 0.1


class Activity:
    """Judges whole recordings, in batches of windows.

    Args:
        model_file: `silero_vad_16k_sequence.onnx`.
        num_threads: of the processor; one is enough for some 800 times real time.
    """

    def __init__(self, model_file: Path, *, num_threads: int = 1) -> None:
        self._session = _session(model_file, num_threads)

    def probabilities(self, audio: Audio | Samples) -> Probabilities:
        """How likely each window holds speech; shape (ceil(num_samples / 512),).

        Args:
            audio: at 16 kHz; the last window is filled up with silence.
        """
        parts = list(self._batches(_samples_of(audio)))
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def speech_spans(
        self, audio: Audio | Samples, rules: SpanRules | None = None
    ) -> list[tuple[float, float]]:
        """Where somebody speaks: (start_s, end_s) in order, within the recording."""
        samples = _samples_of(audio)
        duration_s = len(samples) / SAMPLE_RATE
        return speech_spans(self.probabilities(samples), duration_s, rules)

    def _batches(self, samples: Samples) -> Iterator[Probabilities]:
        num_windows = -(-len(samples) // WINDOW_SAMPLES)
        hidden = np.zeros((1, 1, _STATE_SIZE), np.float32)
        cell = hidden
        context = np.zeros(_CONTEXT_SAMPLES, np.float32)
        for first in range(0, num_windows, _BATCH_WINDOWS):
            last = min(num_windows, first + _BATCH_WINDOWS)
            piece = samples[first * WINDOW_SAMPLES : last * WINDOW_SAMPLES]
            missing = (last - first) * WINDOW_SAMPLES - len(piece)
            windows = np.pad(piece, (0, missing)).reshape(-1, WINDOW_SAMPLES)
            ends = np.vstack([context, windows[:-1, -_CONTEXT_SAMPLES:]])
            inputs = {"input": np.hstack([ends, windows]), "h": hidden, "c": cell}
            probabilities, hidden, cell = self._session.run(None, inputs)
            context = windows[-1, -_CONTEXT_SAMPLES:]
            yield probabilities


class WindowStream(Protocol):
    """Says how likely each window holds speech, as the sound comes."""

    def push(self, samples: Samples) -> Probabilities:
        """Take any number of samples at 16 kHz; return a probability per window now complete."""
        ...

    def reset(self) -> None:
        """Forget what came before."""
        ...


class LevelStream:
    """A `WindowStream` that takes every sound over `threshold_db` for speech.

    For where silero is not to be had; a door is speech to it.
    """

    def __init__(self, threshold_db: float = -45.0) -> None:
        self._power = 10 ** (threshold_db / 10)
        self.reset()

    def reset(self) -> None:
        self._pending: Samples = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> Probabilities:
        pending = np.concatenate([self._pending, samples])
        whole = len(pending) // WINDOW_SAMPLES * WINDOW_SAMPLES
        self._pending = pending[whole:]
        power = (pending[:whole].reshape(-1, WINDOW_SAMPLES) ** 2).mean(axis=1)
        return np.asarray(power >= self._power, np.float32)


class ActivityStream:
    """Judges sound as it arrives, one window at a time.

    Args:
        model_file: `silero_vad.onnx`.
    """

    def __init__(self, model_file: Path) -> None:
        self._session = _session(model_file, 1)
        self._sample_rate = np.array(SAMPLE_RATE, np.int64)
        self.reset()

    def fork(self) -> Self:
        """Another stream by the same model, at its beginning."""
        other = copy.copy(self)
        other.reset()
        return other

    def reset(self) -> None:
        """Forget what came before: the next sample is the first of a new recording."""
        self._state = np.zeros((2, 1, _STATE_SIZE), np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)
        self._pending: Samples = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> Probabilities:
        """Take any number of samples at 16 kHz; return a probability per window now complete."""
        self._pending = np.concatenate([self._pending, samples])
        probabilities = []
        while len(self._pending) >= WINDOW_SAMPLES:
            window = self._pending[:WINDOW_SAMPLES]
            self._pending = self._pending[WINDOW_SAMPLES:]
            probabilities.append(self._judge(window))
        return np.array(probabilities, np.float32)

    def _judge(self, window: Samples) -> float:
        row = np.concatenate([self._context, window])[None]
        inputs = {"input": row, "state": self._state, "sr": self._sample_rate}
        output, self._state = self._session.run(None, inputs)
        self._context = window[-_CONTEXT_SAMPLES:]
        return float(output[0, 0])


def speech_spans(
    probabilities: Probabilities, duration_s: float, rules: SpanRules | None = None
) -> list[tuple[float, float]]:
    """Spans of speech, (start_s, end_s), from probabilities per window. See `SpanRules`."""
    rules = rules or SpanRules()
    raw = _raw_spans(probabilities, rules)
    long_enough = [span for span in raw if span[1] - span[0] >= rules.min_speech_s]
    return _padded(long_enough, min(duration_s, len(probabilities) * WINDOW_S), rules.padding_s)


def _raw_spans(probabilities: Probabilities, rules: SpanRules) -> list[tuple[float, float]]:
    spans = []
    start: int | None = None
    quiet_since: int | None = None
    for index, probability in enumerate(probabilities.tolist()):
        if probability >= rules.threshold:
            start = index if start is None else start
            quiet_since = None
        elif start is not None and probability < rules.threshold - rules.hysteresis:
            quiet_since = index if quiet_since is None else quiet_since
            if (index + 1 - quiet_since) * WINDOW_S >= rules.min_silence_s:
                spans.append((start * WINDOW_S, quiet_since * WINDOW_S))
                start = quiet_since = None
    if start is not None:
        end = len(probabilities) if quiet_since is None else quiet_since
        spans.append((start * WINDOW_S, end * WINDOW_S))
    return spans


def _padded(
    spans: list[tuple[float, float]], duration_s: float, padding_s: float
) -> list[tuple[float, float]]:
    padded = []
    for index, (start_s, end_s) in enumerate(spans):
        # Neighbours that are close share the pause between them.
        before_s = spans[index - 1][1] if index else -start_s
        after_s = spans[index + 1][0] if index + 1 < len(spans) else 2 * duration_s - end_s
        first = max(0.0, start_s - min(padding_s, (start_s - before_s) / 2))
        last = min(duration_s, end_s + min(padding_s, (after_s - end_s) / 2))
        padded.append((first, last))
    return padded


def _samples_of(audio: Audio | Samples) -> Samples:
    if not isinstance(audio, Audio):
        return audio
    if audio.sample_rate != SAMPLE_RATE:
        raise ValueError(f"voice activity needs {SAMPLE_RATE} Hz; got {audio.sample_rate} Hz")
    return audio.samples


def _session(model_file: Path, num_threads: int) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return cast(
        "onnxruntime.InferenceSession",
        onnxruntime.InferenceSession(str(model_file), options, providers=["CPUExecutionProvider"]),
    )
