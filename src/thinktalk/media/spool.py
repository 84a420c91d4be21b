"""Bytes that came from outside, on their way to the decoder.

Small ones stay in memory; others lie in a file without a name, which is gone with its last user
whatever happens, so that the server's own memory does not grow with what it is sent. Nobody has to
close one: that happens when it is forgotten. Knows nothing of formats.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from thinktalk.media.handover import memory_file, write_all

_IN_MEMORY_BYTES = 1 << 20
# From here on a file on disk: memory of that size is the system's to give, not ours to take.
_IN_MEMORY_FILE_BYTES = 64 << 20
_DIGEST_BYTES = 16
_READ_BYTES = 1 << 20


class MediaFile:
    """A file as it was sent. Written once, front to back, then read any number of times.

    Args:
        file: bytes that lie on disk already, such as an upload.
    """

    def __init__(self, file: BinaryIO | None = None) -> None:
        self._head = bytearray()
        self._file = file
        self._is_on_disk = file is not None
        self.size_bytes = 0 if file is None else os.fstat(file.fileno()).st_size
        self._digest: str | None = None

    @classmethod
    def of(cls, data: bytes | bytearray) -> MediaFile:
        file = cls()
        file.write(data)
        return file

    @classmethod
    def at(cls, path: Path) -> MediaFile:
        """One of our own machine. Raises `OSError`."""
        return cls(path.open("rb", buffering=0))

    @property
    def is_on_disk(self) -> bool:
        """Whether writing may wait for a disk."""
        return self._is_on_disk

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append. May block once the file lies on disk."""
        self.size_bytes += len(data)
        if self._file is None and self.size_bytes <= _IN_MEMORY_BYTES:
            self._head += data
            return
        if self._file is None:
            self._file = memory_file()
            write_all(self._file, self._head)
            self._head.clear()
        elif not self._is_on_disk and self.size_bytes > _IN_MEMORY_FILE_BYTES:
            self._move_to_disk(self._file)
        write_all(self._file, data)

    @contextmanager
    def opened(self) -> Generator[BinaryIO, None, None]:
        """The bytes from their start, to be read by one user, in this process or another."""
        if self._file is None:
            file = memory_file()
            write_all(file, self._head)
            file.seek(0)
        else:
            file = _reopened(self._file)
        with file:
            yield file

    def head(self, num_bytes: int) -> bytes:
        """The first `num_bytes`, or all if there are fewer."""
        if self._file is None:
            return bytes(self._head[:num_bytes])
        return os.pread(self._file.fileno(), num_bytes, 0)

    def digest(self) -> str:
        """A hash of the content, in hex. Reads all of it the first time: not for an event loop."""
        if self._digest is None:
            digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
            with self.opened() as file:
                while block := file.read(_READ_BYTES):
                    digest.update(block)
            self._digest = digest.hexdigest()
        return self._digest

    def close(self) -> None:
        """Let go of the bytes at once; users that have them open keep them."""
        self._head = bytearray()
        if self._file is not None:
            self._file.close()

    def _move_to_disk(self, file: BinaryIO) -> None:
        on_disk = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # closed with its last user
        file.seek(0)
        while block := file.read(_READ_BYTES):
            write_all(on_disk, block)
        file.close()
        self._file, self._is_on_disk = on_disk, True


def _reopened(file: BinaryIO) -> BinaryIO:
    """The same file with a position of its own, and read-only: what gets it may be taken over."""
    own = Path(f"/proc/self/fd/{file.fileno()}")
    try:
        return own.open("rb", buffering=0)
    except FileNotFoundError:  # no Linux: users then follow each other
        shared = os.fdopen(os.dup(file.fileno()), "rb", buffering=0)
        shared.seek(0)
        return shared
