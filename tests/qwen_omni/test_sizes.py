"""Sizes without loading are those of Transformers' own modules."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import Qwen3OmniMoeConfig, Qwen3OmniMoeForConditionalGeneration

from support.small_omni import READING
from thinktalk.engines.qwen_omni import released
from thinktalk.engines.qwen_omni.checkpoint import find
from thinktalk.engines.qwen_omni.parts import SPOKEN, sizes_by_config
from thinktalk.engines.qwen_omni.plan import for_checkpoint
from thinktalk.errors import NoSuchDevice
from thinktalk.settings import QwenOmniSettings, WeightSettings

_DECODER = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "moe_intermediate_size": 16,
    "num_experts": 4,
    "num_experts_per_tok": 2,
}
SMALL = {
    "thinker_config": {
        "audio_config": {
            "d_model": 16,
            "encoder_layers": 1,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": 16,
            "downsample_hidden_size": 8,
            "output_dim": 32,
        },
        "vision_config": {
            "depth": 1,
            "hidden_size": 16,
            "num_heads": 2,
            "intermediate_size": 16,
            "out_hidden_size": 32,
            "num_position_embeddings": 16,
            "deepstack_visual_indexes": [0],
        },
        "text_config": _DECODER,
    },
    "talker_config": {
        "text_config": {**_DECODER, "shared_expert_intermediate_size": 16},
        "code_predictor_config": {
            "vocab_size": 64,
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 16,
            "num_code_groups": 4,
        },
        "num_code_groups": 4,
        "thinker_hidden_size": 32,
        "accept_hidden_layer": 1,
        "spatial_merge_size": 2,
        "speaker_id": {"ethan": 1},
    },
    "code2wav_config": {
        "codebook_size": 64,
        "num_quantizers": 4,
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "intermediate_size": 16,
        "decoder_dim": 32,
    },
}


def test_the_released_sizes_are_those_of_the_released_shapes() -> None:
    assert sizes_by_config(released.CONFIG, speaks=True) == released.SIZES
    written = {part: size for part, size in released.SIZES.items() if part not in SPOKEN}
    assert sizes_by_config(released.CONFIG, speaks=False) == written


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_a_saved_checkpoint_has_the_size_of_its_model(tmp_path: Path, dtype: str) -> None:
    model = Qwen3OmniMoeForConditionalGeneration(Qwen3OmniMoeConfig(**SMALL))
    model.to(getattr(torch, dtype)).save_pretrained(tmp_path)
    for name in READING:  # without them it would be none
        (tmp_path / name).write_text("{}")
    plan = for_checkpoint(find(str(tmp_path), WeightSettings()), QwenOmniSettings(device="cpu"))
    assert plan.dtype == dtype
    assert plan.weights_bytes == sum(each.nbytes for each in model.parameters())
    assert plan.sizes == sizes_by_config(model.config.to_dict(), speaks=True)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a card")
def test_a_card_that_is_not_there_is_named() -> None:
    from thinktalk.engines.qwen_omni.device import resolve

    assert resolve("auto") == "cpu"
    with pytest.raises(NoSuchDevice, match="no device cuda:1: PyTorch finds 0 cards"):
        resolve("cuda:1")
