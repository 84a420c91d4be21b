"""Prompts through Transformers' layers, piece by piece and straight into a slot of our cache."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from thinktalk.engines.qwen_omni.cache import Cache


class Prefill:
    """Reads one prompt into a slot, from its first token on.

    Args:
        model: Transformers' layers, of the thinker or the talker.
        coordinates: rotary positions of the prompt's n tokens, (3, 1, n).
    """

    def __init__(self, model: Any, cache: Cache, slot: int, coordinates: Tensor) -> None:
        self._model, self._coordinates = model, coordinates
        self._slot = _Slot(cache, slot)
        cache.clear(slot)

    def __call__(self, vectors: Tensor, **more: Any) -> Any:
        """What the model returns for the next tokens, vectors (1, m, hidden_size)."""
        start = self._slot.get_query_offset()
        end = start + vectors.shape[1]
        coordinates = self._coordinates[..., start:end].to(vectors.device)
        told = torch.arange(start, end, device=vectors.device).expand(1, 1, -1)
        return self._model(
            inputs_embeds=vectors,
            attention_mask=torch.ones(1, end, dtype=torch.long, device=vectors.device),
            position_ids=torch.cat((told.to(coordinates), coordinates)),
            cache=self._slot,
            use_cache=True,
            **more,
        )


class _Slot:
    """A slot of `Cache` as Transformers (5.24) takes its own: this is all that it asks of one."""

    is_compileable = False

    def __init__(self, cache: Cache, slot: int) -> None:
        self._cache, self._slot = cache, slot
        self._lengths = [0] * len(cache.keys)

    def update(
        self, keys: Tensor, values: Tensor, layer: int, **_: object
    ) -> tuple[Tensor, Tensor]:
        """Write (1, num_kv_heads, m, head_dim) of the next tokens; returns all there are."""
        start = self._lengths[layer]
        self._lengths[layer] = start + keys.shape[2]
        return self._cache.write(layer, self._slot, start, keys, values)

    def get_query_offset(self, layer: int = 0) -> int:
        return self._lengths[layer]

    def get_mask_sizes(self, num_tokens: int, layer: int = 0) -> tuple[int, int]:
        return self._lengths[layer] + num_tokens, 0
