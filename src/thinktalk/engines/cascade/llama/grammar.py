"""Which tokens a grammar allows next. The rules are llguidance's, bound here to a vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import llguidance
import llguidance.numpy
import numpy as np
import numpy.typing as npt
from llguidance import LLMatcher, LLTokenizer

Mask = npt.NDArray[np.bool_]


class Grammars:
    """Grammars over one vocabulary. Making one takes a second, so keep it.

    Args:
        pieces: the bytes of each token; of a token that is no text, its name.
        unsaid: the tokens that are no text.
        end: the token that ends a text, allowed where the grammar is satisfied.
        encode: text to tokens, as the model would see it.
    """

    def __init__(
        self,
        pieces: Sequence[bytes],
        unsaid: Sequence[int],
        end: int,
        encode: Callable[[str], list[int]],
    ) -> None:
        self._num_tokens = len(pieces)
        vocabulary = _Vocabulary(pieces, unsaid, end, encode)
        self._tokenizer = LLTokenizer(llguidance.TokenizerWrapper(vocabulary))

    def fault(self, grammar: str) -> str:
        """Why `grammar` cannot be followed; "" if it can."""
        return str(LLMatcher(self._tokenizer, grammar, log_level=0).get_error())

    def begin(self, grammar: str) -> Follower:
        """Follow `grammar` from its start.

        Raises:
            ValueError: it has a fault.
        """
        return Follower(LLMatcher(self._tokenizer, grammar, log_level=0), self._num_tokens)


class Follower:
    """Follows one text through its grammar."""

    def __init__(self, matcher: LLMatcher, num_tokens: int) -> None:
        if matcher.is_error():
            raise ValueError(matcher.get_error())
        self._matcher = matcher
        self._num_tokens = num_tokens
        self._bits = llguidance.numpy.allocate_token_bitmask(1, num_tokens)

    def allowed(self) -> Mask:
        """Whether each token may come next, shape (num_tokens,)."""
        llguidance.numpy.fill_next_token_bitmask(self._matcher, self._bits)
        bits = np.unpackbits(self._bits.view(np.uint8).reshape(-1), bitorder="little")
        return bits[: self._num_tokens].astype(bool)

    def take(self, token: int) -> list[int]:
        """Go on by `token`; returns the tokens that must follow it, already taken."""
        if not self._matcher.consume_token(token):
            raise ValueError(f"token {token} is not allowed: {self._matcher.get_error()}")
        forced = list(self._matcher.compute_ff_tokens())
        self._matcher.consume_tokens(forced)
        return forced


class _Vocabulary:
    """What `TokenizerWrapper` asks for, under the names that it wants."""

    bos_token_id = None

    def __init__(
        self,
        pieces: Sequence[bytes],
        unsaid: Sequence[int],
        end: int,
        encode: Callable[[str], list[int]],
    ) -> None:
        self.tokens, self.special_token_ids, self.eos_token_id = pieces, unsaid, end
        self._encode = encode

    def __call__(self, text: str) -> list[int]:
        return self._encode(text)
