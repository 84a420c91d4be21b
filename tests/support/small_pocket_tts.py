"""A pocket-tts model of random weights, small enough to make in a test. Needs the library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_SEANET = {
    "dimension": 16,
    "channels": 1,
    "n_filters": 4,
    "n_residual_layers": 1,
    "ratios": [6, 5, 4],
    "kernel_size": 7,
    "residual_kernel_size": 3,
    "last_kernel_size": 3,
    "dilation_base": 2,
    "pad_mode": "constant",
    "compress": 2,
}
_CODEC = {
    "dtype": "float32",
    "sample_rate": 24_000,
    "inner_dim": 8,
    "outer_dim": 16,
    "channels": 1,
    "frame_rate": 12.5,
    "seanet": _SEANET,
    "transformer": {
        "d_model": 16,
        "num_heads": 2,
        "num_layers": 1,
        "layer_scale": 0.01,
        "context": 50,
        "dim_feedforward": 32,
        "input_dimension": 16,
        "output_dimensions": [16],
    },
    "quantizer": {"dimension": 8, "output_dimension": 16},
}
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .!?,;:'"


def write(
    directory: Path, *, seed: int = 0, num_layers: int = 2, name: str = "english_small"
) -> Path:
    """Write weights, tokenizer and configuration; returns the path of the last."""
    import torch
    from pocket_tts import TTSModel
    from pocket_tts.utils.config import Config
    from safetensors.torch import save_file

    directory.mkdir(parents=True, exist_ok=True)
    num_tokens = _tokenizer(directory / "tokenizer.json")
    config = _config(directory, num_tokens, num_layers)
    torch.manual_seed(seed)
    model = TTSModel._from_pydantic_config_with_weights(Config(**config), 0.3, 1, None, 0.0)
    with torch.no_grad():
        # As the library makes them, neither voice nor text weighs in what is drawn.
        model.flow_lm.speaker_proj_weight.normal_(0, 10)
        for weights in model.flow_lm.flow_net.parameters():
            weights.normal_(0, 0.3)
    save_file(model.state_dict(), directory / "model.safetensors")
    config["weights_path"] = "model.safetensors"
    config["flow_lm"]["lookup_table"]["tokenizer_path"] = "tokenizer.json"
    path = directory / f"{name}.yaml"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def _config(directory: Path, num_tokens: int, num_layers: int) -> dict[str, Any]:
    return {
        "flow_lm": {
            "insert_bos_before_voice": True,
            "dtype": "float32",
            "flow": {"depth": 1, "dim": 16},
            "transformer": {
                "d_model": 32,
                "hidden_scale": 2,
                "max_period": 10_000,
                "num_heads": 2,
                "num_layers": num_layers,
            },
            "lookup_table": {
                "dim": 32,
                "n_bins": num_tokens,
                "tokenizer": "tokenizers",
                "tokenizer_path": str(directory / "tokenizer.json"),
            },
        },
        "mimi": _CODEC,
        # Random weights know no end: each piece lasts as long as the library allows.
        "default_eos_threshold": 1e9,
    }


def _tokenizer(path: Path) -> int:
    """A token for each letter; returns how many there are."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {letter: number for number, letter in enumerate(["<unk>", *_LETTERS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.save(str(path))
    return len(vocabulary)
