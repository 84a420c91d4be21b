"""Keys and values of the conversations in progress, laid out once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Rows:
    """Where each row of a batch stands: one new token per row.

    Attributes:
        slots: which conversation's cache.
        lengths: how many tokens that holds already; the new one is written behind them.
        positions: rotary position of the new token, the same in time, height and width.
    """

    slots: tuple[int, ...]
    lengths: tuple[int, ...]
    positions: tuple[float, ...]

    @classmethod
    def one(cls, slot: int, length: int, position: float) -> Rows:
        return cls((slot,), (length,), (position,))

    @classmethod
    def joined(cls, each: Sequence[Rows]) -> Rows:
        return cls(
            tuple(slot for rows in each for slot in rows.slots),
            tuple(length for rows in each for length in rows.lengths),
            tuple(position for rows in each for position in rows.positions),
        )


class Cache:
    """Keys and values of `slots` conversations of up to `capacity` tokens each.

    Per layer two tensors of shape (slots, num_kv_heads, capacity + 1, head_dim), on the layer's
    device; the last place is for what nobody is to read.
    """

    def __init__(
        self,
        devices: Sequence[torch.device],
        dtype: torch.dtype,
        *,
        slots: int,
        capacity: int,
        num_kv_heads: int,
        head_dim: int,
    ) -> None:
        shape = (slots, num_kv_heads, capacity + 1, head_dim)
        self.slots, self.capacity = slots, capacity
        self.keys = [torch.zeros(shape, dtype=dtype, device=device) for device in devices]
        self.values = [torch.zeros(shape, dtype=dtype, device=device) for device in devices]

    def clear(self, slot: int) -> None:
        """Make ready for another conversation."""
        for kept in (*self.keys, *self.values):
            if kept.is_cuda:  # graphs read on, and a NaN left there would reach what is masked
                kept[slot] = 0

    def write(
        self, layer: int, slot: int, start: int, keys: Tensor, values: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Write some tokens of one slot, (1, num_kv_heads, n, head_dim), behind `start` others.

        Returns keys and values of all of them, (1, num_kv_heads, start + n, head_dim).
        """
        held = []
        for kept, new in ((self.keys[layer], keys), (self.values[layer], values)):
            end = start + new.shape[2]
            kept[slot, :, start:end] = new[0]
            held.append(kept[slot, None, :, :end])
        return held[0], held[1]

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, rows: Rows) -> Tensor:
        """Write one token per row and attend to all that its slot holds.

        Args:
            query: (num_rows, num_kv_heads, group, head_dim), the heads that share a key together.
            key, value: (num_rows, num_kv_heads, head_dim).
        Returns:
            Shaped as `query`.
        """
        keys, values = self.keys[layer], self.values[layer]
        attended = []
        for row, (slot, length) in enumerate(zip(rows.slots, rows.lengths, strict=True)):
            keys[slot, :, length] = key[row]
            values[slot, :, length] = value[row]
            # Heads that share a key stand where queries stand: none of it has to be repeated.
            attended.append(
                F.scaled_dot_product_attention(
                    query[row, None],
                    keys[slot, None, :, : length + 1],
                    values[slot, None, :, : length + 1],
                )
            )
        return attended[0] if len(attended) == 1 else torch.cat(attended)

    def attend_all(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, lengths: Tensor, span: int
    ) -> Tensor:
        """As `attend` for slots 0, 1, …, with lengths on the device and nothing done by the host.

        `lengths` has shape (num_rows,); `span` is above all that count.
        """
        count = len(lengths)
        keys, values = self.keys[layer], self.values[layer]
        row = torch.arange(count, device=lengths.device)
        keys[row, :, lengths] = key
        values[row, :, lengths] = value
        seen = torch.arange(span, device=lengths.device) <= lengths[:, None]
        return F.scaled_dot_product_attention(
            query, keys[:count, :, :span], values[:count, :, :span], attn_mask=seen[:, None, None]
        )
