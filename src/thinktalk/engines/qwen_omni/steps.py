"""One token more in each of some conversations: on processors row by row, on CUDA by graphs."""

from __future__ import annotations

import torch
from torch import Tensor

from thinktalk.engines.qwen_omni.cache import Cache, Rows
from thinktalk.engines.qwen_omni.graphs import Capture, bucket, sizes
from thinktalk.engines.qwen_omni.layers import Stack

_SHORTEST_SPAN = 512  # tokens


class Steps:
    """The steps of a stack with the cache it reads and writes.

    A graph cannot choose rows by itself: it takes slots 0, 1, …, and those that take no step write
    where nobody reads.

    Args:
        capture: makes graphs; None where there are none, as on processors and over several cards.
    """

    def __init__(self, stack: Stack, cache: Cache, capture: Capture | None) -> None:
        self._stack, self._cache = stack, cache
        self._graphs = None if capture is None else capture(self._dense)

    def __call__(self, vectors: Tensor, rows: Rows) -> Tensor:
        """The last hidden states (num_rows, hidden_size) after vectors of the same shape."""
        if self._graphs is None:
            return self._row_by_row(vectors, rows)
        count, span = self._size(rows)
        slots = torch.tensor(rows.slots, device=vectors.device)
        lengths, positions = torch.full((count,), self._cache.capacity), torch.zeros(count)
        lengths[list(rows.slots)] = torch.tensor(rows.lengths)
        positions[list(rows.slots)] = torch.tensor(rows.positions, dtype=torch.float)
        lengths, positions = lengths.to(vectors.device), positions.to(vectors.device)
        spread = vectors.new_zeros(count, vectors.shape[1])
        spread[slots] = vectors
        (hidden,) = self._graphs((count, span), spread, lengths, positions)
        return hidden[slots]

    def capture(self, like: Tensor) -> None:
        """Prepare every size that there may be, with vectors like (1, hidden_size) that go nowhere.

        Captured on first use it would keep everybody waiting.
        """
        if self._graphs is None:
            return
        nowhere = self._cache.capacity
        for count in sizes(1, self._cache.slots):
            for span in sizes(_SHORTEST_SPAN, self._cache.capacity):
                places = torch.full((count,), nowhere, device=like.device)
                self._graphs((count, span), like.repeat(count, 1), places, places.float())

    def _size(self, rows: Rows) -> tuple[int, int]:
        """How many slots a graph takes for these rows, and how far it looks back."""
        count = min(bucket(max(rows.slots) + 1), self._cache.slots)
        span = max(_SHORTEST_SPAN, bucket(max(rows.lengths) + 1))
        return count, min(span, self._cache.capacity)

    def _dense(
        self, size: tuple[int, int], vectors: Tensor, lengths: Tensor, positions: Tensor
    ) -> tuple[Tensor]:
        """What a graph is captured of: slots 0, 1, …, all of them."""

        def attend(layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
            return self._cache.attend_all(layer, query, key, value, lengths, size[1])

        return (self._stack(vectors, positions, attend),)

    def _row_by_row(self, vectors: Tensor, rows: Rows) -> Tensor:
        positions = torch.tensor(rows.positions, dtype=torch.float, device=vectors.device)

        def attend(layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
            return self._cache.attend(layer, query, key, value, rows)

        return self._stack(vectors, positions, attend)
