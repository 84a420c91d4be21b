"""Which tokens a grammar allows next. The rules are llguidance's, bound here to a vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import llguidance
import llguidance.numpy
import numpy as np
import numpy.typing as npt
from llguidance import LLMatcher, LLTokenizer

# A schema of thousands of optional fields has as many ways to go on: ten times the usual limits.
_LIMITS = llguidance.LLParserLimits(
    max_items_in_row=20_000, step_max_items=500_000, verbose_errors=False
)

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
        wrapper = llguidance.TokenizerWrapper(vocabulary)
        self._tokenizer = LLTokenizer(wrapper)
        wrapper.tokens = vocabulary.tokens = ()  # they were copied

    def fault(self, grammar: str) -> str:
        """Why `grammar` cannot be begun; "" if it can."""
        try:
            self.begin(grammar).allowed()
        except ValueError as error:
            return str(error)
        return ""

    def begin(self, grammar: str) -> Follower:
        """Follow `grammar` from its start.

        Raises:
            ValueError: it has a fault.
        """
        matcher = LLMatcher(self._tokenizer, grammar, log_level=0, limits=_LIMITS)
        return Follower(matcher, self._num_tokens)


class Follower:
    """Follows one text through its grammar. What cannot be followed raises `ValueError`."""

    def __init__(self, matcher: LLMatcher, num_tokens: int) -> None:
        self._matcher = matcher
        self._check()
        self._num_tokens = num_tokens
        self._bits = llguidance.numpy.allocate_token_bitmask(1, num_tokens)

    def allowed(self) -> Mask:
        """Whether each token may come next, shape (num_tokens,)."""
        llguidance.numpy.fill_next_token_bitmask(self._matcher, self._bits)
        self._check()
        bits = np.unpackbits(self._bits.view(np.uint8).reshape(-1), bitorder="little")
        return bits[: self._num_tokens].astype(bool)

    def take(self, token: int) -> list[int]:
        """Go on by `token`; returns the tokens that must follow it, already taken."""
        self._matcher.consume_token(token)
        forced = list(self._matcher.compute_ff_tokens())
        self._matcher.consume_tokens(forced)
        self._check()
        return forced

    def _check(self) -> None:
        if self._matcher.is_error():
            raise ValueError(self._matcher.get_error())


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
