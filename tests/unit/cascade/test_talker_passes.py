from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from thinktalk.engines.cascade import kokoro_passes

WINDOW = np.hanning(21)[:20].astype(np.float32)
RANDOM = np.random.default_rng(3)


def model(nodes: list[Any], output_shape: tuple[Any, ...], **constants: np.ndarray) -> Any:
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output_shape)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(made: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(
        made.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (y,) = session.run(None, {"x": x})
    return np.asarray(y)


def test_a_normalisation_and_a_square_stay_what_they_were() -> None:
    nodes = [
        helper.make_node("Sqrt", ["variance"], ["deviation"], name="sqrt"),
        helper.make_node("Div", ["x", "deviation"], ["normal"], name="block/norm1/Div"),
        helper.make_node("Mul", ["gain", "normal"], ["scaled"], name="block/norm1/Mul"),
        helper.make_node("Mul", ["normal", "other"], ["twice"], name="block/norm1/Mul_1"),
        helper.make_node("Pow", ["scaled", "two"], ["square"], name="pow"),
        helper.make_node("Add", ["square", "twice"], ["y"], name="add"),
    ]
    made = model(
        nodes,
        (1, 3, 50),
        variance=np.array([[[0.5], [2.0], [7.0]]], np.float32),
        gain=np.array([[[1.5], [0.1], [-2.0]]], np.float32),
        other=np.array([[[2.0], [3.0], [4.0]]], np.float32),
        two=np.float32(2.0),
    )
    x = RANDOM.standard_normal((1, 3, 50)).astype(np.float32)
    expected = run(made, x)
    kokoro_passes.rewrite(made)
    assert [node.op_type for node in made.graph.node].count("Pow") == 0
    assert np.allclose(run(made, x), expected, rtol=1e-5, atol=1e-6)


def test_a_transform_is_that_of_a_real_signal() -> None:
    transform = helper.make_node(
        "STFT", ["x", "step", "window", "length"], ["y"], name="stft", onesided=1
    )
    made = model(
        [transform],
        (1, "frames", 11, 2),
        step=np.int64(5),
        window=WINDOW,
        length=np.int64(20),
    )
    x = RANDOM.standard_normal((1, 200)).astype(np.float32)
    kokoro_passes.rewrite(made)
    frames = np.lib.stride_tricks.sliding_window_view(x[0], 20)[::5] * WINDOW
    expected = np.fft.rfft(frames)
    got = run(made, x)
    assert np.allclose(got[0, ..., 0], expected.real, atol=1e-4)
    assert np.allclose(got[0, ..., 1], expected.imag, atol=1e-4)
    assert not np.signbit(got[0, :, [0, 10], 1]).any()


def test_another_division_is_left_alone() -> None:
    nodes = [
        helper.make_node("Div", ["x", "two"], ["half"], name="block/Div"),
        helper.make_node("Mul", ["half", "x"], ["y"], name="block/Mul"),
    ]
    made = model(nodes, (4,), two=np.float32(2.0))
    assert kokoro_passes.rewrite(made) == 0
