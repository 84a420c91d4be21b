"""Drawing the next token or code from what the model thinks of each.

Draws are decided by numbers that the caller brings, one per draw, uniform in [0, 1): a seed gives
the same reply whoever else is answered at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from thinktalk.engines.base import Sampling

_ALL_BITS = (1 << 64) - 1  # seeds may be negative


@dataclass(frozen=True, slots=True)
class Drawing:
    """Of whom the draw is: `temperature` 0 takes the likeliest, `top_k` 0 and `top_p` 1 all."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0


def draw(scores: Tensor, numbers: Tensor, drawing: Drawing) -> Tensor:
    """One of each row of scores (num_rows, num_choices), by numbers (num_rows,); int64.

    First the `top_k` remain, of them as many as `top_p` of the probability needs.
    """
    if drawing.temperature == 0:
        return scores.argmax(-1)
    num_choices = scores.shape[-1]
    num_kept = min(drawing.top_k or num_choices, num_choices)
    best, order = scores.float().topk(num_kept, -1)
    odds = torch.softmax(best / drawing.temperature, -1)
    reached = odds.cumsum(-1)
    if drawing.top_p < 1:
        # The one that reaches top_p stays, as the likeliest does in any case.
        odds = odds * (reached - odds < max(drawing.top_p, 1e-9))
        reached = odds.cumsum(-1)
    goal = numbers[:, None].to(reached) * reached[:, -1:]
    place = (reached <= goal).sum(-1, keepdim=True)
    # A number just below 1 may have been rounded to it.
    place = place.minimum((odds > 0).sum(-1, keepdim=True) - 1)
    return order.gather(-1, place)[:, 0]


class TextSampler:
    """Draws the tokens of one reply, as `sampling` asks; without a seed each time others."""

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self._drawing = Drawing(sampling.temperature, sampling.top_k, sampling.top_p)
        self._numbers = numbers(sampling.seed)
        self._counts: dict[int, int] = {}
        self._prompt = torch.tensor([], dtype=torch.long)

    def read(self, prompt: Tensor) -> None:
        """Note the ids (n,) of the prompt, which a repetition penalty counts as said."""
        if self._sampling.repetition_penalty != 1:
            self._prompt = prompt.unique()

    def __call__(self, scores: Tensor) -> int:
        """The next id, from scores (vocabulary_size,)."""
        scores = self._penalised(scores.float())
        number = torch.tensor([self._numbers.random()], device=scores.device)
        chosen = int(draw(scores[None], number, self._drawing))
        self._counts[chosen] = self._counts.get(chosen, 0) + 1
        return chosen

    def _penalised(self, scores: Tensor) -> Tensor:
        sampling, device = self._sampling, scores.device
        if sampling.repetition_penalty != 1:
            said = torch.tensor(list(self._counts), dtype=torch.long)
            ids = torch.cat((said, self._prompt)).unique().to(device)
            scores = scores.index_copy(0, ids, repelled(scores[ids], sampling.repetition_penalty))
        if (sampling.presence_penalty or sampling.frequency_penalty) and self._counts:
            said = torch.tensor(list(self._counts), device=device)
            counts = torch.tensor(list(self._counts.values()), device=device)
            cost = sampling.presence_penalty + sampling.frequency_penalty * counts
            scores = scores.index_add(0, said, -cost.to(scores.dtype))
        return scores


def numbers(seed: int | None, *, of: int = 0) -> np.random.Generator:
    """What decides the draws of a seed; another sequence `of` each part of a reply."""
    return np.random.default_rng(None if seed is None else (seed & _ALL_BITS, of))


def repelled(scores: Tensor, penalty: float) -> Tensor:
    """Scores of what was said already, less likely by `penalty` (Keskar et al. 2019, CTRL)."""
    return torch.where(scores < 0, scores * penalty, scores / penalty)
