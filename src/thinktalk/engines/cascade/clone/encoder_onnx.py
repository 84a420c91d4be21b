"""Builds the ONNX graph of Resemblyzer's speaker encoder from its published torch checkpoint.

Three LSTM layers, one dense layer, ReLU and a unit norm. Knows nothing of sound.
Source: Wan et al. 2018, "Generalized end-to-end loss for speaker verification"; resemblyzer 0.1.4,
`voice_encoder.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thinktalk.errors import WeightsError
from thinktalk.weights.torch_checkpoint import load_tensors

INPUT_NAME, OUTPUT_NAME = "mels", "embeddings"
NUM_MELS, WINDOW_FRAMES, EMBEDDING_SIZE = 40, 160, 256
_NUM_LAYERS, _HIDDEN = 3, 256
_OPSET, _IR_VERSION = 17, 9


def build(checkpoint: Path) -> bytes:
    """Serialise the graph: `mels`, float32 (batch, 160, 40), to `embeddings` (batch, 256).

    Raises:
        WeightsError: the checkpoint is another model's, or not a plain set of tensors.
    """
    tensors = load_tensors(checkpoint, within="model_state")
    try:
        return _graph(tensors)
    except KeyError as error:
        raise WeightsError(
            f"{checkpoint.name} is no speaker encoder: {error} is missing"
        ) from error


def _graph(tensors: dict[str, npt.NDArray[np.float32]]) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    nodes: list[Any] = [helper.make_node("Transpose", [INPUT_NAME], ["in0"], perm=[1, 0, 2])]
    constants: list[Any] = []

    def constant(name: str, value: npt.NDArray[Any]) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    axis = constant("axis", np.array([1], np.int64))
    for layer in range(_NUM_LAYERS):
        inputs = [f"in{layer}"]
        inputs += [
            constant(f"{name}{layer}", value[None])
            for name, value in (
                ("W", _gates(tensors[f"lstm.weight_ih_l{layer}"])),
                ("R", _gates(tensors[f"lstm.weight_hh_l{layer}"])),
                (
                    "B",
                    np.concatenate(
                        [_gates(tensors[f"lstm.bias_{part}_l{layer}"]) for part in ("ih", "hh")]
                    ),
                ),
            )
        ]
        outputs = [f"out{layer}", f"last{layer}"]
        nodes.append(helper.make_node("LSTM", inputs, outputs, hidden_size=_HIDDEN))
        nodes.append(helper.make_node("Squeeze", [f"out{layer}", axis], [f"in{layer + 1}"]))
    first = constant("first", np.array([0], np.int64))
    weight = constant("weight", tensors["linear.weight"].T)
    bias = constant("bias", tensors["linear.bias"])
    nodes += [
        helper.make_node("Squeeze", [f"last{_NUM_LAYERS - 1}", first], ["hidden"]),
        helper.make_node("Gemm", ["hidden", weight, bias], ["dense"]),
        helper.make_node("Relu", ["dense"], ["positive"]),
        helper.make_node("LpNormalization", ["positive"], [OUTPUT_NAME], axis=1, p=2),
    ]
    graph = helper.make_graph(
        nodes,
        "speaker_encoder",
        [
            helper.make_tensor_value_info(
                INPUT_NAME, TensorProto.FLOAT, ["batch", WINDOW_FRAMES, NUM_MELS]
            )
        ],
        [helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, ["batch", EMBEDDING_SIZE])],
        constants,
    )
    opset = helper.make_opsetid("", _OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION)
    serialised: bytes = model.SerializeToString()
    return serialised


def _gates(weight: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """torch stacks input, forget, cell and output gates; ONNX input, output, forget and cell."""
    entry, forget, cell, out = np.split(weight, 4)
    return np.concatenate([entry, out, forget, cell])
