"""The classifier's conversion, on the real checkpoint when it is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import platformdirs
import pytest

from thinktalk.engines.cascade import classifier_onnx
from thinktalk.errors import WeightsError
from thinktalk.weights.torch_checkpoint import load_tensors

CHECKPOINT = (
    Path(platformdirs.user_cache_dir("thinktalk"))
    / "weights/efficientnet-lite0/efficientnet-lite0-57934424.pth"
)
Array = npt.NDArray[np.float32]


def convolve(image: Array, weight: Array, stride: int, depthwise: bool) -> Array:
    """Plain convolution of one image (C, H, W), padded as TensorFlow's SAME."""
    size, kernel = image.shape[1], weight.shape[2]
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    before = total // 2
    padded = np.pad(image, [(0, 0), (before, total - before), (before, total - before)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(1, 2))
    windows = windows[:, ::stride, ::stride]
    if depthwise:
        return np.einsum("cxykl,ckl->cxy", windows, weight[:, 0], optimize=True)
    return np.einsum("cxykl,ockl->oxy", windows, weight, optimize=True)


def reference(tensors: dict[str, Array], image: Array) -> Array:
    """The network with its normalisation unfolded, driven by the shapes in the checkpoint."""

    def unit(value: Array, name: str, norm: str, stride: int, relu: bool = True) -> Array:
        weight = tensors[f"{name}.weight"]
        value = convolve(value, weight, stride, "_depthwise" in name)
        column = {
            part: tensors[f"{norm}.{part}"][:, None, None]
            for part in ("weight", "bias", "running_mean", "running_var")
        }
        value = (value - column["running_mean"]) / np.sqrt(column["running_var"] + 1e-3)
        value = value * column["weight"] + column["bias"]
        return np.clip(value, 0, 6) if relu else value

    strided = {1, 3, 5, 11}  # blocks that halve the picture
    value = unit(image, "_conv_stem", "_bn0", 2)
    for block in range(16):
        name, entry = f"_blocks.{block}", value
        if f"{name}._expand_conv.weight" in tensors:
            value = unit(value, f"{name}._expand_conv", f"{name}._bn0", 1)
        stride = 2 if block in strided else 1
        value = unit(value, f"{name}._depthwise_conv", f"{name}._bn1", stride)
        value = unit(value, f"{name}._project_conv", f"{name}._bn2", 1, relu=False)
        if entry.shape == value.shape:
            value = value + entry
    value = unit(value, "_conv_head", "_bn1", 1).mean(axis=(1, 2))
    logits = tensors["_fc.weight"] @ value + tensors["_fc.bias"]
    scores = np.exp(logits - logits.max())
    return scores / scores.sum()


@pytest.mark.slow
@pytest.mark.skipif(not CHECKPOINT.exists(), reason=f"{CHECKPOINT.name} has not been pulled")
def test_the_converted_graph_computes_what_the_checkpoint_says(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    onnx_file = tmp_path / "derived" / "efficientnet-lite0.onnx"
    classifier_onnx.convert(CHECKPOINT, onnx_file)
    session = onnxruntime.InferenceSession(onnx_file, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(5)
    coarse = rng.uniform(-1, 1, (3, 7, 7)).astype(np.float32)
    image = np.kron(coarse, np.ones((1, 32, 32), np.float32))
    (answer,) = session.run(None, {classifier_onnx.INPUT_NAME: image[None]})
    expected = reference(load_tensors(CHECKPOINT), image)
    assert answer.shape == (1, classifier_onnx.NUM_CLASSES)
    np.testing.assert_allclose(answer[0], expected, rtol=1e-3, atol=1e-5)
    assert list(onnx_file.parent.iterdir()) == [onnx_file]


def test_another_checkpoint_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    other = tmp_path / "other.pth"
    other.write_bytes(b"not a checkpoint")
    with pytest.raises(WeightsError, match=r"other\.pth"):
        classifier_onnx.convert(other, tmp_path / "out" / "x.onnx")
    assert not (tmp_path / "out").exists()
