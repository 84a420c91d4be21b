"""Which part of the text a stretch of speech speaks: an estimate, by how fast people speak.

The talker is told a token per frame, ahead of what it says, and does not tell where it is.
"""

from __future__ import annotations

# 14 letters a second, as of English read aloud; a character of Chinese, Japanese or Korean takes
# the time of three.
_LETTERS_PER_S = 14.0
_LETTERS_PER_IDEOGRAPH = 3.0
_FIRST_IDEOGRAPH = "⺀"


class Alignment:
    """Goes through a reply's text as its speech goes on."""

    def __init__(self) -> None:
        self._text = ""
        self._place = 0
        self._ahead = 0.0  # letters' worth of speech since `_place`

    def write(self, text: str) -> None:
        """More has been written."""
        self._text += text

    def speak(self, duration_s: float, *, is_last: bool) -> tuple[int, int]:
        """The half-open range of characters that the next `duration_s` speak; the last the rest."""
        start = self._place
        self._ahead += duration_s * _LETTERS_PER_S
        while self._place < len(self._text):
            cost = _LETTERS_PER_IDEOGRAPH if self._text[self._place] >= _FIRST_IDEOGRAPH else 1.0
            if not is_last and self._ahead < cost:
                break
            self._ahead -= cost
            self._place += 1
        if self._place == len(self._text):
            self._ahead = min(self._ahead, 0.0)
        return start, self._place
