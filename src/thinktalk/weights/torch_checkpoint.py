"""Reads the tensors of a torch checkpoint without torch and without running what it holds.

A checkpoint is a pickle, and a pickle can call anything it names. The reader here resolves the few
names that tensors need, to code of its own, and refuses every other one. It knows both layouts: the
sequence of pickles that torch wrote before 1.6, and the zip archive written since.

Knows nothing of models: what the tensors mean is for the caller.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from thinktalk.errors import WeightsError

Array = npt.NDArray[Any]

# torch/serialization.py: MAGIC_NUMBER and PROTOCOL_VERSION of the legacy layout.
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001

_DTYPES: dict[str, str] = {
    "BoolStorage": "?",
    "ByteStorage": "u1",
    "CharStorage": "i1",
    "ShortStorage": "<i2",
    "IntStorage": "<i4",
    "LongStorage": "<i8",
    "HalfStorage": "<f2",
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
}


class CheckpointRefused(WeightsError):
    """The file is no checkpoint of tensors, or names code to run."""


@dataclass(frozen=True, slots=True)
class _StorageType:
    """Stands in for a class such as `torch.FloatStorage`."""

    dtype: str


@dataclass(slots=True)
class _Storage:
    """A flat run of numbers; `values` arrive after the pickle that refers to it."""

    dtype: np.dtype[Any]
    num_elements: int
    values: Array = field(default_factory=lambda: np.empty(0))

    def fill(self, data: bytes) -> None:
        if len(data) != self.num_elements * self.dtype.itemsize:
            raise CheckpointRefused(
                f"a storage of {self.num_elements} {self.dtype} holds {len(data)} bytes"
            )
        self.values = np.frombuffer(data, self.dtype)


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A strided view of a storage; offset and strides count elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> Array:
        values = self.storage.values
        numbers = (self.offset, *self.shape, *self.strides)
        if len(self.shape) != len(self.strides) or any(
            not isinstance(number, int) or number < 0 for number in numbers
        ):
            raise CheckpointRefused(f"a tensor has shape {self.shape} and strides {self.strides}")
        if 0 in self.shape:
            return np.empty(self.shape, values.dtype)
        spans = zip(self.shape, self.strides, strict=True)
        last = self.offset + sum((length - 1) * stride for length, stride in spans)
        # as_strided does not check bounds: beyond this line it would read foreign memory.
        if last >= len(values):
            raise CheckpointRefused(f"a tensor ends at {last} in a storage of {len(values)}")
        byte_strides = [stride * values.itemsize for stride in self.strides]
        view = np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, byte_strides)
        return view.copy()


class _TensorUnpickler(pickle.Unpickler):
    """Resolves the names that tensors are made of; every other name is refused."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Callable[..., Any] | _StorageType:
        if module == "torch" and name in _DTYPES:
            return _StorageType(_DTYPES[name])
        # Bound methods: a pickle can set attributes on what it is given, and these take none.
        allowed: dict[tuple[str, str], Callable[..., Any]] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor"): self._rebuild_tensor,
            ("torch._utils", "_rebuild_tensor_v2"): self._rebuild_tensor,
            ("torch._utils", "_rebuild_parameter"): self._rebuild_parameter,
        }
        if (module, name) not in allowed:
            raise CheckpointRefused(
                f"the checkpoint names {module}.{name}, which tensors do not need"
            )
        return allowed[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        match pid:
            case ("storage", _StorageType(dtype), str(key), _, int(num_elements), *_):
                return self.storages.setdefault(key, _Storage(np.dtype(dtype), num_elements))
        raise CheckpointRefused("the checkpoint refers to something that is not a storage")

    def _rebuild_tensor(
        self,
        storage: _Storage,
        offset: int,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        *_ignored: object,
    ) -> _Tensor:
        return _Tensor(storage, offset, tuple(shape), tuple(strides))

    def _rebuild_parameter(self, tensor: _Tensor, *_ignored: object) -> _Tensor:
        return tensor


def load_tensors(path: Path, *, within: str | None = None) -> dict[str, Array]:
    """The tensors of a checkpoint that is one mapping of names to tensors (a `state_dict`).

    Args:
        within: the key of that mapping, where the checkpoint holds it among other things.

    Raises:
        CheckpointRefused: the file is damaged, holds something else than tensors, or names code.
    """
    try:
        if zipfile.is_zipfile(path):
            state = _read_zip(path)
        else:
            with path.open("rb") as stream:
                state = _read_legacy(stream)
    except (pickle.UnpicklingError, EOFError, struct.error, KeyError, TypeError) as error:
        raise CheckpointRefused(f"{path.name} is not a torch checkpoint: {error}") from error
    if within is not None and isinstance(state, Mapping):
        state = state.get(within)
    if not isinstance(state, Mapping) or not all(isinstance(t, _Tensor) for t in state.values()):
        raise CheckpointRefused(f"{path.name} is not a mapping of names to tensors")
    return {str(name): tensor.array() for name, tensor in state.items()}


def _read_legacy(stream: BinaryIO) -> object:
    """Five pickles (magic, protocol, platform, object, storage keys), then the storages."""
    magic, protocol, platform = (_TensorUnpickler(stream).load() for _ in range(3))
    if magic != _LEGACY_MAGIC or protocol != _LEGACY_PROTOCOL or not platform["little_endian"]:
        raise CheckpointRefused("the file is not a little-endian torch checkpoint")
    unpickler = _TensorUnpickler(stream)
    state = unpickler.load()
    for key in _TensorUnpickler(stream).load():
        storage = unpickler.storages[key]
        (num_elements,) = struct.unpack("<q", stream.read(8))
        if num_elements != storage.num_elements:
            raise CheckpointRefused(
                f"storage {key} has {num_elements} elements, {storage.num_elements} were announced"
            )
        storage.fill(stream.read(num_elements * storage.dtype.itemsize))
    return state


def _read_zip(path: Path) -> object:
    """`<root>/data.pkl` refers to `<root>/data/<key>`, one member a storage."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        roots = [name.removesuffix("data.pkl") for name in names if name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise CheckpointRefused(f"{path.name} is a zip archive but not a torch checkpoint")
        order = f"{roots[0]}byteorder"
        if order in names and archive.read(order) != b"little":
            raise CheckpointRefused(f"{path.name} is not little-endian")
        unpickler = _TensorUnpickler(io.BytesIO(archive.read(f"{roots[0]}data.pkl")))
        state: object = unpickler.load()
        for key, storage in unpickler.storages.items():
            storage.fill(archive.read(f"{roots[0]}data/{key}"))
        return state
