"""Sizes of a Qwen3-Omni model, and its config.json.

`RELEASED` is Qwen3-Omni-30B-A3B as published; `MID` and `TINY` have its structure and nothing of
its size. All three have its vocabulary, its token ids and its sound: 16 codes a frame of 80 ms at
24 kHz, whatever the size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

VOCABULARY = 152_064
NUM_CODES = 16
CODEBOOK = 2_048


@dataclass(frozen=True, slots=True)
class Decoder:
    """Decoder layers with a mixture of experts: the thinker's text model, and the talker."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    experts: int
    experts_per_token: int
    expert_width: int
    shared_width: int = 0  # of the expert that sees every token; the talker has one


@dataclass(frozen=True, slots=True)
class Encoder:
    """The audio tower, or the vision tower."""

    hidden: int
    layers: int
    heads: int
    width: int
    taps: tuple[int, ...] = ()  # layers whose output goes into the thinker's first layers
    downsample: int = 0  # channels of the convolutions before the audio tower


@dataclass(frozen=True, slots=True)
class CodePredictor:
    """Dense decoder of codes 1 to 15; as wide as the talker."""

    layers: int
    heads: int
    kv_heads: int
    width: int


@dataclass(frozen=True, slots=True)
class Code2Wav:
    hidden: int
    layers: int
    heads: int
    width: int
    decoder: int  # channels before the first upsampling; halved by each of four


@dataclass(frozen=True, slots=True)
class Shapes:
    name: str
    thinker: Decoder
    audio: Encoder
    vision: Encoder
    talker: Decoder
    code_predictor: CodePredictor
    code2wav: Code2Wav
    accept_hidden_layer: int  # of the thinker: what the talker gets of sounds and pictures

    def config(self, *, talker: bool = True) -> dict[str, Any]:
        """What config.json holds, spelt as the released files are (by Transformers 4.57).

        Args:
            talker: False for a thinker alone, as Thinking and Captioner are released.
        """
        config: dict[str, Any] = {
            "architectures": ["Qwen3OmniMoeForConditionalGeneration"],
            "model_type": "qwen3_omni_moe",
            "enable_audio_output": talker,
            "im_start_token_id": 151_644,
            "im_end_token_id": 151_645,
            "system_token_id": 8_948,
            "user_token_id": 872,
            "assistant_token_id": 77_091,
            "tts_pad_token_id": 151_671,
            "tts_bos_token_id": 151_672,
            "tts_eos_token_id": 151_673,
            "thinker_config": self._thinker(),
        }
        if talker:
            config["talker_config"] = self._talker()
            config["code2wav_config"] = self._code2wav()
        return config

    def _thinker(self) -> dict[str, Any]:
        return {
            **_MEDIA,
            "model_type": "qwen3_omni_moe_thinker",
            "vision_end_token_id": 151_653,
            "user_token_id": 872,
            "text_config": {
                **_decoder(self.thinker),
                "model_type": "qwen3_omni_moe_text",
                "vocab_size": VOCABULARY,
                "intermediate_size": self.thinker.expert_width,
                "use_qk_norm": True,
            },
            "audio_config": _audio(self.audio, self.thinker.hidden),
            "vision_config": _vision(self.vision, self.thinker.hidden),
        }

    def _talker(self) -> dict[str, Any]:
        return {
            **_MEDIA,
            "accept_hidden_layer": self.accept_hidden_layer,
            "thinker_hidden_size": self.thinker.hidden,
            "num_code_groups": NUM_CODES,
            "spatial_merge_size": 2,
            "codec_pad_id": 2_148,
            "codec_bos_id": 2_149,
            "codec_eos_token_id": 2_150,
            "codec_nothink_id": 2_155,
            "codec_think_bos_id": 2_156,
            "codec_think_eos_id": 2_157,
            "speaker_id": {"chelsie": 2_301, "ethan": 2_302, "aiden": 2_303},
            "text_config": {
                **_decoder(self.talker),
                "model_type": "qwen3_omni_moe_talker_text",
                "vocab_size": 3_072,
                "intermediate_size": 2 * self.talker.hidden,
                "shared_expert_intermediate_size": self.talker.shared_width,
            },
            "code_predictor_config": self._code_predictor(),
        }

    def _code_predictor(self) -> dict[str, Any]:
        return {
            "model_type": "qwen3_omni_moe_talker_code_predictor",
            "vocab_size": CODEBOOK,
            "num_code_groups": NUM_CODES,
            "hidden_size": self.talker.hidden,
            "intermediate_size": self.code_predictor.width,
            "num_hidden_layers": self.code_predictor.layers,
            "num_attention_heads": self.code_predictor.heads,
            "num_key_value_heads": self.code_predictor.kv_heads,
            "head_dim": self.talker.head_dim,
            "max_position_embeddings": 32_768,
            "rope_theta": 1_000_000,
            "rms_norm_eps": 1e-6,
        }

    def _code2wav(self) -> dict[str, Any]:
        return {
            "codebook_size": CODEBOOK,
            "num_quantizers": NUM_CODES,
            "hidden_size": self.code2wav.hidden,
            "intermediate_size": self.code2wav.width,
            "num_hidden_layers": self.code2wav.layers,
            "num_attention_heads": self.code2wav.heads,
            "num_key_value_heads": self.code2wav.heads,
            "decoder_dim": self.code2wav.decoder,
            "upsample_rates": [8, 5, 4, 3],
            "upsampling_ratios": [2, 2],
            "sliding_window": 72,
            "max_position_embeddings": 8_000,
            "rope_theta": 10_000,
            "rms_norm_eps": 1e-5,
            "layer_scale_initial_scale": 0.01,
        }


