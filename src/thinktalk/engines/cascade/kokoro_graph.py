"""Kokoro's network in two halves, cut from its ONNX file in memory.

`prosody` turns phonemes into features, pitch and energy per frame and costs a tenth of
the whole; `decoder` turns a range of frames into sound. The decoder normalises each channel by its
mean and variance over all frames; here the mean is weighted, so that few frames can stand for
silence that is left out, and the rest sounds as if it were there. Knows nothing of text or voices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thinktalk.engines.cascade import conv_products, kokoro_passes

# Names of inner values in the published export (kokoro-onnx, model-files-v1.0).
FEATURES = "/encoder/MatMul_1_output_0"  # (1, 512, num_frames)
PITCH = "/encoder/Reshape_output_0"  # (1, 2 * num_frames)
ENERGY = "/encoder/Reshape_1_output_0"  # (1, 2 * num_frames)

# The decoder's stages by how many values they have for a frame; the last stage has one more.
_STAGES = (
    ("decode.3/norm2/", 2),
    ("generator/resblocks.0/", 20),
    ("generator/resblocks.1/", 20),
    ("generator/resblocks.2/", 20),
    ("generator/noise_res.0/", 20),
    ("generator/", 120),
    ("", 1),
)
_LAST_STAGE = 120


@dataclass(frozen=True, slots=True)
class Halves:
    """Two serialised models. With equal weights, decoder(prosody(x)) is the whole network."""

    prosody: bytes
    decoder: bytes


def split(model_file: Path, *, products: bool) -> Halves:
    """Cut the network where frames meet the decoder.

    `products` says whether its convolutions become matrix products (`conv_products.py`).
    """
    import onnx

    model = onnx.load(str(model_file))
    if products:
        conv_products.rewrite(model)
    kokoro_passes.rewrite(model)
    outputs = {output.name: output for output in model.graph.output}
    inputs = {value.name: value for value in model.graph.input}
    prosody = _part(
        model,
        list(inputs.values()),
        [
            _float_value(FEATURES, (1, 512, "num_frames")),
            _float_value(PITCH, (1, "num_halves")),
            _float_value(ENERGY, (1, "num_halves")),
        ],
    )
    decoder = _part(
        model,
        [
            _float_value(FEATURES, (1, 512, "num_frames")),
            _float_value(PITCH, (1, "num_halves")),
            _float_value(ENERGY, (1, "num_halves")),
            inputs["style"],
        ],
        list(outputs.values()),
    )
    _weigh_frames(decoder)
    return Halves(prosody.SerializeToString(), decoder.SerializeToString())


def frame_weights(weights: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.float32]]:
    """Inputs of the decoder that say how much each frame counts.

    Args:
        weights: shape (num_frames,), not negative; how many frames each one stands for.
    """
    shares = weights / weights.sum()
    inputs = {}
    for per_frame in sorted({per_frame for _, per_frame in _STAGES}):
        column = np.repeat(shares / per_frame, per_frame)
        if per_frame == _LAST_STAGE:
            column = np.append(column, 0.0)
        inputs[_weights_name(per_frame)] = column.astype(np.float32)[:, None]
    return inputs


def _float_value(name: str, shape: Sequence[int | str]) -> Any:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _weigh_frames(decoder: Any) -> None:
    """Turn each mean over frames into a product with the weights of that stage's frames."""
    from onnx import helper

    nodes = decoder.graph.node
    for index, node in enumerate(nodes):
        if node.op_type == "ReduceMean":
            per_frame = next(count for stage, count in _STAGES if stage in node.name)
            mean = helper.make_node(
                "MatMul", [node.input[0], _weights_name(per_frame)], node.output, name=node.name
            )
            nodes[index].CopyFrom(mean)
    for per_frame in sorted({per_frame for _, per_frame in _STAGES}):
        name = _weights_name(per_frame)
        decoder.graph.input.append(_float_value(name, (f"{name}_length", 1)))


def _weights_name(per_frame: int) -> str:
    return f"frame_weights_{per_frame}"


def _part(model: Any, inputs: list[Any], outputs: list[Any]) -> Any:
    from onnx import helper

    nodes = _needed(model.graph.node, {i.name for i in inputs}, (o.name for o in outputs))
    used = {name for node in nodes for name in node.input}
    weights = [weight for weight in model.graph.initializer if weight.name in used]
    graph = helper.make_graph(nodes, "part", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def _needed(nodes: Sequence[Any], given: set[str], wanted: Iterable[str]) -> list[Any]:
    """Nodes that `wanted` values depend on, back to the `given` ones, in the order they came."""
    wanted_names = set(wanted)
    kept: list[Any] = []
    for node in reversed(nodes):
        if wanted_names.intersection(node.output).difference(given):
            kept.append(node)
            wanted_names.update(node.input)
    kept.reverse()
    return kept
