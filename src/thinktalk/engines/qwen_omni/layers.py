"""Decode steps of a stack of transformer layers, one token per conversation at a time.

Reads the weights of Transformers' modules, which do the prefill, and computes what they compute
without masks, cache objects and keyword arguments on the way. Knows nothing of texts and sounds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from thinktalk.engines.qwen_omni.experts import Experts

# How the new token's query, key and value become what is attended: by whoever holds the cache.
Attend = Callable[[int, Tensor, Tensor, Tensor], Tensor]


class Rotary:
    """Cosines and sines of rotary positions, as the module computes them for equal coordinates."""

    def __init__(self, module: Any) -> None:
        self._frequencies = module.inv_freq.float()
        self._scaling = module.attention_scaling

    def __call__(self, positions: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Of positions (num_rows,), for `rotated`: two tensors (num_rows, 1, head_dim)."""
        angles = positions[:, None].float() * self._frequencies.to(positions.device)
        cos, sin = angles.cos() * self._scaling, angles.sin() * self._scaling
        cos, sin = torch.cat((cos, cos), -1), torch.cat((-sin, sin), -1)
        return cos[:, None].to(dtype), sin[:, None].to(dtype)


def rotated(x: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
    """Turn each pair of coordinates, the i-th of either half of the last dimension."""
    cos, sin = rotary
    return torch.addcmul(x * cos, x.roll(x.shape[-1] // 2, -1), sin)


class Projection:
    """Linear modules that read the same input, as one matrix, of which they then are parts."""

    def __init__(self, *modules: Any) -> None:
        self.weight = _joined([module.weight for module in modules])
        has_bias = modules[0].bias is not None
        self.bias = _joined([module.bias for module in modules]) if has_bias else None

    def __call__(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)

    def added(self, x: Tensor, residual: Tensor) -> Tensor:
        """On top of a residual, in one product."""
        if self.bias is not None:
            return residual + self(x)
        return torch.addmm(residual, x, self.weight.t())


def _joined(parameters: Sequence[Any]) -> Tensor:
    """All in one tensor, in whose memory they lie afterwards: nothing is held twice."""
    if len(parameters) == 1:
        return cast(Tensor, parameters[0].detach())
    whole = torch.cat([parameter.detach() for parameter in parameters])
    for parameter, part in zip(parameters, whole.split([len(p) for p in parameters]), strict=True):
        parameter.data = part
    return whole


class Norm:
    """Root mean square norm over the last dimension.

    Args:
        modules: with how many of the rows before the last dimension each is for.
    """

    def __init__(self, *modules: tuple[Any, int]) -> None:
        weights = [module.weight.detach().expand(count, -1) for module, count in modules]
        self._weight = torch.cat(weights).squeeze(0)
        self._epsilon = modules[0][0].variance_epsilon
        size = self._weight.shape[-1]
        is_plain = self._weight.device.type == "cpu" and self._weight.dtype == torch.float32
        # In four operations, of which PyTorch's own takes a dozen on processors.
        self._scale = self._weight * size**0.5 if is_plain else None
        self._least = torch.tensor((size * self._epsilon) ** 0.5)

    def __call__(self, x: Tensor) -> Tensor:
        if self._scale is None:
            if self._weight.dim() == 1:
                return F.rms_norm(x, x.shape[-1:], self._weight, self._epsilon)
            return F.rms_norm(x, x.shape[-1:], None, self._epsilon) * self._weight
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        return x / torch.hypot(length, self._least) * self._scale


class GatedMlp:
    """SiLU-gated feed forward of a dense layer."""

    def __init__(self, module: Any) -> None:
        self._gate_up = Projection(module.gate_proj, module.up_proj)
        self._down = Projection(module.down_proj)

    def __call__(self, x: Tensor) -> Tensor:
        gate, up = self._gate_up(x).chunk(2, -1)
        return self._down(F.silu(gate) * up)

    def added(self, x: Tensor, residual: Tensor) -> Tensor:
        gate, up = self._gate_up(x).chunk(2, -1)
        return self._down.added(F.silu(gate) * up, residual)


class SparseMlp:
    """Feed forward of the experts that the router chooses, and one for all where there is one."""

    def __init__(self, module: Any) -> None:
        gate = module.gate
        self._router, self._top_k = gate.weight.detach(), gate.top_k
        self._is_normalised = gate.norm_topk_prob
        self._experts = Experts(module.experts)
        self._shared: GatedMlp | None = None
        if hasattr(module, "shared_expert"):
            self._shared = GatedMlp(module.shared_expert)
            self._shared_gate = module.shared_expert_gate.weight.detach()

    def __call__(self, x: Tensor) -> Tensor:
        odds = F.softmax(F.linear(x, self._router), -1, dtype=torch.float)
        shares, chosen = odds.topk(self._top_k, -1)
        if self._is_normalised:
            shares = shares / shares.sum(-1, keepdim=True)
        y = self._experts(x, chosen, shares.to(x.dtype))
        if self._shared is None:
            return y
        share = torch.sigmoid(F.linear(x, self._shared_gate))
        return torch.addcmul(y, share, self._shared(x))

    def added(self, x: Tensor, residual: Tensor) -> Tensor:
        return residual + self(x)


class Layer:
    """One layer of the thinker, the talker or the code predictor."""

    def __init__(self, index: int, module: Any) -> None:
        attention = module.self_attn
        config = attention.config
        self.device = attention.o_proj.weight.device
        self._index = index
        self._head_dim = attention.head_dim
        self._num_heads = config.num_attention_heads
        self._num_kv_heads = config.num_key_value_heads
        self._qkv = Projection(attention.q_proj, attention.k_proj, attention.v_proj)
        self._out = Projection(attention.o_proj)
        self._norm = Norm(
            (attention.q_norm, self._num_heads), (attention.k_norm, self._num_kv_heads)
        )
        self._before = Norm((module.input_layernorm, 1))
        self._between = Norm((module.post_attention_layernorm, 1))
        is_sparse = hasattr(module.mlp, "experts")
        self._mlp = SparseMlp(module.mlp) if is_sparse else GatedMlp(module.mlp)

    def __call__(self, x: Tensor, rotary: tuple[Tensor, Tensor], attend: Attend) -> Tensor:
        """Of x (num_rows, hidden_size)."""
        num_rows, heads, shared = len(x), self._num_heads, self._num_kv_heads
        projected = self._qkv(self._before(x)).view(num_rows, -1, self._head_dim)
        both, value = projected.split((heads + shared, shared), 1)
        query, key = rotated(self._norm(both), rotary).split((heads, shared), 1)
        query = query.view(num_rows, shared, heads // shared, self._head_dim)
        attended = attend(self._index, query, key, value).reshape(num_rows, -1)
        x = self._out.added(attended, x)
        return self._mlp.added(self._between(x), x)


class Stack:
    """The layers of one of Transformers' decoder models, and its last norm."""

    def __init__(self, model: Any) -> None:
        self.layers = [Layer(index, layer) for index, layer in enumerate(model.layers)]
        self.rotary = Rotary(model.rotary_emb)
        self._norm = Norm((model.norm, 1))
        self._end = model.norm.weight.device

    @property
    def devices(self) -> list[torch.device]:
        return [layer.device for layer in self.layers]

    def __call__(self, x: Tensor, positions: Tensor, attend: Attend) -> Tensor:
        """Of x (num_rows, hidden_size) at positions (num_rows,): the last hidden states."""
        rotary = self.rotary(positions, x.dtype)
        for layer in self.layers:
            if x.device != layer.device:
                x = x.to(layer.device)
                rotary = (rotary[0].to(layer.device), rotary[1].to(layer.device))
            x = layer(x, rotary, attend)
        return self._norm(x.to(self._end))
