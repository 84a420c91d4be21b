"""Experts of a mixture kept in int8 or int4, made whole again only where a token needs them.

int8 has one scale a row, int4 one for every 128 (64, 32) columns of a row. Rounding is symmetric:
weight = code * scale. Knows nothing of checkpoints; one weight at a time is handed to `fill`.

On a CPU torch's own kernels multiply by the codes, in bfloat16. Elsewhere chosen experts are
dequantised to the compute dtype and multiplied as a batch, without waiting for the device, so
that a CUDA graph can capture it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from thinktalk.errors import CheckpointInvalid

Bits = Literal[8, 4]

_GROUPS = (128, 64, 32)
# Torch's kernels go through the codes once a token, so that many tokens are faster dequantised.
_FEW_ROWS = 16


class QuantizedExperts(nn.Module):  # type: ignore[misc]
    """Stands in for the experts of a thinker or talker layer.

    `gate_up_proj` (E, 2 I, H) and `down_proj` (E, H, I) are those of the module it replaces until
    `fill` puts codes in their place, and scales beside them.
    """

    def __init__(self, experts: Any, bits: Bits, *, on_cpu: bool) -> None:
        """Take the place of `experts`, whose weights may be on the meta device.

        `on_cpu` is where they will be used, and decides how codes are laid out.
        """
        super().__init__()
        self.num_experts: int = experts.num_experts
        self.act_fn: Callable[[Tensor], Tensor] = experts.act_fn
        self.bits, self.on_cpu = bits, on_cpu
        for name in ("gate_up_proj", "down_proj"):
            shape = getattr(experts, name).shape
            _group(shape[-2], shape[-1], bits)
            weight = torch.empty(shape, dtype=getattr(experts, name).dtype, device="meta")
            setattr(self, name, nn.Parameter(weight, requires_grad=False))

    def fill(self, name: str, weight: Tensor) -> None:
        """Keep `weight` (E, rows, columns) quantised, on its own device."""
        pack = _packed_for_cpu if self.on_cpu else _packed
        codes, scales = zip(*(pack(expert, self.bits) for expert in weight), strict=True)
        for key, parts in ((name, codes), (name.replace("proj", "scale"), scales)):
            kept = nn.Parameter(torch.stack(parts), requires_grad=False)
            kept._is_hf_initialized = True  # or Transformers fills it with random numbers
            setattr(self, key, kept)

    def forward(self, hidden_states: Tensor, top_k_index: Tensor, top_k_weights: Tensor) -> Tensor:
        """What the chosen experts say of each token, weighted and summed.

        Args:
            hidden_states: (N, H).
            top_k_index: (N, K), experts.
            top_k_weights: (N, K).
        """
        num_tokens, top_k = top_k_index.shape
        rows, chosen = hidden_states.repeat_interleave(top_k, 0), top_k_index.flatten()
        if self.on_cpu:
            said = self._one_by_one(rows, chosen)
        elif 2 * len(chosen) <= self.num_experts:
            said = self._gathered(rows, chosen)
        else:
            said = self._grouped(rows, chosen)
        weighted = said.view(num_tokens, top_k, -1) * top_k_weights[..., None]
        return weighted.sum(1).to(hidden_states.dtype)

    def _one_by_one(self, rows: Tensor, chosen: Tensor) -> Tensor:
        """Expert chosen[i] of rows[i] (P, H), every expert once."""
        order = chosen.argsort()
        counts = chosen.bincount(minlength=self.num_experts).tolist()
        parts = rows[order].to(torch.bfloat16).split(counts)
        said = [self._say(part, expert) for expert, part in enumerate(parts) if len(part)]
        out = torch.empty_like(rows)
        out[order] = torch.cat(said).to(rows.dtype)
        return out

    def _say(self, rows: Tensor, expert: int) -> Tensor:
        both = _linear_on_cpu(rows, self.gate_up_proj[expert], self.gate_up_scale[expert])
        return _linear_on_cpu(self._gated(both), self.down_proj[expert], self.down_scale[expert])

    def _gathered(self, rows: Tensor, chosen: Tensor) -> Tensor:
        """Expert chosen[i] of rows[i] (P, H) from a dequantised copy for every i: few rows."""
        gate_up = _dense(self.gate_up_proj[chosen], self.gate_up_scale[chosen])
        both = torch.bmm(gate_up, rows[..., None])[..., 0]
        down = _dense(self.down_proj[chosen], self.down_scale[chosen])
        return torch.bmm(down, self._gated(both)[..., None])[..., 0]

    def _grouped(self, rows: Tensor, chosen: Tensor) -> Tensor:
        """Expert chosen[i] of rows[i] (P, H) with all dequantised for a moment: a prompt."""
        experts, order = chosen.sort()
        each = torch.arange(self.num_experts, device=chosen.device)
        ends = torch.searchsorted(experts, each, right=True, out_int32=True)
        gate_up = _dense(self.gate_up_proj, self.gate_up_scale)
        both = nn.functional.grouped_mm(rows[order], gate_up.transpose(-2, -1), offs=ends)
        del gate_up
        down = _dense(self.down_proj, self.down_scale)
        said = nn.functional.grouped_mm(self._gated(both), down.transpose(-2, -1), offs=ends)
        out = torch.empty_like(rows)
        out[order] = said
        return out

    def _gated(self, both: Tensor) -> Tensor:
        gate, up = both.chunk(2, -1)
        return self.act_fn(gate) * up


def _group(rows: int, columns: int, bits: Bits) -> int:
    """How many columns share a scale."""
    if bits == 8:
        return columns
    group = next((size for size in _GROUPS if columns % size == 0), None)
    if group is None or rows % 16:
        raise CheckpointInvalid(
            "qwen_omni.quantize",
            f"experts of {rows} x {columns} do not fit int4, which needs rows in 16s and columns "
            "in 32s: load with int8 or without quantisation",
        )
    return group


def _rounded(weight: Tensor, bits: Bits, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Codes as float32 (rows, groups, group), and their scales in `dtype` (rows, groups, 1).

    int4 has one code more below zero than above: the widest weight of a group gets -8 whatever its
    sign, which leaves 12 % less error on normal weights than a scale of widest / 7.
    """
    grouped = weight.float().unflatten(-1, (-1, _group(len(weight), weight.shape[-1], bits)))
    low, high = grouped.aminmax(dim=-1, keepdim=True)
    widest = torch.where(high > -low, high, low)
    scale = widest.abs() / 127 if bits == 8 else widest / -8
    scale = torch.where(scale == 0, 1.0, scale).to(dtype)
    least, most = (-127, 127) if bits == 8 else (-8, 7)
    return (grouped / scale.float()).round().clamp(least, most), scale


