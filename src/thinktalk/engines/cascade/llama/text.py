"""A text that a model writes: what was there, what came since, and how the next token is drawn."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from thinktalk.engines.cascade.llama.sampler import Sampler


class Text:
    """May be left and gone on with at any token.

    Attributes:
        tokens: the prompt and what was written since.
        num_prompt: how many of them are the prompt.
        num_read: how many the model has read so far; a slot that lost them reads them again.
        read_anew: whether nothing that slots remember is used: a seed repeats only where all is
            read in the same steps, and rounded in the same way.
        is_begun: whether a slot has read some of it.
        is_open: whether it may be gone on with.
        held: tokens that are drawn but that a call had no room for: the next one gives them first.
    """

    def __init__(self, prompt: Sequence[int], sampler: Sampler, *, read_anew: bool) -> None:
        self.tokens = list(prompt)
        self.num_prompt = len(self.tokens)
        self.num_read = 0
        self.sampler = sampler
        self.read_anew = read_anew
        self.is_begun = False
        self.is_open = True
        self.held: list[int] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def written(self) -> list[int]:
        return self.tokens[self.num_prompt :]

    @property
    def num_written(self) -> int:
        return len(self.tokens) - self.num_prompt

    def add(self, token: int, piece: bytes) -> str:
        """Append a token; returns the characters that `piece` completes."""
        self.tokens.append(token)
        return self._decoder.decode(piece)

    def close(self) -> None:
        """Free the sampler; idempotent. No call may be under way."""
        self.is_open = False
        self.sampler.close()
