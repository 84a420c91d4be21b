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

from thinktalk.engines.qwen_omni.sounds import num_sound_tokens

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
    # so one as long as the longest of all goes with every piece.
    longest = min(chunk, max(lengths))
    filler = log_mel.new_zeros(log_mel.shape[1], longest)
    num_spare = num_sound_tokens(longest)
    while left:
        sizes = [num_sound_tokens(end - start) for _, start, end in left]
        count = _num_first(sizes, piece_tokens())
        piece, left = left[:count], left[count:]
        parts = [*(log_mel[row, :, start:end] for row, start, end in piece), filler]
        frames = torch.cat(parts, 1).to(tower.device, tower.dtype)
        part_lengths = torch.tensor([part.shape[1] for part in parts], device=tower.device)
        made = tower(frames, feature_lens=part_lengths).last_hidden_state
        yield made[: len(made) - num_spare]


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
        sizes = [math.prod(grid) for grid in left]
        count = _num_first(sizes, piece_tokens() * tower.spatial_merge_size**2)
        piece, left = left[:count], left[count:]
        end = start + sum(map(math.prod, piece))
        patches = pixels[start:end].to(tower.device, tower.dtype)
        made = tower(patches, grid_thw=torch.tensor(piece, device=tower.device))
        yield made.pooler_output, made.deepstack_features
        start = end


def _num_first(sizes: Sequence[int], most: int) -> int:
    """How many of the first are `most` together; one at least."""
    return max(1, bisect_right(list(accumulate(sizes)), most))
