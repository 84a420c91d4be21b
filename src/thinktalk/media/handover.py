"""Bytes and arrays between two processes, without copying them through a pipe.

Content lies in files of memory that have no name, so that nothing is left behind when a process is
killed; their descriptors travel over a Unix socket beside a line of JSON. The receiver trusts
neither sizes nor types: the other side may have been taken over. Knows nothing of media.
"""

from __future__ import annotations

import fcntl
import json
import math
import mmap
import os
import socket
import tempfile
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

_MAX_MESSAGE_BYTES = 4 * 1024 * 1024
_MAX_FILES = 4
_RECEIVE_BYTES = 64 * 1024


class BrokenHandover(Exception):
    """The other process is gone, or sent what makes no sense."""


def memory_file() -> BinaryIO:
    """An empty unbuffered file in memory; on systems without those, an unlinked temporary one."""
    if not hasattr(os, "memfd_create"):
        return tempfile.TemporaryFile(buffering=0)
    descriptor = os.memfd_create("thinktalk-media", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    return os.fdopen(descriptor, "w+b", buffering=0)


def write_all(file: BinaryIO, data: bytes | bytearray | memoryview) -> None:
    """Write everything: one call may take less than it was given."""
    rest = memoryview(data).cast("B")
    while rest:
        rest = rest[file.write(rest) :]


def send(channel: socket.socket, message: dict[str, Any], files: Sequence[BinaryIO] = ()) -> None:
    """Send one message and the files it speaks of. They stay open here."""
    data = json.dumps(message).encode("ascii") + b"\n"
    try:
        sent = socket.send_fds(channel, [data], [file.fileno() for file in files])
        channel.sendall(data[sent:])
    except OSError as exc:
        raise BrokenHandover(str(exc)) from exc


def receive(channel: socket.socket) -> tuple[dict[str, Any], list[BinaryIO]]:
    """Wait for one message. Raises `TimeoutError` past the channel's timeout."""
    data = bytearray()
    files: list[BinaryIO] = []
    try:
        while not data.endswith(b"\n"):
            chunk, descriptors, _, _ = socket.recv_fds(channel, _RECEIVE_BYTES, _MAX_FILES)
            files += [os.fdopen(descriptor, "r+b", buffering=0) for descriptor in descriptors]
            if not chunk or len(data) > _MAX_MESSAGE_BYTES:
                raise BrokenHandover(
                    "the other process is gone" if not chunk else "endless message"
                )
            data += chunk
        message = json.loads(data)
    except BaseException as exc:
        for file in files:
            file.close()
        if isinstance(exc, TimeoutError) or not isinstance(exc, OSError | ValueError):
            raise
        raise BrokenHandover(str(exc)) from exc
    return message, files


def freeze(file: BinaryIO) -> None:
    """Forbid any further change, so that what was checked stays so."""
    if hasattr(fcntl, "F_ADD_SEALS"):
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
        try:
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
        except OSError as exc:
            raise BrokenHandover("the file could not be sealed") from exc


def array_in(
    file: BinaryIO, dtype: npt.DTypeLike, shape: tuple[int, ...], offset: int = 0
) -> npt.NDArray[Any]:
    """The array that lies in a frozen `file`, mapped: the memory goes back when the array does.

    Writing to it changes a private copy.
    """
    count = math.prod(shape)
    size_bytes = os.fstat(file.fileno()).st_size
    needed_bytes = offset + count * np.dtype(dtype).itemsize
    if min(*shape, offset) < 0 or needed_bytes > size_bytes:
        raise BrokenHandover(f"an array of shape {shape} does not lie in {size_bytes} bytes")
    if count == 0:
        return np.zeros(shape, dtype)
    mapped = mmap.mmap(file.fileno(), size_bytes, access=mmap.ACCESS_COPY)
    return np.frombuffer(mapped, dtype, count, offset).reshape(shape)
