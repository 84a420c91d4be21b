"""The released Qwen3-Omni-30B-A3B: its shapes and sizes, and what it takes on paper.

Needs no PyTorch: the sizes were counted once on modules without memory (tests/qwen_omni recounts
them). The shapes are those of the checkpoints' own config.json.
"""

from __future__ import annotations

from typing import Any

from thinktalk.engines.qwen_omni.parts import SPOKEN, Sizes
from thinktalk.engines.qwen_omni.plan import Plan
from thinktalk.engines.qwen_omni.shapes import Shapes

_ROTARY = {
    "rope_type": "default",
    "rope_theta": 1_000_000,
    "mrope_section": [24, 20, 20],
    "interleaved": True,
}
CONFIG: dict[str, Any] = {
    "model_type": "qwen3_omni_moe",
    "enable_audio_output": True,
    "thinker_config": {
        "audio_config": {"output_dim": 2048},
        "vision_config": {
            "depth": 27,
            "hidden_size": 1152,
            "intermediate_size": 4304,
            "num_heads": 16,
            "out_hidden_size": 2048,
            "patch_size": 16,
            "spatial_merge_size": 2,
        },
        "text_config": {
            "vocab_size": 152_064,
            "hidden_size": 2048,
            "intermediate_size": 768,
            "num_hidden_layers": 48,
            "num_attention_heads": 32,
            "num_key_value_heads": 4,
            "head_dim": 128,
            "moe_intermediate_size": 768,
            "num_experts": 128,
            "num_experts_per_tok": 8,
            "max_position_embeddings": 65_536,
            "rope_parameters": _ROTARY,
        },
    },
    "talker_config": {
        "text_config": {
            "vocab_size": 3072,
            "hidden_size": 1024,
            "intermediate_size": 2048,
            "num_hidden_layers": 20,
            "num_attention_heads": 16,
            "num_key_value_heads": 2,
            "head_dim": 128,
            "moe_intermediate_size": 384,
            "num_experts": 128,
            "num_experts_per_tok": 6,
            "shared_expert_intermediate_size": 768,
            "max_position_embeddings": 65_536,
            "rope_parameters": _ROTARY,
        },
        "code_predictor_config": {"num_code_groups": 16, "vocab_size": 2048, "hidden_size": 1024},
        "num_code_groups": 16,
        "thinker_hidden_size": 2048,
        "accept_hidden_layer": 24,
        "spatial_merge_size": 2,
        "speaker_id": {"chelsie": 2301, "ethan": 2302, "aiden": 2303},
    },
    "code2wav_config": {},
}
SIZES: Sizes = {
    "thinker": 918_763_520,
    "thinker experts": 28_991_029_248,
    "embeddings and head": 622_854_144,
    "audio encoder": 647_927_168,
    "vision encoder": 538_631_408,
    "talker": 163_127_296,
    "talker experts": 3_019_898_880,
    "code predictor": 141_570_304,
    "code2wav": 216_016_577,
}
# A second of video: two frames, together at most 768 tokens, and its sound.
_TOKENS_PER_S = 768 + 13
# GB as published for bfloat16 with Transformers and FlashAttention, by seconds of video. Source:
# QwenLM/Qwen3-Omni, README, "Minimum GPU memory requirements".
_PUBLISHED = {
    "Instruct": {15: 78.85, 30: 88.52, 60: 107.74},
    "Thinking": {15: 68.74, 30: 77.79, 60: 95.76},
}
_QUANTIZE = ("none", "int8", "int4")


def plan(*, speaks: bool, quantize: str, parallel: int, window_tokens: int) -> Plan:
    """What Instruct (or, without speech, Thinking and Captioner) takes on a card, in bfloat16."""
    written = {part: number for part, number in SIZES.items() if part not in SPOKEN}
    return Plan(
        name="Qwen3-Omni-30B-A3B",
        variant="Instruct" if speaks else "Thinking",
        device="cuda",
        free_bytes=None,
        dtype="bfloat16",
        quantize=quantize,
        parallel=parallel,
        window_tokens=window_tokens,
        sizes=SIZES if speaks else written,
        shapes=Shapes.of(CONFIG, speaks=speaks, where="released"),
    )


def table() -> str:
    """Needs of the released checkpoints in GB, computed, beside what is published for them."""
    lines = [
        "Qwen3-Omni-30B-A3B on a card, GB: published for Transformers, computed for thinktalk",
        f"{'':38}{'tokens':>7}{'published':>11}{'bfloat16':>10}{'int8':>7}{'int4':>7}",
    ]
    for variant, published in _PUBLISHED.items():
        for seconds, number in published.items():
            what = f"{variant}, {seconds} s of video, 1 reply"
            tokens = seconds * _TOKENS_PER_S
            lines.append(_line(what, variant, 1, tokens, f"{number:.2f}"))
        lines.append(_line(f"{variant}, 1 reply, short", variant, 1, 2048))
        lines.append(_line(f"{variant}, 4 replies (default)", variant, 4, 16_384))
        lines.append(_line(f"{variant}, 1 reply, longest", variant, 1, 65_536))
    return "\n".join(lines)


def _line(what: str, variant: str, parallel: int, tokens: int, published: str = "") -> str:
    needs = [
        plan(
            speaks=variant == "Instruct",
            quantize=quantize,
            parallel=parallel,
            window_tokens=tokens,
        ).needed_bytes
        / 1e9
        for quantize in _QUANTIZE
    ]
    bfloat16, int8, int4 = (f"{need:.1f}" for need in needs)
    return f"{what:38}{tokens:>7,}{published:>11}{bfloat16:>10}{int8:>7}{int4:>7}"
