"""Small Qwen3-Omni checkpoints made without PyTorch: headers and sizes, all weights zero."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

READING = (
    "tokenizer.json",
    "tokenizer_config.json",
    "preprocessor_config.json",
    "chat_template.json",
)
_BYTES = {"BF16": 2, "F16": 2, "F32": 4}

TEXT = {
    "vocab_size": 1000,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "moe_intermediate_size": 8,
    "num_experts_per_tok": 2,
    "max_position_embeddings": 8192,
}
CONFIG: dict[str, Any] = {
    "model_type": "qwen3_omni_moe",
    "thinker_config": {
        "text_config": TEXT,
        "vision_config": {"hidden_size": 16, "intermediate_size": 32, "spatial_merge_size": 2},
    },
    "talker_config": {
        "text_config": {**TEXT, "num_hidden_layers": 1},
        "speaker_id": {"ethan": 900},
    },
}
TENSORS = {
    "thinker.model.embed_tokens.weight": (1000, 16),
    "thinker.lm_head.weight": (1000, 16),
    "thinker.model.layers.0.self_attn.q_proj.weight": (32, 16),
    "thinker.model.layers.0.mlp.experts.0.up_proj.weight": (8, 16),
    "thinker.audio_tower.proj1.weight": (16, 16),
    "thinker.visual.merger.mlp.0.weight": (64, 64),
    "talker.model.layers.0.mlp.shared_expert.up_proj.weight": (8, 16),
    "talker.model.layers.0.mlp.experts.3.up_proj.weight": (8, 16),
    "talker.code_predictor.lm_head.0.weight": (64, 16),
    "code2wav.code_embedding.weight": (64, 16),
}


def write_safetensors(
    file: Path, shapes: Mapping[str, tuple[int, ...]], dtype: str = "BF16"
) -> None:
    """A file of tensors that are all zero."""
    header, end = dict[str, Any](), 0
    for name, shape in shapes.items():
        start, end = end, end + math.prod(shape) * _BYTES[dtype]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + bytes(end))


def write_checkpoint(directory: Path, *, dtype: str = "BF16", **changes: Any) -> Path:
    """A checkpoint of two files with an index; `changes` are to `config.json`.

    What its prompts are read with is there, and says nothing.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps({**CONFIG, **changes}))
    names = list(TENSORS)
    files = {"one.safetensors": names[:5], "two.safetensors": names[5:]}
    for file, mine in files.items():
        write_safetensors(directory / file, {name: TENSORS[name] for name in mine}, dtype)
    weight_map = {name: file for file, mine in files.items() for name in mine}
    index = directory / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))
    for name in READING:
        (directory / name).write_text("{}")
    return directory
