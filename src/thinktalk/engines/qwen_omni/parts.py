"""How many parameters each part of a checkpoint has, by the names of its tensors.

The same for names as files have them and as Transformers' modules have them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from thinktalk.errors import MissingExtra

# The first piece that a tensor's name contains decides.
_PIECES = (
    ("code2wav.", "code2wav"),
    ("talker.code_predictor.", "code predictor"),
    ("talker.", "talker"),
    (".audio_tower.", "audio encoder"),
    (".visual.", "vision encoder"),
    ("embed_tokens.", "embeddings and head"),
    ("lm_head.", "embeddings and head"),
    ("thinker.", "thinker"),
)
SPOKEN = ("talker", "talker experts", "code predictor", "code2wav")
EXPERTS = ("thinker experts", "talker experts")
ORDER = (
    "thinker",
    "thinker experts",
    "embeddings and head",
    "audio encoder",
    "vision encoder",
    *SPOKEN,
)

Sizes = Mapping[str, int]  # part -> number of parameters, in the order of ORDER


def part_of(tensor: str) -> str:
    """Which part the tensor of this name belongs to; what is unknown counts to the thinker."""
    part = next((part for piece, part in _PIECES if piece in tensor), "thinker")
    return f"{part} experts" if ".mlp.experts." in tensor else part


def sizes(tensors: Iterable[tuple[str, int]], *, speaks: bool) -> Sizes:
    """Sum up `tensors`, names with numbers of elements; without speech its parts are left out."""
    counted: Counter[str] = Counter()
    for name, num_elements in tensors:
        counted[part_of(name)] += num_elements
    return {
        part: counted[part] for part in ORDER if counted[part] and (speaks or part not in SPOKEN)
    }


def sizes_by_config(config: Mapping[str, Any], *, speaks: bool) -> Sizes:
    """The same for a checkpoint whose files are not here: its modules are made without memory.

    Raises:
        MissingExtra: Transformers is not installed.
    """
    try:
        import torch
        from transformers import Qwen3OmniMoeConfig, Qwen3OmniMoeForConditionalGeneration
    except ModuleNotFoundError as missing:
        raise MissingExtra("qwen_omni", extra="qwen-omni") from missing
    own = json.loads(json.dumps({**config, "enable_audio_output": speaks}))  # it is written to
    with torch.device("meta"):
        model = Qwen3OmniMoeForConditionalGeneration(Qwen3OmniMoeConfig(**own))
    return sizes(
        ((name, values.numel()) for name, values in model.named_parameters()), speaks=speaks
    )
