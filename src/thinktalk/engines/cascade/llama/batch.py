"""What one step of the network is given: tokens of any slots, each with its position."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from thinktalk.engines.cascade.llama import library as lib


class Batch:
    """Tokens for one step, in memory that is used again and again."""

    def __init__(self, capacity: int) -> None:
        self._tokens = (ctypes.c_int32 * capacity)()
        self._positions = (ctypes.c_int32 * capacity)()
        self._num_slots = (ctypes.c_int32 * capacity)(*[1] * capacity)
        self._slots = (ctypes.c_int32 * capacity)()
        self._slot_pointers = (ctypes.POINTER(ctypes.c_int32) * capacity)()
        for index in range(capacity):
            address = ctypes.addressof(self._slots) + index * ctypes.sizeof(ctypes.c_int32)
            self._slot_pointers[index] = ctypes.cast(address, ctypes.POINTER(ctypes.c_int32))
        self._wanted = (ctypes.c_int8 * capacity)()
        self._size = 0

    def clear(self) -> None:
        self._size = 0

    def add(self, tokens: Sequence[int], position: int, slot: int, is_last: bool) -> int:
        """Append `tokens` of `slot`; returns the index of the last one.

        `is_last` says whether what follows it is wanted.
        """
        for offset, token in enumerate(tokens):
            index = self._size + offset
            self._tokens[index], self._positions[index] = token, position + offset
            self._slots[index], self._wanted[index] = slot, 0
        self._size += len(tokens)
        self._wanted[self._size - 1] = is_last
        return self._size - 1

    def value(self) -> Any:
        return lib.Batch(
            self._size,
            self._tokens,
            None,
            self._positions,
            self._num_slots,
            self._slot_pointers,
            self._wanted,
        )
