"""Does it sound as if the speaker had finished? smart-turn v3.2, on the last 8 s of a turn.

The network is Whisper tiny's encoder with a classifier on top; it hears melody, pace and, to some
degree, words. Knows nothing of transcripts and of how long to wait.

Source: pipecat-ai/smart-turn (how its input is prepared: README and pipecat's
`audio/turn/smart_turn`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thinktalk.media.types import Samples

SAMPLE_RATE = 16_000
INPUT_S = 8.0

_INPUT_SAMPLES = round(INPUT_S * SAMPLE_RATE)
_FFT, _HOP, _NUM_MELS = 400, 160, 80
_RANGE = 8.0  # powers of ten under the loudest point that are kept

Floats = npt.NDArray[np.float32]


class Prosody:
    """Blocking; may be called from any thread.

    Args:
        model_file: `smart-turn-v3.2-cpu.onnx`.
        num_threads: of the processor; one is enough.
    """

    def __init__(self, model_file: Path, *, num_threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = num_threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            str(model_file), options, providers=["CPUExecutionProvider"]
        )

    def finished(self, samples: Samples) -> float:
        """The probability that the turn is over.

        Args:
            samples: the turn so far at 16 kHz, with the first 0.2 s or so of the silence after it;
                of more than 8 s, the last 8 count. What came before the turn does not belong here.
        """
        (probabilities,) = self._session.run(None, {"input_features": log_mel(samples)[None]})
        return float(probabilities[0, 0])


def log_mel(samples: Samples) -> Floats:
    """Whisper's log-mel spectrogram of the last 8 s; zeros stand before what is shorter.

    Returns:
        Shape (80, 800), 100 frames a second, scaled to about [-1, 1]. As the network was trained,
        samples are first brought to a mean of 0 and a variance of 1, padding included.
    Source: openai/whisper `audio.py`; Radford et al. 2022, section 2.2.
    """
    padded = np.zeros(_INPUT_SAMPLES, np.float32)
    kept = samples[-_INPUT_SAMPLES:]
    padded[_INPUT_SAMPLES - len(kept) :] = kept
    padded = (padded - padded.mean()) / np.sqrt(padded.var() + 1e-7)
    around = np.pad(padded, _FFT // 2, mode="reflect")
    # The frame centred on the very end is left out, as by Whisper.
    frames = np.lib.stride_tricks.sliding_window_view(around, _FFT)[:-1:_HOP]
    spectra = np.fft.rfft(frames * np.hanning(_FFT + 1)[:-1], axis=1)
    mels = _mel_filters() @ (np.abs(spectra) ** 2).T
    logs = np.log10(np.maximum(mels, 1e-10))
    scaled: Floats = ((np.maximum(logs, logs.max() - _RANGE) + 4) / 4).astype(np.float32)
    return scaled


@cache
def _mel_filters() -> npt.NDArray[np.float64]:
    """Triangles on Slaney's scale, each of area 1 in Hz; shape (80, 201)."""
    edges = _hertz(np.linspace(0.0, _mel(SAMPLE_RATE / 2), _NUM_MELS + 2))
    bins = np.linspace(0.0, SAMPLE_RATE / 2, _FFT // 2 + 1)
    low, middle, high = (edges[first : first + _NUM_MELS, None] for first in range(3))
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    filters: npt.NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling))
    return filters * 2 / (high - low)


# Slaney's scale: 15 mels up to 1 kHz, evenly; above it 27 for each factor of 6.4.
def _mel(hertz: float) -> float:
    return 3 * hertz / 200 if hertz < 1000 else 15 + 27 * float(np.log(hertz / 1000) / np.log(6.4))


def _hertz(mels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(mels < 15, 200 * mels / 3, 1000 * 6.4 ** ((mels - 15) / 27))
