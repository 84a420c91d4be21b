"""Bytes that came from outside, on their way to the decoder.

Small ones stay in memory; others lie in a file without a name, which is gone with its last user
whatever happens, so that the server's own memory does not grow with what it is sent. Nobody has to
close one: that happens when it is forgotten. Knows nothing of formats.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from thinktalk.media.handover import freeze, memory_file, write_all

_SMALL_BYTES = 1 << 20
# From here on a file on disk: memory of that size is the system's to give, not ours to take.
_IN_MEMORY_BYTES, _ALL_IN_MEMORY_BYTES = 64 << 20, 256 << 20
_DIGEST_BYTES = 16
_READ_BYTES = 1 << 20


class Memory:
    """How many bytes the files that share it may hold in memory; those without room go to disk."""

    def __init__(self, limit_bytes: int = _ALL_IN_MEMORY_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._taken_bytes = 0
        self._changing = threading.Lock()

    def take(self, size_bytes: int) -> bool:
        """Book room, if there is enough."""
        with self._changing:
            if self._taken_bytes + size_bytes > self._limit_bytes:
                return False
            self._taken_bytes += size_bytes
            return True

    def give_back(self, size_bytes: int) -> None:
        with self._changing:
            self._taken_bytes -= size_bytes


class MediaFile:
    """A file as it was sent. Written once, front to back, then read any number of times.

    Args:
        file: bytes that lie on disk already, such as an upload.
        memory: shared with other files; None for one of its own.
    """

    def __init__(self, file: BinaryIO | None = None, memory: Memory | None = None) -> None:
        self._memory = memory or Memory()
        self._held_bytes = 0
        self._head = bytearray()
        self._file = file
        self._is_on_disk = file is not None
        self._is_whole = False
        self.size_bytes = 0 if file is None else os.fstat(file.fileno()).st_size
        self._digest: str | None = None

    @classmethod
    def of(cls, data: bytes | bytearray, memory: Memory | None = None) -> MediaFile:
        file = cls(memory=memory)
        file.write(data)
        return file

    @classmethod
    def at(cls, path: Path) -> MediaFile:
        """One of our own machine. Raises `OSError`."""
        return cls(path.open("rb", buffering=0))

    def __del__(self) -> None:
        self.close()

    def is_small(self, more_bytes: int = 0) -> bool:
        """Whether writing that much more takes no time that anybody would notice."""
        return self.size_bytes + more_bytes <= _SMALL_BYTES

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append. May block where the file is not small."""
        self.size_bytes += len(data)
        if not self._is_on_disk:
            has_room = self.size_bytes <= _IN_MEMORY_BYTES and self._memory.take(len(data))
            if has_room:
                self._held_bytes += len(data)
            else:
                self._move(tempfile.TemporaryFile(buffering=0))  # noqa: SIM115  # kept
                self._is_on_disk = True
                self._give_back()
        if self._file is None and self.size_bytes <= _SMALL_BYTES:
            self._head += data
            return
        if self._file is None:
            self._move(memory_file())
        assert self._file is not None
        write_all(self._file, data)

    @contextmanager
    def opened(self) -> Generator[BinaryIO, None, None]:
        """The bytes from their start, to be read by one user, in this process or another.

        Nothing can be written any more, by whoever is given them neither.
        """
        if self._file is not None and not self._is_on_disk and not self._is_whole:
            freeze(self._file)
            self._is_whole = True
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
        self._give_back()

    def _give_back(self) -> None:
        self._memory.give_back(self._held_bytes)
        self._held_bytes = 0

    def _move(self, file: BinaryIO) -> None:
        """Go on in `file`."""
        write_all(file, self._head)
        self._head.clear()
        if self._file is not None:
            self._file.seek(0)
            while block := self._file.read(_READ_BYTES):
                write_all(file, block)
            self._file.close()
        self._file = file


def _reopened(file: BinaryIO) -> BinaryIO:
    """The same file with a position of its own, and read-only."""
    own = Path(f"/proc/self/fd/{file.fileno()}")
    try:
        return own.open("rb", buffering=0)
    except FileNotFoundError:  # no Linux: users then follow each other
        shared = os.fdopen(os.dup(file.fileno()), "rb", buffering=0)
        shared.seek(0)
        return shared
