"""Draws the next token: penalties, the usual cuts, and a grammar where there is one.

It remembers what was drawn, so that a text may be left and gone on with. Knows nothing of slots or
threads.
"""

from __future__ import annotations

import ctypes
import secrets
import weakref
from collections.abc import Container, Sequence

import numpy as np
import numpy.typing as npt

from thinktalk.engines.base import Sampling
from thinktalk.engines.cascade.llama.grammar import Follower
from thinktalk.engines.cascade.llama.library import Candidates, Library

_CANDIDATE = np.dtype([("id", "<i4"), ("logit", "<f4"), ("p", "<f4")])
_PENALISED_TOKENS = 1 << 16  # as far back as penalties look: further than any window


class Sampler:
    """One text's sampler. `close` it; not safe for use by two threads at a time.

    Args:
        num_tokens: of the vocabulary.
        prompt: counts for the repetition penalty; the other two are for what the model wrote.
        follower: says what may come next; None allows every token.
    """

    def __init__(
        self,
        library: Library,
        num_tokens: int,
        sampling: Sampling,
        prompt: Sequence[int],
        follower: Follower | None,
    ) -> None:
        self._library = library
        self._num_tokens = num_tokens
        self._follower = follower
        self._chain = self._new_chain(sampling, prompt)
        self._free = weakref.finalize(self, library.llama_sampler_free, self._chain)

    def close(self) -> None:
        """Free what the library holds, before the garbage collector does; idempotent."""
        self._free()

    def draw(self, logits: npt.NDArray[np.float32], end: Container[int]) -> list[int]:
        """Draw a token and remember it; those that a grammar demands after it come with it.

        Args:
            logits: one number per token; not kept.
            end: the tokens that end a text: nothing follows them.
        """
        candidates = np.empty(self._num_tokens, _CANDIDATE)
        candidates["id"] = np.arange(self._num_tokens, dtype=np.int32)
        candidates["logit"] = logits
        if self._follower is not None:
            candidates["logit"][~self._follower.allowed()] = -np.inf
        array = Candidates(candidates.ctypes.data, len(candidates), -1, False)
        self._library.llama_sampler_apply(self._chain, ctypes.byref(array))
        token = int(candidates["id"][array.selected])
        tokens = [token]
        if self._follower is not None and token not in end:
            tokens += self._follower.take(token)
        for drawn in tokens:
            self._library.llama_sampler_accept(self._chain, drawn)
        return tokens

    def _new_chain(self, sampling: Sampling, prompt: Sequence[int]) -> int:
        library = self._library
        params = library.llama_sampler_chain_default_params()
        chain = library.llama_sampler_chain_init(params)
        if sampling.repetition_penalty != 1.0:
            penalty = self._penalties(sampling.repetition_penalty, 0.0, 0.0)
            for token in prompt:
                library.llama_sampler_accept(penalty, token)
            library.llama_sampler_chain_add(chain, penalty)
        if sampling.presence_penalty or sampling.frequency_penalty:
            frequency, presence = sampling.frequency_penalty, sampling.presence_penalty
            library.llama_sampler_chain_add(chain, self._penalties(1.0, frequency, presence))
        if sampling.temperature <= 0:
            library.llama_sampler_chain_add(chain, library.llama_sampler_init_greedy())
            return int(chain)
        seed = secrets.randbits(32) if sampling.seed is None else sampling.seed
        if sampling.top_k > 0:
            library.llama_sampler_chain_add(chain, library.llama_sampler_init_top_k(sampling.top_k))
        for sampler in (
            library.llama_sampler_init_top_p(sampling.top_p, 1),
            library.llama_sampler_init_temp(sampling.temperature),
            # All ones would mean a seed of the library's own.
            library.llama_sampler_init_dist(seed % 0xFFFF_FFFF),
        ):
            library.llama_sampler_chain_add(chain, sampler)
        return int(chain)

    def _penalties(self, repetition: float, frequency: float, presence: float) -> int:
        return int(
            self._library.llama_sampler_init_penalties(
                self._num_tokens, _PENALISED_TOKENS, repetition, frequency, presence
            )
        )
