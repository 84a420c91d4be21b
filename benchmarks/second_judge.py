"""CAM++: a speaker encoder that no fitter looks at, so that likeness is judged by two.

In numpy, from the published checkpoint; 0.7 s of processor for 10 s of speech.
Source: Wang et al. 2023, "CAM++: A fast and efficient network for speaker verification using
context-aware masking"; 3D-Speaker `campplus/DTDNN.py`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thinktalk.media.resample import resample
from thinktalk.media.types import Audio, Samples
from thinktalk.weights.torch_checkpoint import load_tensors

Floats = npt.NDArray[np.float32]

_SAMPLE_RATE, _FRAME, _HOP, _FFT, _NUM_MELS = 16_000, 400, 160, 512, 80
_BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers and dilation
_SEGMENT = 100  # frames that share a context
_EPSILON = 1e-5


class SecondJudge:
    """Loads the checkpoint at once."""

    def __init__(self, checkpoint: Path) -> None:
        self._tensors: dict[str, Floats] = load_tensors(checkpoint)

    def embed(self, audio: Audio) -> Floats:
        """The speaker of `audio`, any rate: shape (192,), unit norm."""
        vector = self._network(_features(resample(audio, _SAMPLE_RATE).samples))
        return np.asarray(vector / np.linalg.norm(vector), np.float32)

    def _network(self, features: Floats) -> Floats:
        """`features` (num_frames, 80) to (192,). Inside, time is the last axis."""
        x = self._active(self._conv2(features.T[None], "head.conv1"), "head.bn1")
        for layer in ("head.layer1", "head.layer2"):
            x = self._residual(self._residual(x, f"{layer}.0", 2), f"{layer}.1", 1)
        x = self._active(self._conv2(x, "head.conv2", 2), "head.bn2")
        x = self._conv1(x.reshape(-1, x.shape[2]), "xvector.tdnn.linear", stride=2)
        x = self._active(x, "xvector.tdnn.nonlinear.batchnorm")
        for number, (num_layers, dilation) in enumerate(_BLOCKS, 1):
            for layer_number in range(1, num_layers + 1):
                name = f"xvector.block{number}.tdnnd{layer_number}"
                y = self._conv1(self._active(x, f"{name}.nonlinear1.batchnorm"), f"{name}.linear1")
                y = self._active(y, f"{name}.nonlinear2.batchnorm")
                x = np.concatenate([x, self._masked(y, f"{name}.cam_layer", dilation)])
            name = f"xvector.transit{number}"
            x = self._conv1(self._active(x, f"{name}.nonlinear.batchnorm"), f"{name}.linear")
        x = self._active(x, "xvector.out_nonlinear.batchnorm")
        pooled = np.concatenate([x.mean(axis=1), x.std(axis=1, ddof=1)])[:, None]
        dense = self._conv1(pooled, "xvector.dense.linear")
        return np.asarray(self._normed(dense, "xvector.dense.nonlinear.batchnorm")[:, 0])

    def _residual(self, x: Floats, name: str, stride: int) -> Floats:
        y = self._active(self._conv2(x, f"{name}.conv1", stride), f"{name}.bn1")
        y = self._normed(self._conv2(y, f"{name}.conv2"), f"{name}.bn2")
        if f"{name}.shortcut.0.weight" in self._tensors:
            x = self._normed(self._conv2(x, f"{name}.shortcut.0", stride), f"{name}.shortcut.1")
        return np.asarray(np.maximum(y + x, 0))

    def _masked(self, x: Floats, name: str, dilation: int) -> Floats:
        """What the speech is, let through as far as its context wants it."""
        starts = np.arange(0, x.shape[1], _SEGMENT)
        lengths = np.diff(np.append(starts, x.shape[1]))
        near = np.repeat(np.add.reduceat(x, starts, axis=1) / lengths, lengths, axis=1)
        context = (x.mean(axis=1, keepdims=True) + near).astype(np.float32)
        mask = self._conv1(
            np.maximum(self._conv1(context, f"{name}.linear1"), 0), f"{name}.linear2"
        )
        local = self._conv1(x, f"{name}.linear_local", dilation=dilation)
        return np.asarray(local / (1 + np.exp(-mask)))

    def _active(self, x: Floats, name: str) -> Floats:
        return np.asarray(np.maximum(self._normed(x, name), 0))

    def _normed(self, x: Floats, name: str) -> Floats:
        """Batch norm with the statistics of training; the last one has no scale of its own."""
        tensors, shape = self._tensors, (-1, *(1,) * (x.ndim - 1))
        scale = tensors.get(f"{name}.weight", np.float32(1)) / np.sqrt(
            tensors[f"{name}.running_var"] + np.float32(_EPSILON)
        )
        shift = tensors.get(f"{name}.bias", np.float32(0)) - tensors[f"{name}.running_mean"] * scale
        return np.asarray(x * scale.reshape(shape) + shift.reshape(shape))

    def _conv2(self, x: Floats, name: str, stride: int = 1) -> Floats:
        """(in, height, width) to (out, height / stride, width), same padding, no bias."""
        weight = self._tensors[f"{name}.weight"]
        size = weight.shape[2]
        x = np.pad(x, ((0, 0), (size // 2, size // 2), (size // 2, size // 2)))
        rows, columns = (x.shape[1] - size) // stride + 1, x.shape[2] - size + 1
        out = np.zeros((len(weight), rows * columns), np.float32)
        for i in range(size):
            for j in range(size):
                seen = x[:, i : i + (rows - 1) * stride + 1 : stride, j : j + columns]
                out += weight[:, :, i, j] @ seen.reshape(len(x), -1)
        return out.reshape(-1, rows, columns)

    def _conv1(self, x: Floats, name: str, stride: int = 1, dilation: int = 1) -> Floats:
        """(in, time) to (out, time / stride), same padding."""
        weight = self._tensors[f"{name}.weight"]
        reach = (weight.shape[2] - 1) * dilation
        x = np.pad(x, ((0, 0), (reach // 2, reach // 2)))
        columns = (x.shape[1] - reach - 1) // stride + 1
        out = np.zeros((len(weight), columns), np.float32)
        for tap in range(weight.shape[2]):
            start = tap * dilation
            out += weight[:, :, tap] @ x[:, start : start + (columns - 1) * stride + 1 : stride]
        bias = self._tensors.get(f"{name}.bias")
        return out if bias is None else out + bias[:, None]


def _features(samples: Samples) -> Floats:
    """Log mel powers as Kaldi computes them, less their mean: shape (num_frames, 80)."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP].astype(np.float64)
    frames = frames - frames.mean(axis=1, keepdims=True)
    frames = frames - 0.97 * np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FRAME) / (_FRAME - 1))
    powers = np.abs(np.fft.rfft(frames * hann**0.85, _FFT)[:, : _FFT // 2]) ** 2
    logs = np.log(np.maximum(powers @ _filters().T, np.finfo(np.float32).eps))
    return np.asarray(logs - logs.mean(axis=0), np.float32)


@cache
def _filters() -> npt.NDArray[np.float64]:
    """Triangles on the mel scale, 20 Hz to 8 kHz: shape (80, 256)."""
    edges = np.linspace(_mel(np.float64(20)), _mel(np.float64(_SAMPLE_RATE / 2)), _NUM_MELS + 2)
    bins = _mel(np.arange(_FFT // 2) * _SAMPLE_RATE / _FFT)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.asarray(np.maximum(0, np.minimum(rising, falling)))


def _mel(hertz: npt.NDArray[np.float64] | np.float64) -> npt.NDArray[np.float64]:
    return np.asarray(1127 * np.log1p(hertz / 700))
