"""Builds the ONNX graph of EfficientNet-lite0 from its published torch checkpoint.

Done once, with numpy and onnx alone; the result is what the eyes run. Batch normalisation is folded
into the convolutions, so the graph holds convolutions, ReLU6, additions and one dense layer.
Knows nothing of pictures or class names.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from thinktalk.errors import WeightsError
from thinktalk.weights.torch_checkpoint import load_tensors

INPUT_NAME, OUTPUT_NAME = "image", "probabilities"
IMAGE_SIZE = 224  # pixels a side
NUM_CLASSES = 1000
PIXEL_OFFSET, PIXEL_SCALE = 127.0, 128.0  # input = (RGB byte - offset) / scale

# TensorFlow's default for batch normalisation in the TPU repository, kept by the port.
_BATCH_NORM_EPSILON = 1e-3
_OPSET, _IR_VERSION = 17, 9


@dataclass(frozen=True, slots=True)
class _Stage:
    """`repeats` inverted-residual blocks; only the first strides."""

    repeats: int
    stride: int
    expands: bool


# Tan and Le 2019, table 1; the lite variant keeps the depth of B0 and drops squeeze-and-excitation.
_STAGES = (
    _Stage(repeats=1, stride=1, expands=False),
    _Stage(repeats=2, stride=2, expands=True),
    _Stage(repeats=2, stride=2, expands=True),
    _Stage(repeats=3, stride=2, expands=True),
    _Stage(repeats=3, stride=1, expands=True),
    _Stage(repeats=4, stride=2, expands=True),
    _Stage(repeats=1, stride=1, expands=True),
)


def convert(pth: Path, onnx_file: Path) -> None:
    """Write `onnx_file`, whole or not at all, from the checkpoint `pth`.

    The graph takes `image`, float32 (batch, 3, 224, 224), RGB scaled as `(byte - 127) / 128`, and
    gives `probabilities`, float32 (batch, 1000), in ImageNet's order.

    Raises:
        WeightsError: the checkpoint is not EfficientNet-lite0, or is not a plain set of tensors.
    """
    try:
        model = _Graph(load_tensors(pth)).build()
    except KeyError as error:
        raise WeightsError(f"{pth.name} is not EfficientNet-lite0: {error} is missing") from error
    onnx.checker.check_model(model)
    onnx_file.parent.mkdir(parents=True, exist_ok=True)
    _write_atomically(onnx_file, model.SerializeToString())


def _write_atomically(file: Path, data: bytes) -> None:
    # A name of its own: two processes may convert at once, and write equal bytes.
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@dataclass
class _Graph:
    """Collects nodes and constants; each method takes and gives the name of a value."""

    tensors: dict[str, npt.NDArray[np.float32]]
    _relu6_bounds: list[str] = field(default_factory=list)
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def build(self) -> onnx.ModelProto:
        six = self._constant("six", np.float32(6))
        zero = self._constant("zero", np.float32(0))
        self._relu6_bounds = [zero, six]
        value = self._convolution(INPUT_NAME, "_conv_stem", "_bn0", stride=2)
        block = 0
        for stage in _STAGES:
            for repeat in range(stage.repeats):
                stride = stage.stride if repeat == 0 else 1
                value = self._block(value, f"_blocks.{block}", stage.expands, stride, repeat > 0)
                block += 1
        value = self._convolution(value, "_conv_head", "_bn1")
        self._classifier(value)
        shape: list[str | int | None] = ["batch", 3, IMAGE_SIZE, IMAGE_SIZE]
        graph = helper.make_graph(
            self.nodes,
            "efficientnet-lite0",
            [helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, ["batch", NUM_CLASSES])],
            self.constants,
        )
        opset = helper.make_opsetid("", _OPSET)
        return helper.make_model(
            graph, opset_imports=[opset], ir_version=_IR_VERSION, producer_name="thinktalk"
        )

    def _block(self, value: str, name: str, expands: bool, stride: int, is_residual: bool) -> str:
        inside = value
        if expands:
            inside = self._convolution(inside, f"{name}._expand_conv", f"{name}._bn0")
        depthwise = f"{name}._depthwise_conv"
        num_channels = self.tensors[f"{depthwise}.weight"].shape[0]
        inside = self._convolution(
            inside, depthwise, f"{name}._bn1", stride=stride, groups=num_channels
        )
        project = f"{name}._project_conv"
        inside = self._convolution(inside, project, f"{name}._bn2", has_relu=False)
        return self._node("Add", [inside, value], f"{name}.sum") if is_residual else inside

    def _convolution(
        self,
        value: str,
        name: str,
        norm: str,
        *,
        stride: int = 1,
        groups: int = 1,
        has_relu: bool = True,
    ) -> str:
        """Convolution with its batch normalisation folded in: y = (w * s) x + (b - mean * s)."""
        weight = self.tensors[f"{name}.weight"]  # (out, in / groups, height, width)
        variance = self.tensors[f"{norm}.running_var"]
        scale = self.tensors[f"{norm}.weight"] / np.sqrt(variance + _BATCH_NORM_EPSILON)
        bias = self.tensors[f"{norm}.bias"] - self.tensors[f"{norm}.running_mean"] * scale
        inputs = [
            value,
            self._constant(f"{name}.weight", weight * scale[:, None, None, None]),
            self._constant(f"{name}.bias", bias),
        ]
        # TensorFlow's SAME: of an odd padding, the end gets the larger part.
        result = self._node(
            "Conv",
            inputs,
            f"{name}.out",
            auto_pad="SAME_UPPER",
            strides=[stride, stride],
            group=groups,
            kernel_shape=list(weight.shape[2:]),
        )
        if not has_relu:
            return result
        return self._node("Clip", [result, *self._relu6_bounds], f"{name}.relu6")

    def _classifier(self, value: str) -> None:
        pooled = self._node("GlobalAveragePool", [value], "pooled")
        flat = self._node("Flatten", [pooled], "features")
        weight = self._constant("_fc.weight", self.tensors["_fc.weight"])
        bias = self._constant("_fc.bias", self.tensors["_fc.bias"])
        logits = self._node("Gemm", [flat, weight, bias], "logits", transB=1)
        self._node("Softmax", [logits], OUTPUT_NAME, axis=1)

    def _constant(self, name: str, values: npt.ArrayLike) -> str:
        array = np.ascontiguousarray(values, dtype=np.float32).reshape(np.shape(values))
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def _node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output