# What thinker and talker both say of sounds and pictures.
_MEDIA = {
    "audio_token_id": 151_675,
    "audio_start_token_id": 151_669,
    "audio_end_token_id": 151_670,
    "image_token_id": 151_655,
    "video_token_id": 151_656,
    "vision_start_token_id": 151_652,
    "position_id_per_seconds": 13,
    "seconds_per_chunk": 2,
}


def _decoder(decoder: Decoder) -> dict[str, Any]:
    pairs = decoder.head_dim // 2
    side = pairs * 5 // 16  # of 64 pairs the released models give 24 to time, 20 to each side
    return {
        "hidden_size": decoder.hidden,
        "num_hidden_layers": decoder.layers,
        "num_attention_heads": decoder.heads,
        "num_key_value_heads": decoder.kv_heads,
        "head_dim": decoder.head_dim,
        "num_experts": decoder.experts,
        "num_experts_per_tok": decoder.experts_per_token,
        "moe_intermediate_size": decoder.expert_width,
        "norm_topk_prob": True,
        "max_position_embeddings": 65_536,
        "rms_norm_eps": 1e-6,
        "tie_word_embeddings": False,
        "rope_theta": 1_000_000,
        "rope_scaling": {
            "rope_type": "default",
            "type": "default",
            "interleaved": True,
            "mrope_interleaved": True,
            "mrope_section": [pairs - 2 * side, side, side],
        },
    }


def _audio(audio: Encoder, out: int) -> dict[str, Any]:
    return {
        "model_type": "qwen3_omni_moe_audio_encoder",
        "d_model": audio.hidden,
        "encoder_layers": audio.layers,
        "encoder_attention_heads": audio.heads,
        "encoder_ffn_dim": audio.width,
        "downsample_hidden_size": audio.downsample,
        "output_dim": out,
        "num_mel_bins": 128,
        "n_window": 50,
        "n_window_infer": 800,
        "conv_chunksize": 500,
        "max_source_positions": 1_500,
    }


def _vision(vision: Encoder, out: int) -> dict[str, Any]:
    return {
        "model_type": "qwen3_omni_moe_vision_encoder",
        "hidden_size": vision.hidden,
        "depth": vision.layers,
        "num_heads": vision.heads,
        "intermediate_size": vision.width,
        "deepstack_visual_indexes": list(vision.taps),
        "out_hidden_size": out,
        "in_channels": 3,
        "patch_size": 16,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "num_position_embeddings": 2_304,
        # Read by others than Transformers.
        "image_size": 768,
        "in_chans": 3,
        "apply_vit_abs_pos_embed": True,
        "tokens_per_second": 2,
    }


TINY = Shapes(
    "tiny",
    thinker=Decoder(128, 4, 4, 2, 32, experts=8, experts_per_token=2, expert_width=64),
    audio=Encoder(64, 2, 4, 128, downsample=32),
    vision=Encoder(64, 3, 4, 128, taps=(0, 1, 2)),
    talker=Decoder(
        64, 3, 4, 2, 32, experts=8, experts_per_token=2, expert_width=32, shared_width=64
    ),
    code_predictor=CodePredictor(2, 4, 2, 128),
    code2wav=Code2Wav(64, 2, 4, 128, decoder=64),
    accept_hidden_layer=2,
)
MID = Shapes(
    "mid",
    thinker=Decoder(512, 12, 8, 2, 64, experts=16, experts_per_token=4, expert_width=256),
    audio=Encoder(256, 4, 4, 1_024, downsample=120),
    vision=Encoder(256, 6, 4, 1_024, taps=(1, 3, 5)),
    talker=Decoder(
        384, 8, 8, 2, 64, experts=16, experts_per_token=4, expert_width=128, shared_width=384
    ),
    code_predictor=CodePredictor(5, 8, 4, 1_024),
    code2wav=Code2Wav(384, 8, 4, 768, decoder=384),
    accept_hidden_layer=6,
)
RELEASED = Shapes(
    "released",
    thinker=Decoder(2_048, 48, 32, 4, 128, experts=128, experts_per_token=8, expert_width=768),
    audio=Encoder(1_280, 32, 20, 5_120, downsample=480),
    vision=Encoder(1_152, 27, 16, 4_304, taps=(8, 16, 24)),
    talker=Decoder(
        1_024, 20, 16, 2, 128, experts=128, experts_per_token=6, expert_width=384, shared_width=768
    ),
    code_predictor=CodePredictor(5, 16, 8, 3_072),
    code2wav=Code2Wav(1_024, 8, 16, 3_072, decoder=1_536),
    accept_hidden_layer=24,
)
BY_NAME = {shapes.name: shapes for shapes in (TINY, MID, RELEASED)}
