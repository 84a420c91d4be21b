"""What of enrolled voices lies in files: kept samples, and fits that are large.

One file a voice, named by its id, in a directory that only this user can read. Everything here
blocks. Knows nothing of the index.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_COPY_BYTES = 1024 * 1024
_PART_SUFFIX = ".part"


class VoiceFiles:
    """The files of one kind. Errors are `OSError`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def make(self) -> None:
        """Make the directory, unless it is there; the one above it must be."""
        self._directory.mkdir(mode=0o700, exist_ok=True)

    def exists(self) -> bool:
        return self._directory.exists()

    @contextmanager
    def written(
        self, voice_id: str, content: BinaryIO | None
    ) -> Generator[Callable[[], None], None, None]:
        """Write `content` beside what the voice has; the function that is yielded puts it there.

        Without content it removes what the voice has. Of what is not put there nothing stays.
        """
        place = self._directory / voice_id
        if content is None:
            yield lambda: place.unlink(missing_ok=True)
            return
        part = place.with_name(f"{voice_id}.{secrets.token_hex(4)}{_PART_SUFFIX}")
        try:
            _write(part, content)

            def put() -> None:
                part.replace(place)

            yield put
        finally:
            part.unlink(missing_ok=True)

    def read(self, voice_id: str) -> bytes | None:
        """All that the voice has; None where it has nothing."""
        with suppress(FileNotFoundError):
            return (self._directory / voice_id).read_bytes()
        return None

    def remove(self, voice_id: str) -> None:
        (self._directory / voice_id).unlink(missing_ok=True)

    def num_bytes(self, *, without: str) -> int:
        """Of all files together, those that are being written included, but that of one voice."""
        total = 0
        with os.scandir(self._directory) as entries:
            for entry in entries:
                if entry.name != without:
                    with suppress(FileNotFoundError):
                        total += entry.stat().st_size
        return total

    def tidy(self, known: Iterable[str], before_s: float) -> None:
        """Remove what belongs to no voice, unless it was written after `before_s`."""
        names = set(known)
        for path in self._directory.iterdir():
            with suppress(FileNotFoundError):
                if path.name not in names and path.stat().st_mtime < before_s:
                    path.unlink()


def _write(path: Path, content: BinaryIO) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    kept = os.open(path, flags, 0o600)
    with os.fdopen(kept, "wb") as file:
        while block := content.read(_COPY_BYTES):
            file.write(block)
        file.flush()
        os.fsync(kept)