def _packed(weight: Tensor, bits: Bits) -> tuple[Tensor, Tensor]:
    """int8 (rows, columns), or uint8 (rows, columns / 2) of a group's left half and right half."""
    codes, scale = _rounded(weight, bits, weight.dtype)
    if bits == 8:
        return codes.to(torch.int8).flatten(1), scale[..., 0]
    left, right = (codes + 8).to(torch.uint8).chunk(2, -1)
    return (left | right << 4).flatten(1), scale[..., 0]


def _dense(codes: Tensor, scale: Tensor) -> Tensor:
    """The weights (E, rows, columns) that `_packed` made codes and scale (E, rows, groups) of."""
    grouped = codes.unflatten(-1, (scale.shape[-1], -1))
    if codes.dtype == torch.uint8:
        halves = torch.cat((grouped & 15, grouped >> 4), -1)
        grouped = halves.to(scale.dtype).sub_(8)
    else:
        grouped = grouped.to(scale.dtype)
    return grouped.mul_(scale[..., None]).flatten(-2)


def _packed_for_cpu(weight: Tensor, bits: Bits) -> tuple[Tensor, Tensor]:
    """Codes and scales as torch's CPU kernels want them; int4 in an order of the processor's."""
    codes, scale = _rounded(weight, bits, torch.bfloat16)
    if bits == 8:
        return codes.to(torch.int8).flatten(1), scale[:, 0, 0]
    codes = (codes + 8).to(torch.int32).flatten(1)
    scale = scale[..., 0].t()  # (groups, rows), each with its zero point
    return (
        torch.ops.aten._convert_weight_to_int4pack_for_cpu(codes, 1),
        torch.stack((scale, torch.zeros_like(scale)), -1),
    )


def _linear_on_cpu(rows: Tensor, codes: Tensor, scale: Tensor) -> Tensor:
    """rows (n, columns) times one expert's weight, transposed: (n, rows of the weight)."""
    if codes.dtype == torch.uint8:
        group = rows.shape[-1] // len(scale)
        return torch.ops.aten._weight_int4pack_mm_for_cpu(rows, codes, group, scale)
    if len(rows) <= _FEW_ROWS:
        return torch.ops.aten._weight_int8pack_mm(rows, codes, scale)
    return nn.functional.linear(rows, codes.to(rows.dtype)) * scale
