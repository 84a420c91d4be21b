"""A voice as bytes and back: the library's state after hearing a sample, without pickle.

The state is what the transformer remembers of the sample: keys and values of each layer. They are
kept in half precision, as a safetensors file: 12 MB in a file of the library's own, 6 MB here, for
20 s and the English model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thinktalk.errors import EngineFailed

# Module name -> its tensors: `cache` of shape (2, 1, num_positions, num_heads, size) and `offset`,
# the number of positions that are filled.
State = dict[str, dict[str, Any]]


def to_bytes(state: State) -> bytes:
    """Serialise a state as it is right after a sample was heard: its caches are full."""
    import torch
    from safetensors.torch import save

    caches = {name: module["cache"].to(torch.float16) for name, module in state.items()}
    return bytes(save(caches))


def from_bytes(data: bytes, empty: Callable[[int], State]) -> State:
    """Rebuild a state from bytes that a store kept.

    Args:
        empty: makes the model's state with room for so many positions.

    Raises:
        EngineFailed: they are not a voice of this model: damaged, or another model's.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        caches = load(data)
    except SafetensorError as damaged:
        raise EngineFailed(f"the stored voice is damaged: {damaged}") from damaged
    length = max((cache.shape[2] for cache in caches.values() if cache.dim() == 5), default=0)
    if not length:
        raise EngineFailed("the stored voice is empty")
    state = empty(length)
    if caches.keys() != state.keys():
        raise EngineFailed("the stored voice is another model's: its layers have other names")
    for name, cache in caches.items():
        _fill(state[name], name, cache)
    return state


def _fill(module: dict[str, Any], name: str, cache: Any) -> None:
    import torch

    wanted = tuple(module["cache"].shape)
    if tuple(cache.shape) != wanted or cache.dtype != torch.float16:
        raise EngineFailed(
            f"the stored voice is another model's: {name} is {cache.dtype} of shape "
            f"{tuple(cache.shape)}, not float16 of {wanted}"
        )
    if not torch.isfinite(cache).all():
        raise EngineFailed(f"the stored voice is damaged: {name} holds what is no number")
    module["cache"].copy_(cache)
    module["offset"].fill_(wanted[2])
