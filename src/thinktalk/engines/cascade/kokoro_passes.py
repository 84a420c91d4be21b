"""Rewrites Kokoro's graph so that it passes over its numbers less often, with the same results.

The decoder's last stages hold a million numbers each, and an operator that only adds or divides
costs as much as reading and writing all of them. Knows nothing of frames or speech.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np


def rewrite(model: Any) -> int:
    """Rewrite in place; returns how many operators were replaced.

    - `x ** 2` is `x * x`, which needs no general power;
    - `(x / deviation) * gain` is `x * (gain / deviation)`, one pass instead of two;
    - a short-time Fourier transform is a convolution with sines, which has a fast kernel.
    """
    from onnx import numpy_helper

    graph = model.graph
    constants = {weight.name: numpy_helper.to_array(weight) for weight in graph.initializer}
    takers: dict[str, list[Any]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            takers[name].append(node)
    roots = {node.output[0] for node in graph.node if node.op_type == "Sqrt"}
    replaced: dict[str, list[Any]] = {}
    for node in graph.node:
        if node.op_type == "Pow" and np.array_equal(constants.get(node.input[1], 0.0), 2.0):
            replaced[node.name] = [_node("Mul", [node.input[0]] * 2, node)]
        elif node.op_type == "STFT":
            replaced[node.name] = _convolution(node, constants, graph)
        elif node.op_type == "Div" and _normalises(node, roots, takers[node.output[0]]):
            replaced[node.name] = []
            for gain in takers[node.output[0]]:
                replaced[gain.name] = _gain_first(node, gain)
    nodes = [new for node in graph.node for new in replaced.get(node.name, [node])]
    del graph.node[:]
    graph.node.extend(nodes)
    return len(replaced)


def _normalises(division: Any, roots: set[str], takers: list[Any]) -> bool:
    """Whether it divides by a deviation what is then only multiplied."""
    return division.input[1] in roots and all(taker.op_type == "Mul" for taker in takers)


def _gain_first(division: Any, gain: Any) -> list[Any]:
    value, deviation = division.input
    (factor,) = (name for name in gain.input if name != division.output[0])
    ratio = f"{gain.name}/ratio"
    return [
        _node("Div", [factor, deviation], gain, name=ratio, output=ratio),
        _node("Mul", [value, ratio], gain),
    ]


def _convolution(transform: Any, constants: dict[str, Any], graph: Any) -> list[Any]:
    """Nodes that compute a one-sided `STFT` of (1, num_samples): (1, num_frames, num_bins, 2)."""
    from onnx import numpy_helper

    signal, step, window, length = transform.input
    size, prefix = int(constants[length]), transform.name
    angles = 2 * np.pi * np.outer(np.arange(size // 2 + 1), np.arange(size)) / size
    waves = np.stack([np.cos(angles), -np.sin(angles)], axis=1) * constants[window]
    # Of the lowest and the highest wave nothing is imaginary. What rounding leaves there would turn
    # a phase of half a circle to minus that.
    waves[[0, -1], 1] = 0.0

    def constant(name: str, value: Any) -> str:
        graph.initializer.append(numpy_helper.from_array(value, f"{prefix}/{name}"))
        return f"{prefix}/{name}"

    kernel = constant("waves", waves.reshape(-1, 1, size).astype(np.float32))
    channel = constant("channel", np.array([1, 1, -1], np.int64))
    bins = constant("bins", np.array([1, -1, size // 2 + 1, 2], np.int64))
    line, sums, frames = (f"{prefix}/{name}" for name in ("line", "sums", "frames"))
    return [
        _node("Reshape", [signal, channel], transform, name=line, output=line),
        _node(
            "Conv",
            [line, kernel],
            transform,
            name=sums,
            output=sums,
            strides=[int(constants[step])],
            kernel_shape=[size],
        ),
        _node("Transpose", [sums], transform, name=frames, output=frames, perm=[0, 2, 1]),
        _node("Reshape", [frames, bins], transform),
    ]


def _node(
    operator: str, inputs: list[str], instead: Any, *, name: str = "", output: str = "", **how: Any
) -> Any:
    """A node that gives what `instead` gave, unless it has a name and an output of its own."""
    from onnx import helper

    return helper.make_node(
        operator, inputs, [output or instead.output[0]], name=name or instead.name, **how
    )
