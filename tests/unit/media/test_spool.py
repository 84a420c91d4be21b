"""Files on their way to the decoder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from thinktalk.media import spool
from thinktalk.media.spool import MediaFile, Memory


def content(file: MediaFile) -> bytes:
    with file.opened() as opened:
        return opened.read()


@pytest.mark.parametrize("num_bytes", [0, 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_what_was_written_is_read_whatever_its_size(num_bytes: int) -> None:
    data = bytes(range(251)) * (num_bytes // 251 + 1)
    file = MediaFile()
    for start in range(0, num_bytes, 100_000):
        file.write(data[start : min(num_bytes, start + 100_000)])

    assert file.size_bytes == num_bytes
    assert content(file) == data[:num_bytes]
    assert file.digest() == hashlib.blake2b(data[:num_bytes], digest_size=16).hexdigest()


def test_large_files_lie_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_IN_MEMORY_BYTES", 3 << 20)
    file = MediaFile()
    for number in range(5):
        file.write(bytes([number]) * (1 << 20))

    assert not is_in_memory(file)
    assert content(file) == b"".join(bytes([number]) * (1 << 20) for number in range(5))


def test_two_readers_do_not_disturb_each_other() -> None:
    file = MediaFile.of(b"ab" * (1 << 20))

    with file.opened() as one, file.opened() as other:
        assert one.read(3) == other.read(3) == b"aba"


def test_who_reads_cannot_write_even_if_it_opens_the_file_anew() -> None:
    file = MediaFile.of(b"x" * (2 << 20))

    with file.opened() as opened:
        with pytest.raises(OSError, match="writ"):
            opened.write(b"y")
        again = os.open(f"/proc/self/fd/{opened.fileno()}", os.O_RDWR)
        with pytest.raises(PermissionError):
            os.write(again, b"y")
        os.close(again)
    assert content(file)[:1] == b"x"


def test_files_share_a_bounded_memory_and_give_it_back() -> None:
    memory = Memory(5 << 20)
    files = [MediaFile.of(b"x" * (2 << 20), memory) for _ in range(3)]

    assert [is_in_memory(file) for file in files] == [True, True, False]
    files[0].close()
    assert is_in_memory(MediaFile.of(b"x" * (2 << 20), memory))
    del files
    assert memory.take(5 << 20)


def is_in_memory(file: MediaFile) -> bool:
    with file.opened() as opened:
        return "memfd:" in str(Path(f"/proc/self/fd/{opened.fileno()}").readlink())


def test_a_file_of_this_machine_is_used_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"here")

    assert content(MediaFile.at(tmp_path / "a.bin")) == b"here"
    with pytest.raises(FileNotFoundError):
        MediaFile.at(tmp_path / "missing")
