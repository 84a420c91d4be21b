"""Writing a file whole or not at all, and saying so when the disk is full.

Knows sizes and hashes, nothing of where bytes come from.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self

from thinktalk.errors import DiskFull, HashMismatch
from thinktalk.weights.manifest import WeightFile

CHUNK_BYTES = 1024 * 1024


def _free_bytes(path: Path) -> int:
    return shutil.disk_usage(path).free


def _open(path: Path, mode: Literal["wb", "ab"]) -> BinaryIO:
    return path.open(mode)


@dataclass(frozen=True, slots=True)
class Disk:
    """The two questions asked of a disk; tests answer them as a full one would."""

    free_bytes: Callable[[Path], int] = _free_bytes
    open: Callable[[Path, Literal["wb", "ab"]], BinaryIO] = _open

    def require(self, directory: Path, needed_bytes: int) -> None:
        """Raise `DiskFull` unless `directory`, which exists, has room for `needed_bytes`."""
        free = self.free_bytes(directory)
        if free < needed_bytes:
            raise DiskFull(str(directory), needed_bytes, free)

    @contextmanager
    def explained(self, path: Path, needed_bytes: int) -> Iterator[None]:
        """Turn "no space left" into `DiskFull`."""
        try:
            yield
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            free = self.free_bytes(path.parent)
            raise DiskFull(str(path), needed_bytes, free) from error


def sha256_of(path: Path, on_bytes: Callable[[int], None] | None = None) -> str:
    """SHA-256 of a file; `on_bytes` hears how many bytes have been read."""
    digest, num_bytes = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
            num_bytes += len(chunk)
            if on_bytes is not None:
                on_bytes(num_bytes)
    return digest.hexdigest()


class PartFile:
    """A file under a temporary name, hashed while it is written.

    `commit` gives it its name if it is what the manifest says. Left without a commit, it is
    removed, or kept for another attempt when it is `resumable`.
    """

    def __init__(
        self, path: Path, wanted: WeightFile, disk: Disk, *, resumable: bool = False
    ) -> None:
        self.path, self.wanted = path, wanted
        self._disk, self._resumable = disk, resumable
        self._stream: BinaryIO | None = None
        self._digest = hashlib.sha256()
        self.num_bytes = 0

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self._resumable and self.path.exists():
            self._take_up()
        self._stream = self._disk.open(self.path, "ab" if self.num_bytes else "wb")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        is_kept = self._resumable and not isinstance(error, (HashMismatch, DiskFull))
        try:
            self._close()
        finally:
            if not is_kept:
                self.path.unlink(missing_ok=True)

    @property
    def is_full(self) -> bool:
        return self.num_bytes >= self.wanted.size_bytes

    def write(self, chunk: bytes, source: str) -> None:
        """Append; `source` is named if the bytes turn out to be too many."""
        assert self._stream is not None
        with self._disk.explained(self.path, self.wanted.size_bytes):
            self._stream.write(chunk)
        self._digest.update(chunk)
        self.num_bytes += len(chunk)
        if self.num_bytes > self.wanted.size_bytes:
            self._refuse(source)

    def restart(self) -> None:
        """Forget what was written."""
        self._close()
        self._digest, self.num_bytes = hashlib.sha256(), 0
        self._stream = self._disk.open(self.path, "wb")

    def commit(self, target: Path, source: str) -> None:
        """Check, flush to the medium and rename to `target`.

        Raises:
            HashMismatch: the bytes are not those of the manifest; they are removed.
        """
        if self._digest.hexdigest() != self.wanted.sha256:
            self._refuse(source)
        assert self._stream is not None
        with self._disk.explained(self.path, self.wanted.size_bytes):
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._close()
            target.parent.mkdir(parents=True, exist_ok=True)
            self.path.replace(target)
        # The rename itself must survive a power cut, or the stamp could outlive the file.
        descriptor = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _refuse(self, source: str) -> None:
        wanted = self.wanted
        raise HashMismatch(wanted.name, wanted.sha256, self._digest.hexdigest(), source)

    def _take_up(self) -> None:
        with self.path.open("rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                self._digest.update(chunk)
                self.num_bytes += len(chunk)
        if self.num_bytes > self.wanted.size_bytes:
            self._digest, self.num_bytes = hashlib.sha256(), 0

    def _close(self) -> None:
        if self._stream is not None:
            stream, self._stream = self._stream, None
            with self._disk.explained(self.path, self.wanted.size_bytes):
                stream.close()
