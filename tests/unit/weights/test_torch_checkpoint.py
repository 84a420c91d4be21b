"""Checkpoints are written here as torch writes them, byte by byte, since torch is no dependency."""

from __future__ import annotations

import io
import os
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thinktalk.errors import WeightsError
from thinktalk.weights.torch_checkpoint import CheckpointRefused, load_tensors

WEIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)
COUNT = np.array(7, dtype=np.int64)


class _Call:
    """Pickles as a call of `function` with `arguments`."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.function, self.arguments


class _StoredUnder:
    def __init__(self, storage_type: type, key: str, num_elements: int) -> None:
        self.id = ("storage", storage_type, key, "cpu", num_elements)


class _Pickler(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, id_length: int) -> None:
        super().__init__(stream, protocol=2)
        self.id_length = id_length

    def persistent_id(self, value: Any) -> Any:
        if isinstance(value, _StoredUnder):
            return (*value.id, None)[: self.id_length]
        return None


@pytest.fixture
def torch_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.SimpleNamespace]:
    """The names that torch's pickles refer to, so that pickle can write them."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    names = types.SimpleNamespace()
    for name in ("FloatStorage", "LongStorage"):
        storage_type = type(name, (), {"__module__": "torch"})
        setattr(torch, name, storage_type)
        setattr(names, name, storage_type)

    def _rebuild_tensor_v2(*_: Any) -> None: ...

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    torch._utils = utils  # type: ignore[attr-defined]
    names.rebuild = _rebuild_tensor_v2
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    yield names


def state(names: types.SimpleNamespace, weight_strides: tuple[int, int] = (3, 1)) -> Any:
    floats = _StoredUnder(names.FloatStorage, "0", 6)
    longs = _StoredUnder(names.LongStorage, "1", 1)
    tensors: OrderedDict[str, Any] = OrderedDict()
    tensors["weight"] = _Call(names.rebuild, floats, 0, (2, 3), weight_strides, False, None)
    tensors["count"] = _Call(names.rebuild, longs, 0, (), (), False, None)
    tensors._metadata = {"version": 1}  # type: ignore[attr-defined]  # as torch leaves it there
    return tensors


def pickled(value: Any, id_length: int = 5) -> bytes:
    stream = io.BytesIO()
    _Pickler(stream, id_length).dump(value)
    return stream.getvalue()


def write_legacy(file: Path, value: Any) -> Path:
    header = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True, "protocol_version": 1001}]
    parts = [pickled(part) for part in header] + [pickled(value, id_length=6), pickled(["0", "1"])]
    for array in (WEIGHT, COUNT):
        parts += [struct.pack("<q", array.size), array.tobytes()]
    file.write_bytes(b"".join(parts))
    return file


def write_zip(file: Path, value: Any) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("model/data.pkl", pickled(value))
        archive.writestr("model/byteorder", "little")
        archive.writestr("model/data/0", WEIGHT.tobytes())
        archive.writestr("model/data/1", COUNT.tobytes())
    return file


@pytest.mark.parametrize("write", [write_legacy, write_zip])
def test_both_layouts_give_the_tensors_that_were_saved(
    tmp_path: Path, torch_names: types.SimpleNamespace, write: Any
) -> None:
    tensors = load_tensors(write(tmp_path / "model.pth", state(torch_names)))
    assert list(tensors) == ["weight", "count"]
    np.testing.assert_array_equal(tensors["weight"], WEIGHT)
    assert tensors["weight"].dtype == np.float32
    assert tensors["count"].shape == () and tensors["count"] == 7


def test_a_transposed_view_is_read_through_its_strides(
    tmp_path: Path, torch_names: types.SimpleNamespace
) -> None:
    tensors = load_tensors(write_zip(tmp_path / "m.pth", state(torch_names, weight_strides=(1, 2))))
    np.testing.assert_array_equal(tensors["weight"], [[0, 2, 4], [1, 3, 5]])


@pytest.mark.parametrize("write", [write_legacy, write_zip])
@pytest.mark.parametrize("function", [os.system, eval, getattr])
def test_a_checkpoint_that_names_code_is_refused_and_runs_nothing(
    tmp_path: Path, torch_names: types.SimpleNamespace, write: Any, function: Any
) -> None:
    mark = tmp_path / "ran"
    tensors = state(torch_names)
    tensors["evil"] = _Call(function, f"open({str(mark)!r}, 'w')", "x")
    if function is os.system:
        tensors["evil"] = _Call(function, f"touch {mark}")
    with pytest.raises(CheckpointRefused, match=function.__name__):
        load_tensors(write(tmp_path / "model.pth", tensors))
    assert not mark.exists()


def test_code_in_the_header_of_the_legacy_layout_is_refused(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    file = tmp_path / "model.pth"
    file.write_bytes(pickle.dumps(_Call(os.system, f"touch {mark}"), protocol=2))
    with pytest.raises(CheckpointRefused, match="system"):
        load_tensors(file)
    assert not mark.exists()


def test_a_tensor_that_reaches_past_its_storage_is_refused(
    tmp_path: Path, torch_names: types.SimpleNamespace
) -> None:
    file = write_zip(tmp_path / "model.pth", state(torch_names, weight_strides=(300, 1)))
    with pytest.raises(CheckpointRefused, match="ends at 302 in a storage of 6"):
        load_tensors(file)


def test_a_negative_stride_is_refused(tmp_path: Path, torch_names: types.SimpleNamespace) -> None:
    file = write_zip(tmp_path / "model.pth", state(torch_names, weight_strides=(-3, 1)))
    with pytest.raises(CheckpointRefused, match="strides"):
        load_tensors(file)


@pytest.mark.parametrize("cut", [10, 100, -4])
def test_a_cut_file_is_refused_as_such(
    tmp_path: Path, torch_names: types.SimpleNamespace, cut: int
) -> None:
    file = write_legacy(tmp_path / "model.pth", state(torch_names))
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(WeightsError):
        load_tensors(file)
