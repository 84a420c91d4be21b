"""The header of a safetensors file: which tensors it holds, in which type and shape.

Source: the format's own description, safetensors README: eight bytes of length (little-endian), so
many bytes of JSON, then the tensors' bytes without a gap.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path

from thinktalk.errors import CheckpointInvalid

_LENGTH = struct.Struct("<Q")
_MAX_HEADER_BYTES = 100_000_000  # the library's own limit


@dataclass(frozen=True, slots=True)
class Tensor:
    """`dtype` as the format spells it: BF16, F16, F32, ..."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def num_elements(self) -> int:
        return math.prod(self.shape)


def read_header(file: Path) -> dict[str, Tensor]:
    """Tensors of `file` by name; none of their bytes are read.

    Raises:
        CheckpointInvalid: it is no such file, or is shorter than its header says.
    """
    size_bytes = file.stat().st_size
    with file.open("rb") as opened:
        start = opened.read(_LENGTH.size)
        length = _LENGTH.unpack(start)[0] if len(start) == _LENGTH.size else 0
        if not 2 <= length <= _MAX_HEADER_BYTES:
            raise CheckpointInvalid(str(file), "not a safetensors file")
        text = opened.read(length)
    if len(text) < length:
        raise _cut_off(file, size_bytes, _LENGTH.size + length)
    try:
        entries = json.loads(text)
        entries.pop("__metadata__", None)
        tensors = {name: Tensor(at["dtype"], tuple(at["shape"])) for name, at in entries.items()}
        end = max((at["data_offsets"][1] for at in entries.values()), default=0)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as fault:
        raise CheckpointInvalid(str(file), "not a safetensors file") from fault
    if size_bytes < _LENGTH.size + length + end:
        raise _cut_off(file, size_bytes, _LENGTH.size + length + end)
    return tensors


def _cut_off(file: Path, size_bytes: int, wanted_bytes: int) -> CheckpointInvalid:
    return CheckpointInvalid(
        str(file), f"cut off: it has {size_bytes} bytes of {wanted_bytes}; fetch it again"
    )
