"""CUDA graphs: a step captured once per size, then replayed by a single launch."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import torch
from torch import Tensor

Results = tuple[Tensor, ...]
# Called with the size of its tensors, then with those; no work of the host in it.
Step = Callable[..., Results]
# Makes a step that runs faster of one.
Capture = Callable[[Step], Step]


class Graphs:
    """Runs `step` with tensors of the shapes that come with a key, from its graph.

    What the step does beside its results, as writing into caches, is done by every call, but by the
    first of a key several times over: only call it first where that does no harm.

    Args:
        pool: memory that graphs which never run at the same time share.
    """

    def __init__(self, step: Step, pool: Any) -> None:
        self._step, self._pool = step, pool
        self._captured: dict[Hashable, tuple[torch.cuda.CUDAGraph, Results, Results]] = {}

    def __call__(self, key: Hashable, *inputs: Tensor) -> Results:
        with torch.cuda.device(inputs[0].device):  # threads start on the first card
            if key not in self._captured:
                self._captured[key] = self._capture(key, inputs)
            graph, places, results = self._captured[key]
            for place, given in zip(places, inputs, strict=True):
                place.copy_(given)
            graph.replay()
            return tuple(result.clone() for result in results)

    def _capture(
        self, key: Hashable, inputs: Results
    ) -> tuple[torch.cuda.CUDAGraph, Results, Results]:
        places = tuple(given.clone() for given in inputs)
        # Libraries set up what they need on first use, which a capture must not see.
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(2):
                self._step(key, *places)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            results = self._step(key, *places)
        return graph, places, results


def bucket(count: int) -> int:
    """The next power of two: so few sizes are captured."""
    return 1 << max(0, count - 1).bit_length()


def sizes(least: int, most: int) -> list[int]:
    """What `bucket` makes of the numbers from `least` to `most`, and no more than `most`."""
    found = []
    while least < most:
        found.append(least)
        least = bucket(least + 1)
    return [*found, most]
