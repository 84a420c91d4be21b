"""The code predictor: of each frame, codes 1 to 15 one after the other from the talker's code 0."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from thinktalk.engines.qwen_omni.layers import Stack
from thinktalk.engines.qwen_omni.sampling import Drawing, draw

# As `generate` of Transformers draws them (5.24).
SAMPLED = Drawing(temperature=1.0, top_k=50, top_p=0.8)


class CodePredictor:
    """Predicts for all rows at once: each frame starts anew, so all stand at the same place."""

    def __init__(self, module: Any, drawing: Drawing) -> None:
        self._stack = Stack(module.model)
        self._embeddings = [each.weight.detach() for each in module.model.codec_embedding]
        self._heads = [head.weight.detach() for head in module.lm_head]
        self._drawing = drawing
        attention = module.model.layers[0].self_attn
        self._kept = (module.config.num_key_value_heads, attention.head_dim)

    @property
    def num_codes(self) -> int:
        return len(self._heads)

    def __call__(self, hidden: Tensor, embedded: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Codes 1 to 15, and the sum of the embeddings of all 16.

        Args:
            hidden: the talker's last hidden states, (num_rows, hidden_size).
            embedded: the talker's embeddings of code 0, (num_rows, hidden_size).
            numbers: that decide the draws, (num_rows, num_codes).
        Returns:
            Shapes (num_rows, num_codes), int64, and (num_rows, hidden_size).
        """
        frame = _Frame(len(hidden), len(self._stack.layers), self.num_codes + 1, self._kept, hidden)
        codes, total = [], embedded
        x = frame.begin(self._stack, hidden, embedded)
        for place, (head, embedding) in enumerate(zip(self._heads, self._embeddings, strict=True)):
            codes.append(draw(F.linear(x, head), numbers[:, place], self._drawing))
            embedded = embedding.index_select(0, codes[-1])
            total = total + embedded
            if place + 1 < self.num_codes:
                x = frame.step(self._stack, embedded)
        return torch.stack(codes, 1), total


class _Frame:
    """Keys and values of the positions of one frame."""

    def __init__(
        self, num_rows: int, num_layers: int, length: int, kept: tuple[int, int], like: Tensor
    ) -> None:
        self._kept = like.new_empty(num_layers, 2, num_rows, kept[0], length, kept[1])
        self._num_rows = num_rows
        self._positions = torch.arange(length, device=like.device)
        self._end = 0

    def begin(self, stack: Stack, first: Tensor, second: Tensor) -> Tensor:
        """The first two positions in one go; of them the hidden states of the second."""
        self._end = 2
        positions = self._positions[:2].repeat_interleave(self._num_rows)
        return stack(torch.cat((first, second)), positions, self._attend_both)[self._num_rows :]

    def step(self, stack: Stack, x: Tensor) -> Tensor:
        """One more position."""
        self._end += 1
        return stack(x, self._positions[self._end - 1 : self._end], self._attend)

    def _attend_both(self, layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        keys, values = self._kept[layer]
        keys[:, :, 0], keys[:, :, 1] = key.chunk(2)
        values[:, :, 0], values[:, :, 1] = value.chunk(2)
        # The first sees but itself.
        alone = value[: self._num_rows, :, None].expand_as(query[: self._num_rows])
        later = query[self._num_rows :]
        both = F.scaled_dot_product_attention(later, keys[:, :, :2], values[:, :, :2])
        return torch.cat((alone, both))

    def _attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        keys, values = self._kept[layer]
        place = self._end - 1
        keys[:, :, place], values[:, :, place] = key, value
        return F.scaled_dot_product_attention(
            query, keys[:, :, : self._end], values[:, :, : self._end]
        )
