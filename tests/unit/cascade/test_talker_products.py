"""8-bit convolutions as matrix products: the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from thinktalk.engines.cascade import conv_products

IN, OUT, STEPS = 6, 5, 40


def network(taps: int, *, dilation: int = 1, stride: int = 1, biased: bool = True) -> Any:
    """One convolution as dynamic quantisation writes it."""
    random = np.random.default_rng(taps)
    reach = dilation * (taps - 1)
    constants = {
        "w": random.integers(0, 256, (OUT, IN, taps)).astype(np.uint8),
        "wz": np.uint8(97),
        "ws": np.float32(0.02),
        "b": random.normal(size=OUT).astype(np.float32),
        "shape": np.array([1, -1, 1], np.int64),
    }
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        helper.make_node(
            "ConvInteger",
            ["q", "w", "z", "wz"],
            ["i"],
            name="conv",
            kernel_shape=[taps],
            dilations=[dilation],
            strides=[stride],
            pads=[reach // 2, reach - reach // 2],
            group=1,
        ),
        helper.make_node("Mul", ["s", "ws"], ["scale"]),
    ]
    if biased:
        nodes += [
            helper.make_node("Div", ["b", "scale"], ["b1"]),
            helper.make_node("Floor", ["b1"], ["b2"]),
            helper.make_node("Cast", ["b2"], ["b3"], to=TensorProto.INT32),
            helper.make_node("Reshape", ["b3", "shape"], ["b4"]),
            helper.make_node("Add", ["i", "b4"], ["sum"]),
        ]
    nodes += [
        helper.make_node("Cast", ["sum" if biased else "i"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["f", "scale"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, IN, "steps"))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, OUT, "out"))],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=domains, ir_version=9)


def run(model: Any) -> Any:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    x = np.random.default_rng(1).normal(size=(1, IN, STEPS)).astype(np.float32)
    return session.run(None, {"x": x})[0]


@pytest.mark.parametrize(("taps", "dilation"), [(1, 1), (3, 1), (3, 5), (4, 1), (11, 3)])
@pytest.mark.parametrize("biased", [True, False])
def test_products_give_what_the_convolution_gives(taps: int, dilation: int, biased: bool) -> None:
    if not conv_products.are_exact():
        pytest.skip("this processor adds up bytes with overflow")
    model = network(taps, dilation=dilation, biased=biased)
    expected = run(model)
    assert conv_products.rewrite(model) == 1
    # The bias is no longer rounded down to a whole step of 0.02 * scale.
    assert np.abs(run(model) - expected).max() < (0.01 if biased else 1e-4)


def test_strided_convolutions_stay() -> None:
    model = network(3, stride=2)
    expected = run(model)
    assert conv_products.rewrite(model) == 0
    assert (run(model) == expected).all()
