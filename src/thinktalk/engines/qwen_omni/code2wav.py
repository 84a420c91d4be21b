"""Codes to sound, frame by frame: exact and without gaps, by what each layer carries on.

The decoder is causal, but each of its transposed convolutions that overlaps its neighbours drops
the block before its first: of the released shapes 555 samples, so that the first frame sounds 1365
samples and each further one 1920. Here a stream's first frame has all its samples, what should be
dropped is kept zero on the way, as padding would be, and cut off at the end. So every step has the
same shapes. Knows nothing of who speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from thinktalk.engines.qwen_omni.graphs import Capture
from thinktalk.engines.qwen_omni.layers import GatedMlp, Norm, Projection, Rotary, rotated


@dataclass(frozen=True, slots=True)
class Step:
    """What a step reads besides codes.

    Attributes:
        slot: (1,) int64, whose stream it is.
        start: (1,) int64, how many frames that has had.
    """

    slot: Tensor
    start: Tensor


class Carried:
    """The last inputs of a layer, per stream: (slots, channels, length), zero at the start."""

    def __init__(self, slots: int, channels: int, length: int, like: Tensor) -> None:
        self._length = length
        self._kept = like.new_zeros(slots, channels, length)

    def extend(self, x: Tensor, step: Step) -> Tensor:
        """What came before and x (1, channels, n), in one; keeps the end of it."""
        x = torch.cat((self._kept.index_select(0, step.slot), x), -1)
        self._kept.index_copy_(0, step.slot, x[..., x.shape[-1] - self._length :])
        return x

    def clear(self, slot: int) -> None:
        self._kept[slot] = 0


class Convolution:
    """A causal convolution."""

    def __init__(self, module: Any, carried: Callable[[int, int], Carried]) -> None:
        conv = module.conv
        self._weight, self._bias = conv.weight.detach(), conv.bias.detach()
        self._dilation, self._groups = conv.dilation, conv.groups
        self._carried = carried(conv.in_channels, module.padding) if module.padding else None

    def __call__(self, x: Tensor, step: Step) -> Tensor:
        if self._carried is not None:
            x = self._carried.extend(x, step)
        return F.conv1d(x, self._weight, self._bias, dilation=self._dilation, groups=self._groups)


class Upsampling:
    """A transposed convolution that looks at this input and, where it overlaps, the one before.

    `delay` is how many samples of a stream's beginning do not exist, at the rate of the output.
    """

    def __init__(self, module: Any, carried: Callable[[int, int], Carried], delay: int) -> None:
        conv = module.conv
        self._weight, self._bias = conv.weight.detach(), conv.bias.detach()
        self._factor = conv.stride[0]
        overlaps = conv.kernel_size[0] // self._factor
        assert conv.kernel_size[0] == overlaps * self._factor and overlaps <= 2
        self._carried = carried(conv.in_channels, 1) if overlaps == 2 else None
        self.delay = (delay + overlaps - 1) * self._factor

    def __call__(self, x: Tensor, step: Step) -> Tensor:
        if self._carried is None:
            return F.conv_transpose1d(x, self._weight, self._bias, stride=self._factor)
        x = self._carried.extend(x, step)
        x = F.conv_transpose1d(x, self._weight, self._bias, stride=self._factor)
        return x[..., self._factor : x.shape[-1] - self._factor]


class Snake:
    """x + sin²(αx) / β, per channel."""

    def __init__(self, module: Any) -> None:
        self._alpha = module.alpha.detach().exp()[:, None]
        self._inverse = (1.0 / (module.beta.detach().exp() + module.no_div_by_zero))[:, None]

    def __call__(self, x: Tensor) -> Tensor:
        return torch.addcmul(x, (x * self._alpha).sin_().square_(), self._inverse)


class ConvNext:
    """Mixes neighbours by channel, then channels."""

    def __init__(self, module: Any, carried: Callable[[int, int], Carried]) -> None:
        self._depthwise = Convolution(module.dwconv, carried)
        self._norm = module.norm
        self._widen, self._narrow = Projection(module.pwconv1), Projection(module.pwconv2)
        self._gamma = module.gamma.detach()

    def __call__(self, x: Tensor, step: Step) -> Tensor:
        y = self._depthwise(x, step).transpose(1, 2)
        y = self._narrow(F.gelu(self._widen(self._norm(y))))
        return x + (self._gamma * y).transpose(1, 2)


class Block:
    """One stage of the decoder: upsampling and its residual units."""

    def __init__(self, module: Any, carried: Callable[[int, int], Carried], delay: int) -> None:
        snake, upsampling, *units = module.block
        self._snake = Snake(snake)
        self._upsampling = Upsampling(upsampling, carried, delay)
        self._units = [
            (
                Snake(unit.act1),
                Convolution(unit.conv1, carried),
                Snake(unit.act2),
                Convolution(unit.conv2, carried),
            )
            for unit in units
        ]
        self.delay = self._upsampling.delay

    def __call__(self, x: Tensor, step: Step) -> Tensor:
        x = self._existing(self._upsampling(self._snake(x), step), step)
        for first, wide, second, narrow in self._units:
            y = narrow(second(wide(first(x), step)), step)
            x = self._existing(x + y, step)
        return x

    def _existing(self, x: Tensor, step: Step) -> Tensor:
        """Zero where a stream has not begun: layers behind it see padding there."""
        if self.delay == 0:
            return x
        place = torch.arange(x.shape[-1], device=x.device)
        exists = (place >= self.delay) | (step.start > 0)
        return x * exists


class WindowLayer:
    """A transformer layer that looks back a fixed number of frames."""

    def __init__(self, module: Any, carried: Callable[[int, int], Carried], window: int) -> None:
        attention = module.self_attn
        self._head_dim, self._window = attention.head_dim, window
        self._qkv = Projection(attention.q_proj, attention.k_proj, attention.v_proj)
        self._out = Projection(attention.o_proj)
        self._split = [
            projection.weight.shape[0] // self._head_dim
            for projection in (attention.q_proj, attention.k_proj, attention.v_proj)
        ]
        num_kept = 2 * self._split[1] * self._head_dim
        self._carried = carried(num_kept, window - 1)
        self._before = Norm((module.input_layernorm, 1))
        self._between = Norm((module.post_attention_layernorm, 1))
        self._mlp = GatedMlp(module.mlp)
        self._scales = (
            module.self_attn_layer_scale.scale.detach(),
            module.mlp_layer_scale.scale.detach(),
        )

    def __call__(
        self, x: Tensor, rotary: tuple[Tensor, Tensor], mask: Tensor, step: Step
    ) -> Tensor:
        """Of x (n, hidden_size), with a mask (n, window - 1 + n) of who sees whom."""
        num_frames, (heads, shared, _) = len(x), self._split
        projected = self._qkv(self._before(x)).view(num_frames, -1, self._head_dim)
        query, key, value = projected.split(self._split, 1)
        query, key = rotated(query, rotary), rotated(key, rotary)
        both = torch.cat((key, value), 1).reshape(1, num_frames, -1).transpose(1, 2)
        both = self._carried.extend(both, step)[0].view(2, shared, self._head_dim, -1)
        keys, values = both.transpose(2, 3)
        attended = F.scaled_dot_product_attention(
            query.transpose(0, 1)[None],
            keys[None],
            values[None],
            attn_mask=mask,
            enable_gqa=heads != shared,
        )
        attended = attended[0].transpose(0, 1).reshape(num_frames, -1)
        x = x + self._scales[0] * self._out(attended)
        return x + self._scales[1] * self._mlp(self._between(x))


class Code2Wav:
    """The decoder of the codec, for up to `slots` streams.

    Attributes:
        num_missing: samples that a stream's first frame lacks, at its start.
    """

    def __init__(self, module: Any, *, slots: int, capture: Capture | None = None) -> None:
        weight = module.code_embedding.weight.detach()
        self._embedding = weight
        self._offsets = module.code_offset[0].to(weight.device)  # (16, 1)
        self._states: list[Carried] = []

        def carried(channels: int, length: int) -> Carried:
            self._states.append(Carried(slots + 1, channels, length, weight))
            return self._states[-1]

        transformer = module.pre_transformer
        self._window = transformer.window_size
        self._rotary = Rotary(transformer.rotary_emb)
        self._layers = [WindowLayer(layer, carried, self._window) for layer in transformer.layers]
        self._norm = Norm((transformer.norm, 1))
        self._upsampling = [
            (Upsampling(upsampling, carried, 0), ConvNext(mixing, carried))
            for upsampling, mixing in module.upsample
        ]
        first, *blocks, snake, last = module.decoder
        self._first = Convolution(first, carried)
        self._blocks: list[Block] = []
        delay = 0
        for block in blocks:
            self._blocks.append(Block(block, carried, delay))
            delay = self._blocks[-1].delay
        self._snake, self._last = Snake(snake), Convolution(last, carried)
        self.num_missing = delay
        self._graphs = None if capture is None else capture(self._decode)
        self._spare = slots

    def clear(self, slot: int) -> None:
        """Begin a stream."""
        for state in self._states:
            state.clear(slot)

    def __call__(self, codes: Tensor, slot: int, start: int) -> Tensor:
        """Of codes (num_codes, n) int64: samples (n * 1920,), clamped to [-1, 1].

        Args:
            slot: whose stream it is.
            start: how many frames that has had; of the first the caller drops the first
                `num_missing` samples.
        """
        place = torch.tensor([[slot], [start]], device=codes.device)
        if self._graphs is None:
            return self._decode(None, codes, *place)[0]
        return self._graphs(codes.shape[1], codes, *place)[0]

    def prepare(self, sizes: Iterable[int]) -> None:
        """Set up steps of so many frames, on a stream of nobody."""
        for num_frames in sizes if self._graphs is not None else ():
            codes = torch.zeros_like(self._offsets).repeat(1, num_frames)
            self(codes, self._spare, 0)

    def _decode(self, size: Hashable, codes: Tensor, slot: Tensor, start: Tensor) -> tuple[Tensor]:
        step = Step(slot, start)
        num_frames = codes.shape[1]
        x = F.embedding(codes + self._offsets, self._embedding).mean(0)
        place = torch.arange(num_frames, device=x.device)
        rotary = self._rotary(place + step.start, x.dtype)
        mask = self._mask(place, step)
        for layer in self._layers:
            x = layer(x, rotary, mask, step)
        y = self._norm(x).T[None]
        for upsampling, mixing in self._upsampling:
            y = mixing(upsampling(y, step), step)
        y = self._first(y, step)
        for block in self._blocks:
            y = block(y, step)
        return (self._last(self._snake(y), step).flatten().clamp(-1, 1),)

    def _mask(self, place: Tensor, step: Step) -> Tensor:
        """Which of the carried and the new frames each new one sees: (n, window - 1 + n)."""
        carried = self._window - 1
        age = (
            torch.arange(carried + len(place), device=place.device) - carried
        )  # 0 is the first new
        distance = place[:, None] - age
        return (distance >= 0) & (distance < self._window) & (age + step.start >= 0)
