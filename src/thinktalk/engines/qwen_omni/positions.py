"""Rotary positions of a prompt: time, height and width of each token, as Transformers counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from thinktalk.engines.qwen_omni.prompt import Prompt


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """`coordinates` (3, 1, n) of n tokens, and the position of what follows them.

    That is no whole number after a video whose frames are not a whole number of positions apart.
    """

    coordinates: Tensor
    following: float

    @classmethod
    def of_thinker(cls, module: Any, prompt: Prompt) -> Positions:
        return cls._counted(module, prompt.input_ids, prompt, prompt.use_audio_in_video)

    @classmethod
    def of_talker(cls, module: Any, ids: Tensor, prompt: Prompt) -> Positions:
        """Of what the talker reads of `prompt`, ids (1, n).

        Transformers (5.24) never tells the talker of sound within videos; neither does this.
        """
        return cls._counted(module, ids, prompt, False)

    @classmethod
    def _counted(
        cls, module: Any, ids: Tensor, prompt: Prompt, use_audio_in_video: bool
    ) -> Positions:
        features = prompt.features
        if not features:
            place = torch.arange(ids.shape[1])
            return cls(place.expand(3, 1, -1), ids.shape[1])
        mask = features.get("feature_attention_mask")
        coordinates, _ = module.get_rope_index(
            ids,
            image_grid_thw=features.get("image_grid_thw"),
            video_grid_thw=features.get("video_grid_thw"),
            attention_mask=torch.ones_like(ids),
            use_audio_in_video=use_audio_in_video,
            audio_seqlens=None if mask is None else mask.sum(-1),
            second_per_grids=features.get("video_second_per_grid"),
        )
        return cls(coordinates, float(coordinates.max()) + 1)
