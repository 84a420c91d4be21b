"""A checkpoint directory to a model that can run: placed, cast, quantised as it is read.

Transformers reads the shards and merges the experts; with int8 or int4 each merged weight is
quantised before the next is read, so that the whole is never in memory as it was. Experts are 91 %
of the released weights (32.0 of 35.3 billion) and the only part that is quantised: our decode steps
read attention, embeddings, heads, encoders, code predictor and code2wav as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from torch import Tensor
from transformers import Qwen3OmniMoeForConditionalGeneration
from transformers.core_model_loading import ConversionOps
from transformers.quantizers import HfQuantizer, register_quantizer
from transformers.quantizers.quantizers_utils import get_module_from_name
from transformers.utils.quantization_config import QuantizationConfigMixin

from thinktalk.engines.qwen_omni.quantized import Bits, QuantizedExperts
from thinktalk.errors import CheckpointInvalid, NoSuchDevice

Dtype = Literal["auto", "bfloat16", "float16", "float32"]
Quantize = Literal["none", "int8", "int4"]

_DTYPES = {
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float32": torch.float32,
}
_METHOD = "thinktalk-experts"
_EOS_IDS = (151645, 151643)  # <|im_end|> and <|endoftext|>, where a checkpoint does not say


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded Qwen3-Omni.

    Args:
        network: `Qwen3OmniMoeForConditionalGeneration` in eval mode, without gradients.
        config: its configuration.
        device: where token ids and media go, and where logits come from.
        dtype: of activations, and of all weights that are not quantised.
        eos_ids: tokens that end the thinker's reply.
        speakers: the talker's voices by name, lower case; empty without a talker.
    """

    network: Any
    config: Any
    device: torch.device
    dtype: torch.dtype
    eos_ids: tuple[int, ...]
    speakers: Mapping[str, int]

    @property
    def speaks(self) -> bool:
        return bool(self.network.has_talker)


def load(
    directory: Path, *, device: str, dtype: Dtype, quantize: Quantize, device_map: str | None
) -> Model:
    """Load the checkpoint in `directory`.

    Args:
        device: `cpu`, `cuda`, `cuda:1`, ...
        dtype: `auto` is what the checkpoint says.
        quantize: the experts' weights.
        device_map: `auto`, `balanced`, ...: spread over all cards, as accelerate does; `device`
            then says only which kind.

    Raises:
        CheckpointInvalid: it is incomplete, or too large.
        NoSuchDevice.
    """
    place = _device(device)
    eos_ids = _eos_ids(directory)
    quantization = None
    if quantize != "none":
        quantization = _ExpertsConfig(
            bits=8 if quantize == "int8" else 4, on_cpu=place.type == "cpu"
        )
    try:
        network, report = Qwen3OmniMoeForConditionalGeneration.from_pretrained(
            directory,
            dtype=_DTYPES.get(dtype, "auto"),
            attn_implementation="sdpa",
            device_map=device_map or {"": place},
            quantization_config=quantization,
            output_loading_info=True,
            local_files_only=True,
        )
    except (OSError, ValueError, SafetensorError) as exc:
        raise CheckpointInvalid(str(directory), f"it cannot be loaded: {exc}") from exc
    _check_complete(directory, report["missing_keys"])
    check_placed(network, place, directory)
    network.requires_grad_(False)
    if network.has_talker:
        # Positions of a prompt with both sound and pictures are counted from it by the talker too,
        # whose own configuration has none (Transformers 5.24).
        network.talker.config.audio_config = network.thinker.config.audio_config
    return Model(
        network=network,
        config=network.config,
        device=network.thinker.get_input_embeddings().weight.device,
        dtype=network.dtype,
        eos_ids=eos_ids,
        speakers=_speakers(network),
    )


def _check_complete(directory: Path, missing: set[str]) -> None:
    """Transformers fills what is missing with random numbers."""
    if missing:
        raise CheckpointInvalid(
            str(directory),
            f"{len(missing)} weights are missing, such as {min(missing)} (a checkpoint without a "
            "talker says so with enable_audio_output in its config.json)",
        )


def check_placed(network: Any, place: torch.device, directory: Path) -> None:
    """Our decode steps read weights where they are; offloaded ones are on no device."""
    away = [name for name, weight in network.named_parameters() if weight.device.type != place.type]
    if away:
        raise CheckpointInvalid(
            str(directory),
            f"it does not fit the memory of {place.type}: {len(away)} weights, such as {away[0]}, "
            "are left out of it; quantize (int8, int4) or add cards",
        )


def _device(name: str) -> torch.device:
    num_cards = torch.cuda.device_count()
    known = ["cpu", *(f"cuda:{index}" for index in range(num_cards))]
    if name not in known and not (name == "cuda" and num_cards):
        raise NoSuchDevice(name, num_cards)
    return torch.device(name)


def _eos_ids(directory: Path) -> tuple[int, ...]:
    path = directory / "generation_config.json"
    try:
        ids = json.loads(path.read_bytes()).get("eos_token_id") if path.exists() else None
    except ValueError as fault:
        raise CheckpointInvalid(str(path), f"not JSON: {fault}") from fault
    if ids is None:
        return _EOS_IDS
    return (ids,) if isinstance(ids, int) else tuple(ids)


def _speakers(network: Any) -> dict[str, int]:
    named = network.config.talker_config.speaker_id if network.has_talker else None
    return {name.lower(): token for name, token in (named or {}).items()}


class _ExpertsConfig(QuantizationConfigMixin):  # type: ignore[misc]
    def __init__(self, bits: Bits, *, on_cpu: bool) -> None:
        self.quant_method = _METHOD
        self.bits, self.on_cpu = bits, on_cpu


@register_quantizer(_METHOD)
class _ExpertsQuantizer(HfQuantizer):  # type: ignore[misc]
    """Has Transformers hand over each merged weight of the experts as soon as it is read."""

    is_trainable = False

    def is_serializable(self) -> bool:
        return False

    @property
    def quantized_element_size(self) -> float:
        """Bytes of a weight, for accelerate to place layers by."""
        return float(self.quantization_config.bits / 8)

    def _process_model_before_weight_loading(self, model: Any, **_: Any) -> None:
        config = self.quantization_config
        blocks = [module for module in model.modules() if hasattr(module, "experts")]
        for block in blocks:
            block.experts = QuantizedExperts(block.experts, config.bits, on_cpu=config.on_cpu)

    def param_needs_quantization(self, model: Any, param_name: str, **_: Any) -> bool:
        module, name = get_module_from_name(model, param_name)
        return isinstance(module, QuantizedExperts) and name.endswith("proj")

    def get_quantize_ops(self) -> ConversionOps:
        return _Fill()


class _Fill(ConversionOps):  # type: ignore[misc]
    def convert(
        self,
        input_dict: dict[str, Any],
        *,
        model: Any,
        full_layer_name: str,
        missing_keys: set[str],
        **_: Any,
    ) -> dict[str, Tensor]:
        """Nothing is left for Transformers to put into the model."""
        value = input_dict.popitem()[1]
        experts, name = get_module_from_name(model, full_layer_name)
        experts.fill(name, value[0] if isinstance(value, list) else value)
        missing_keys.discard(full_layer_name)
        return {}
