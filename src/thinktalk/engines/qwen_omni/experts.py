"""Feed forward of chosen experts, for the few tokens of a decode step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

Route = Callable[[Tensor, Tensor, Tensor], Tensor]


class Experts:
    """Calls (x (n, hidden_size), chosen (n, k), shares (n, k)) -> (n, hidden_size).

    On processors expert by expert, as the host can see which are chosen; on CUDA all at once, so
    that nothing waits for the host. Weights of other kinds are left to the module itself.
    """

    def __init__(self, module: Any) -> None:
        self._route: Route = module
        weights = [getattr(module, name, None) for name in ("gate_up_proj", "down_proj")]
        if not all(isinstance(w, torch.Tensor) and w.is_floating_point() for w in weights):
            return
        self._gate_up, self._down = (weight.detach() for weight in weights if weight is not None)
        if self._gate_up.device.type == "cpu":
            self._route = self._one_by_one
            self._each = list(zip(self._gate_up.unbind(), self._down.unbind(), strict=True))
        elif self._gate_up.dtype == torch.bfloat16:  # of CUDA's grouped products the only dtype
            self._route = self._grouped

    def __call__(self, x: Tensor, chosen: Tensor, shares: Tensor) -> Tensor:
        return self._route(x, chosen, shares)

    def _one_by_one(self, x: Tensor, chosen: Tensor, shares: Tensor) -> Tensor:
        if len(x) == 1:
            return self._of_one(x, chosen, shares)
        y = torch.zeros_like(x)
        for expert in chosen.unique().tolist():
            row, place = (chosen == expert).nonzero(as_tuple=True)
            y.index_add_(0, row, self._expert(x[row], expert) * shares[row, place, None])
        return y

    def _of_one(self, x: Tensor, chosen: Tensor, shares: Tensor) -> Tensor:
        y = torch.zeros_like(x)
        for expert, share in zip(chosen[0].tolist(), shares[0].tolist(), strict=True):
            y.add_(self._expert(x, expert), alpha=share)
        return y

    def _expert(self, x: Tensor, expert: int) -> Tensor:
        gate_up, down = self._each[expert]
        gate, up = F.linear(x, gate_up).chunk(2, -1)
        return F.linear(F.silu(gate) * up, down)

    def _grouped(self, x: Tensor, chosen: Tensor, shares: Tensor) -> Tensor:
        num_chosen = chosen.shape[1]
        by_expert = chosen.flatten()
        order = by_expert.argsort()
        counts = torch.zeros(len(self._gate_up), dtype=torch.int32, device=x.device)
        counts.scatter_add_(0, by_expert, torch.ones_like(by_expert, dtype=torch.int32))
        ends = counts.cumsum(0, dtype=torch.int32)
        grouped = F.grouped_mm(x[order // num_chosen], self._gate_up.transpose(1, 2), offs=ends)
        gate, up = grouped.chunk(2, -1)
        grouped = F.grouped_mm(F.silu(gate) * up, self._down.transpose(1, 2), offs=ends)
        # Back to the order of tokens; adding up by index would be in another order each time.
        y = torch.empty_like(grouped)
        y[order] = grouped
        return (y.view(*chosen.shape, -1) * shares[..., None]).sum(1)
