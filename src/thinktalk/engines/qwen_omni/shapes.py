"""The shapes that decide how much memory a conversation takes, read from `config.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from thinktalk.errors import CheckpointInvalid


@dataclass(frozen=True, slots=True)
class Decoder:
    """A stack of decoder layers with experts: the thinker's or the talker's."""

    num_layers: int
    hidden: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    experts_per_token: int
    expert_hidden: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        return cls(
            num_layers=config["num_hidden_layers"],
            hidden=config["hidden_size"],
            num_heads=config["num_attention_heads"],
            num_kv_heads=config["num_key_value_heads"],
            head_dim=config.get("head_dim")
            or config["hidden_size"] // config["num_attention_heads"],
            experts_per_token=config["num_experts_per_tok"],
            expert_hidden=config["moe_intermediate_size"],
        )

    @property
    def cached_per_token(self) -> int:
        """Numbers that one token leaves behind: a key and a value for each head and layer."""
        return 2 * self.num_layers * self.num_kv_heads * self.head_dim

    @property
    def prefill_per_token(self) -> int:
        """Numbers alive at once for each token of a prompt, in the layer that is worked on.

        The residual, its norm, the attention's output and the states that the talker reads;
        queries, keys, values; for each chosen expert its input, gate, up, product and output.
        """
        attention = (self.num_heads + 2 * self.num_kv_heads) * self.head_dim
        experts = self.experts_per_token * (2 * self.hidden + 3 * self.expert_hidden)
        return 4 * self.hidden + attention + experts


@dataclass(frozen=True, slots=True)
class Shapes:
    """`talker` is None in a checkpoint that only writes."""

    thinker: Decoder
    talker: Decoder | None
    vocabulary: int
    max_tokens: int
    patches_per_token: int
    patch_numbers: int

    @classmethod
    def of(cls, config: Mapping[str, Any], *, speaks: bool, where: str) -> Self:
        """Read `config.json` of the checkpoint at `where`.

        Raises:
            CheckpointInvalid: it lacks a field, which the message names.
        """
        try:
            thinker = config["thinker_config"]
            text, vision = thinker["text_config"], thinker["vision_config"]
            # A patch: residual, norm, queries, keys, values, output, and the wider inner layer.
            patch = 6 * vision["hidden_size"] + vision["intermediate_size"]
            return cls(
                thinker=Decoder.of(text),
                talker=Decoder.of(config["talker_config"]["text_config"]) if speaks else None,
                vocabulary=text["vocab_size"],
                max_tokens=text["max_position_embeddings"],
                patches_per_token=vision["spatial_merge_size"] ** 2,
                patch_numbers=patch,
            )
        except (KeyError, TypeError) as fault:
            raise CheckpointInvalid(where, f"its config.json lacks {fault}") from fault
