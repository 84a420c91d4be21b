"""How much decoded media one request may hold.

A file of a few kilobytes can unpack to gigabytes, and a request may bring hundreds of them. Knows
nothing of files or formats.
"""

from __future__ import annotations

from dataclasses import dataclass

from thinktalk.errors import MediaTooMuch


@dataclass(slots=True)
class Allowance:
    """Bytes of decoded media: 3 a pixel, 4 a sample. One for all media of a request."""

    limit_bytes: int
    taken_bytes: int = 0

    def take(self, size_bytes: int) -> None:
        """Book what was decoded, or is about to be.

        Raises:
            MediaTooMuch: the limit is passed.
        """
        self.taken_bytes += size_bytes
        if self.taken_bytes > self.limit_bytes:
            raise MediaTooMuch(self.taken_bytes, self.limit_bytes)
