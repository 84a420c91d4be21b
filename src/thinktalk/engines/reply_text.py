"""What of a reply may be shown: everything before a stop text or stop tokens, nothing of them.

Knows nothing of the model. Text that may yet turn out to be part of a stop is held back.
"""

from __future__ import annotations

from collections.abc import Sequence


class ReplyText:
    """Fed with each (text, token) as decoded; gives what can be shown. `stopped` ends the reply."""

    def __init__(
        self, stop: Sequence[str] = (), stop_token_ids: Sequence[Sequence[int]] = ()
    ) -> None:
        self._stops = tuple(text for text in stop if text)
        self._stop_ids = tuple(tuple(ids) for ids in stop_token_ids if ids)
        self._held: list[tuple[int, str]] = []
        self._tail = ""
        self.stopped = False

    def feed(self, text: str, token: int) -> str:
        """Take a token and the characters it completes; return what is safe to show."""
        if self.stopped:
            return ""
        ready = self._pass_token(token, text)
        return self._pass_text(ready, is_last=self.stopped)

    def finish(self) -> str:
        """The reply ended by itself: what was held back is shown after all."""
        if self.stopped:
            return ""
        rest = "".join(text for _, text in self._held)
        self._held = []
        return self._pass_text(rest, is_last=True)

    def _pass_token(self, token: int, text: str) -> str:
        if not self._stop_ids:
            return text
        self._held.append((token, text))
        ids = tuple(held for held, _ in self._held)
        for stop in self._stop_ids:
            if ids[-len(stop) :] == stop:
                self.stopped = True
                return self._release(len(ids) - len(stop))
        keep = max(_overlap(ids, stop) for stop in self._stop_ids)
        return self._release(len(ids) - keep)

    def _release(self, count: int) -> str:
        text = "".join(text for _, text in self._held[:count])
        self._held = self._held[count:]
        return text

    def _pass_text(self, text: str, *, is_last: bool) -> str:
        if not self._stops:
            return text
        self._tail += text
        found = [at for stop in self._stops if (at := self._tail.find(stop)) >= 0]
        if found:
            self.stopped = True
            return self._tail[: min(found)]
        keep = 0 if is_last else max(_overlap(self._tail, stop) for stop in self._stops)
        ready, self._tail = (
            self._tail[: len(self._tail) - keep],
            self._tail[len(self._tail) - keep :],
        )
        return ready


def _overlap(seen: Sequence[object], stop: Sequence[object]) -> int:
    """Length of the longest end of `seen` that begins `stop` without completing it."""
    for length in range(min(len(seen), len(stop) - 1), 0, -1):
        if seen[-length:] == stop[:length]:
            return length
    return 0
