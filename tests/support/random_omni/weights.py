"""Random weights under which a model of any size behaves like one that was trained.

As Transformers initialises them, small models are nearly constant: a reply is one id over and over,
and its sound a line. Here each weight has a deviation that keeps signals at about 1: the inverse
square root of how many inputs a unit sums. Each weight draws from its own seed, made of its name,
so a thinker is the same with and without a talker.

What is asked of replies beyond that:

- Ids and codes vary, for what the last layer sees is about half the last id and half its context.
- No added token but the end is written, and no id beyond the vocabulary.
- A text ends after some tens of tokens, hardly with its first one.
- Speech ends some frames after its text: its end code answers to the padding that follows a text.
- Or neither ends (`ends=False`): then the limits given to a request decide the lengths exactly.
- Sound is loud and stays within [-1, 1] before it is clamped.
"""

from __future__ import annotations

import math
import re
import zlib
from typing import Any

from .shapes import CODEBOOK, Shapes
from .tokenizer import NUM_RANKS

# Peaks of the distributions that are sampled; greedy replies do not depend on them.
_TEXT_PEAK = 4.0
_CODE_PEAK = 3.0
# How much likelier the end of a text is than another id, and the end of speech where text is out.
_TEXT_END = 2.0
_ENDING = 254  # seed: of 300 tried on 50 prompts, one whose tiny texts have 10 tokens or more
_SPEECH_END = 7.0
_LINE_BREAK = 198  # the last id of every prompt
_FOCUS = 3.0  # of attention: at 1 it averages over pictures and sounds, whatever they hold
_LAYER_SCALE = 0.3  # 0.01 and 1e-6 as initialised: layers of code2wav would not be heard
_LOUDNESS = 0.05  # of the last convolution

_RESIDUAL = re.compile(r"(language_model|talker\.model|predictor\.model)\..*(o_proj|down_proj)")


def model(
    shapes: Shapes,
    device: Any = "cpu",
    dtype: Any = None,
    *,
    talker: bool = True,
    ends: bool = True,
) -> Any:
    """A `Qwen3OmniMoeForConditionalGeneration` whose weights are made on `device`.

    Nothing of the weights' size is held elsewhere, and no two copies of them.

    Args:
        dtype: of parameters, float32 by default. Buffers keep their own.
        talker: False for a thinker alone.
        ends: False for replies that only a limit ends.
    """
    import torch
    from accelerate import init_empty_weights
    from transformers import Qwen3OmniMoeConfig, Qwen3OmniMoeForConditionalGeneration

    config = Qwen3OmniMoeConfig.from_dict(shapes.config(talker=talker))
    # Parameters on the meta device only: buffers have no values there, and nothing restores them.
    with init_empty_weights(include_buffers=False):
        model = Qwen3OmniMoeForConditionalGeneration(config)
    for module in model.modules():
        for name, empty in list(module.named_parameters(recurse=False)):
            values = torch.empty(empty.shape, dtype=dtype or torch.float32, device=device)
            setattr(module, name, torch.nn.Parameter(values, requires_grad=False))
    model.to(device)
    with torch.no_grad():
        _fill(model, shapes)
        _set_ends(model, ends)
    return model.eval()


def _fill(model: Any, shapes: Shapes) -> None:
    import torch

    generators: dict[Any, Any] = {}
    for path, module in model.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            device = parameter.device
            generator = generators.setdefault(device, torch.Generator(device))
            full = f"{path}.{name}"
            if parameter.dim() > 1:
                generator.manual_seed(zlib.crc32(full.encode()))
                deviation = _fan_in(module, parameter) ** -0.5 * _gain(full, shapes)
                parameter.normal_(0, deviation, generator=generator)
            elif name in ("gamma", "scale"):
                parameter.fill_(_LAYER_SCALE)
            elif path.endswith("q_norm"):
                parameter.fill_(_FOCUS)
            else:  # norms are 1; biases 0, and so the logarithms of a snake's frequency and size
                parameter.fill_(1.0 if name == "weight" else 0.0)


def _fan_in(module: Any, parameter: Any) -> float:
    """How many weighted inputs a unit sums."""
    import torch

    if isinstance(module, torch.nn.Embedding):
        return 1
    if isinstance(module, torch.nn.ConvTranspose1d):
        inputs, _, kernel = parameter.shape
        return inputs * kernel / module.stride[0]
    if isinstance(module, (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)):
        return parameter[0].numel()
    return parameter.shape[-1]  # also experts: (experts, outputs, inputs)


def _gain(name: str, shapes: Shapes) -> float:
    if match := _RESIDUAL.search(name):
        # Source: Radford et al. 2019, section 2.3: two sums a layer, together about 1.
        layers = {
            "language_model": shapes.thinker.layers,
            "talker.model": shapes.talker.layers,
            "predictor.model": shapes.code_predictor.layers,
        }
        return (2 * layers[match[1]]) ** -0.5
    gains = {
        "thinker.lm_head.weight": _TEXT_PEAK,
        "talker.codec_head.weight": _CODE_PEAK,
        # A frame is a sum of 16 codes, beside its text.
        "talker.model.codec_embedding.weight": 0.5,
        "code2wav.code_embedding.weight": 4.0,  # a mean of 16
        "code2wav.decoder.6.conv.weight": _LOUDNESS,
    }
    if name.startswith("code2wav.decoder") and name.endswith("conv2.conv.weight"):
        return _LAYER_SCALE
    if name.startswith("talker.code_predictor.model.codec_embedding"):
        return 0.25
    if name.startswith("talker.code_predictor.lm_head"):
        return _CODE_PEAK
    return gains.get(name, 1.0)


def _set_ends(model: Any, ends: bool) -> None:
    """Make sure of what ends replies, and that they hold nothing but text and codes."""
    import torch

    config = model.config
    head = model.thinker.lm_head.weight
    embedding = model.thinker.get_input_embeddings().weight
    head[NUM_RANKS:] = 0
    if ends:
        generator = torch.Generator(head.device).manual_seed(_ENDING)
        end = torch.empty_like(head[0]).normal_(generator=generator) * _TEXT_END
        away = end - embedding[_LINE_BREAK]
        head[config.im_end_token_id] = away * (_TEXT_PEAK / math.sqrt(len(away)))
    if not model.has_talker:
        return
    head = model.talker.codec_head.weight
    head[CODEBOOK:] = 0
    if ends:
        padding = model.talker.text_projection(embedding[config.tts_pad_token_id])
        direction = padding / padding.norm() / math.sqrt(len(padding))
        head[config.talker_config.codec_eos_token_id] = direction * (_CODE_PEAK * _SPEECH_END)
