"""A file on its way in: under a temporary name until all of it is on the medium.

A lock marks the temporary file as being written for as long as this process lives, so that another
one, which tidies up when it starts, can tell it from what a crash has left behind.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from thinktalk.errors import FileTooLarge, StorageFull
from thinktalk.store.index import FileIndex, StoredFile

PART_SUFFIX = ".part"
_WRITE_BYTES = 1024 * 1024

T = TypeVar("T")


class Run(Protocol):
    """Runs blocking work where it keeps nobody waiting."""

    def __call__(self, job: Callable[[], T]) -> Awaitable[T]: ...


@dataclass(slots=True)
class Room:
    """How much may be stored. `incoming_bytes` belong to uploads that have not ended."""

    max_file_bytes: int
    max_total_bytes: int
    max_files: int
    incoming_bytes: int = 0

    def check(self, num_files: int, total_bytes: int) -> None:
        """Raise `StorageFull` unless so many files, of so many bytes together, are allowed."""
        if num_files > self.max_files:
            raise StorageFull(f"{num_files} files", f"{self.max_files} (files.max_files)")
        if total_bytes > self.max_total_bytes:
            limit = f"{self.max_total_bytes} bytes (files.max_total_bytes)"
            raise StorageFull(f"{total_bytes} bytes", limit)


class Upload:
    """Takes the bytes of one file; `commit` stores it, `discard` must follow in any case.

    `token` makes the id of the file unguessable. Memory holds a megabyte of it at most. What blocks
    is ordered by a lock: a job goes on in its thread when whoever awaited it has been cancelled.
    """

    def __init__(
        self, run: Run, content: Path, index: FileIndex, room: Room, stored: tuple[int, int]
    ) -> None:
        self._run, self._content, self._index, self._room = run, content, index, room
        self._num_stored, self._stored_bytes = stored
        self.token = secrets.token_hex(16)
        self._part = content / f"file-{self.token}{PART_SUFFIX}"
        self._pending = bytearray()
        self._file: BinaryIO | None = None
        self._lock = threading.Lock()
        self._is_over = False
        self.num_bytes = 0

    async def write(self, data: bytes) -> None:
        """Append.

        Raises:
            FileTooLarge, StorageFull: a limit is passed. StoreUnavailable: the disk fails.
        """
        self.num_bytes += len(data)
        self._room.incoming_bytes += len(data)
        if self.num_bytes > self._room.max_file_bytes:
            raise FileTooLarge(self._room.max_file_bytes, "files.max_file_bytes")
        self._room.check(self._num_stored + 1, self._stored_bytes + self._room.incoming_bytes)
        self._pending += data
        if len(self._pending) >= _WRITE_BYTES:
            pending, self._pending = self._pending, bytearray()
            await self._run(partial(self._write, pending))

    async def commit(self, file: StoredFile) -> None:
        """Store what was written as `file`, for good.

        Raises:
            StorageFull: others have been faster. StoreUnavailable: the disk fails.
        """
        await self._run(partial(self._commit, file))

    def discard(self) -> None:
        """Remove what was not committed."""
        with self._lock:
            self._is_over = True
            if self._file is not None:
                self._part.unlink(missing_ok=True)
                self._file.close()

    def _write(self, data: bytes | bytearray) -> None:
        with self._lock:
            if self._is_over:
                return
            if self._file is None:
                self._file = _locked_file(self._part)
            self._file.write(data)

    def _commit(self, file: StoredFile) -> None:
        self._write(self._pending)
        with self._lock:
            if self._is_over or self._file is None:
                return
            self._file.flush()
            os.fsync(self._file.fileno())
            # The row comes last: content without one is found and removed at the next start.
            target = self._content / file.id
            self._part.replace(target)
            try:
                _sync_directory(self._content)
                self._index.add(
                    file,
                    lambda num_files, total_bytes: self._room.check(
                        num_files + 1, total_bytes + file.size_bytes
                    ),
                )
            except BaseException:
                target.unlink(missing_ok=True)
                raise


def is_being_written(file: BinaryIO) -> bool:
    """Whether some process, this one included, is uploading to this open file."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _locked_file(path: Path) -> BinaryIO:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        file = os.fdopen(descriptor, "r+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        # Whoever tidies up may have come between the two.
        if os.fstat(descriptor).st_nlink:
            return file
        file.close()


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
