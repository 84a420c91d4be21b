"""How much media one request may bring.

A file of a few kilobytes can unpack to gigabytes, and a request may bring hundreds of them. Knows
nothing of files or formats.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from thinktalk.errors import MediaTooLarge, MediaTooMuch


@dataclass(slots=True)
class Allowance:
    """Bytes of media, decoded (3 a pixel, 4 a sample) and as they were sent. One for a request."""

    limit_bytes: int
    taken_bytes: int = 0
    sent_limit_bytes: int = sys.maxsize
    sent_bytes: int = 0

    def take(self, size_bytes: int) -> None:
        """Book what was decoded, or is about to be.

        Raises:
            MediaTooMuch: the limit is passed.
        """
        self.taken_bytes += size_bytes
        if self.taken_bytes > self.limit_bytes:
            raise MediaTooMuch(self.taken_bytes, self.limit_bytes)

    def receive(self, size_bytes: int) -> None:
        """Book a file that has been fetched.

        Raises:
            MediaTooLarge: all of them together are too large.
        """
        self.sent_bytes += size_bytes
        if self.sent_bytes > self.sent_limit_bytes:
            what = "the files of this request together"
            raise MediaTooLarge(self.sent_bytes, self.sent_limit_bytes, what)
