"""What the thinker writes: tokens as text to show, and those that the talker may speak.

Knows nothing of models. Text that may yet turn out to be part of a stop is held back from both.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from tokenizers.decoders import DecodeStream

from thinktalk.engines.base import Sampling
from thinktalk.engines.reply_text import ReplyText


class Written:
    """One reply as it is written.

    Args:
        tokenizer: of the library `tokenizers`.
        silent: tokens from which on nothing is spoken any more, as those that open a tool call.
    """

    def __init__(self, tokenizer: Any, sampling: Sampling, silent: frozenset[int]) -> None:
        self._tokenizer, self._silent = tokenizer, silent
        self._stream = DecodeStream(skip_special_tokens=True)
        self._reply = ReplyText(sampling.stop, sampling.stop_token_ids)
        self._num_decoded = self._num_shown = 0
        self._held: deque[tuple[int, int]] = deque()  # token, and where its text ends
        self._is_silent = False

    @property
    def stopped(self) -> bool:
        """Whether a stop was met: what is left is not shown."""
        return self._reply.stopped

    def feed(self, token: int) -> tuple[str, list[int]]:
        """One more token: the text that can be shown now, and the tokens that can be spoken."""
        text = self._stream.step(self._tokenizer, token) or ""
        self._num_decoded += len(text)
        self._is_silent = self._is_silent or token in self._silent
        if not self._is_silent:
            self._held.append((token, self._num_decoded))
        return self._show(self._reply.feed(text, token))

    def finish(self) -> tuple[str, list[int]]:
        """What was held back, once the reply has ended by itself."""
        return self._show(self._reply.finish())

    def _show(self, text: str) -> tuple[str, list[int]]:
        self._num_shown += len(text)
        spoken = []
        while self._held and self._held[0][1] <= self._num_shown:
            spoken.append(self._held.popleft()[0])
        return text, spoken
