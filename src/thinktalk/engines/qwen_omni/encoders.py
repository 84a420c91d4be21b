"""Sounds and pictures through Transformers' encoders, in pieces that give what one pass gives.

Sound is attended to in windows of some seconds, pictures one by one and videos by pairs of frames:
between these a pass may be interrupted. Knows nothing of tokens around them.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from thinktalk.engines.qwen_omni.sounds import TOKENS_PER_S

_FRAMES_PER_S = 100  # of mel features

# A sound, from one of its frames to another.
_Stretch = tuple[int, int, int]


def heard(
    tower: Any, log_mel: Tensor, mask: Tensor, piece_tokens: Callable[[], int]
) -> Iterator[Tensor]:
    """What the audio encoder makes of sounds (a, num_mels, t), in order: (num_tokens, hidden_size).

    Args:
        tower: Transformers' audio encoder.
        mask: (a, t), 1 where there is sound.
        piece_tokens: asked before each piece, of about so many tokens it is.
    """
    lengths = mask.sum(-1).tolist()
    chunk, window = 2 * tower.config.n_window, tower.config.n_window_infer
    left: list[_Stretch] = [
        (row, start, min(start + window, length))
        for row, length in enumerate(lengths)
        for start in range(0, length, window)
    ]
    # The convolutions pad each chunk to the longest that comes with it, which shows at its end:
    # so a full one goes with every piece where there is one at all. Shorter sounds stay together.
    filler = [log_mel.new_zeros(log_mel.shape[1], chunk)] if max(lengths) >= chunk else []
    while left:
        count = max(1, piece_tokens() * _FRAMES_PER_S // (TOKENS_PER_S * window))
        piece, left = (left[:count], left[count:]) if filler else (left, [])
        stretches = [log_mel[row, :, start:end] for row, start, end in piece]
        frames = torch.cat([*stretches, *filler], 1).to(tower.device, tower.dtype)
        sizes = torch.tensor([part.shape[1] for part in (*stretches, *filler)])
        made = tower(frames, feature_lens=sizes.to(tower.device)).last_hidden_state
        yield made[: len(made) - len(filler) * TOKENS_PER_S]


def seen(
    tower: Any, pixels: Tensor, grids: Tensor, piece_tokens: Callable[[], int]
) -> Iterator[tuple[Tensor, list[Tensor]]]:
    """What the vision encoder makes of pictures, in order: tokens, and what early layers add.

    Both are (num_tokens, hidden_size), the latter one for each such layer. One picture, or a pair
    of frames, is the least that is worked on.

    Args:
        tower: Transformers' vision encoder.
        pixels: (num_patches, d).
        grids: (num_pictures, 3): pairs of frames, patches down, patches across.
    """
    left = [
        (1, down, across) for num_pairs, down, across in grids.tolist() for _ in range(num_pairs)
    ]
    start = 0
    while left:
        piece = left[: _num_first(left, piece_tokens() * tower.spatial_merge_size**2)]
        left = left[len(piece) :]
        end = start + sum(map(math.prod, piece))
        patches = pixels[start:end].to(tower.device, tower.dtype)
        made = tower(patches, grid_thw=torch.tensor(piece, device=tower.device))
        yield made.pooler_output, made.deepstack_features
        start = end


def _num_first(grids: Sequence[Sequence[int]], most: int) -> int:
    """How many of the first have `most` patches together; one at least."""
    sizes = list(accumulate(map(math.prod, grids)))
    return max(1, bisect_right(sizes, most))
