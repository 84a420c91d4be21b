from __future__ import annotations

import socket

import numpy as np
import pytest

from thinktalk.media.handover import (
    BrokenHandover,
    array_in,
    freeze,
    memory_file,
    receive,
    send,
    write_all,
)


def test_messages_and_files_arrive_together() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, memory_file() as file:
        write_all(file, np.arange(6, dtype=np.float32).data)
        send(ours, {"shape": [2, 3], "text": "é" * 1000}, [file])

        message, (received,) = receive(theirs)

        freeze(received)
        array = array_in(received, "float32", (2, 3))
        received.close()
    assert message == {"shape": [2, 3], "text": "é" * 1000}
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_long_message_arrives_whole() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(5)
        send(ours, {"times_s": list(range(20_000))})

        message, files = receive(theirs)

    assert len(message["times_s"]) == 20_000
    assert files == []


def test_a_frozen_file_cannot_be_changed_by_its_writer() -> None:
    with memory_file() as file:
        write_all(file, b"1234")
        freeze(file)

        with pytest.raises(PermissionError):
            file.truncate(0)
        file.seek(0)
        with pytest.raises(PermissionError):
            file.write(b"x")


@pytest.mark.parametrize("shape", [(5,), (-1,), (2**40, 2**40), (-2, -2)])
def test_an_array_larger_than_its_file_is_not_believed(shape: tuple[int, ...]) -> None:
    with memory_file() as file:
        write_all(file, bytes(4))

        with pytest.raises(BrokenHandover):
            array_in(file, "uint8", shape)


def test_the_end_of_the_other_side_is_noticed() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.close()
        with pytest.raises(BrokenHandover):
            receive(theirs)
        with pytest.raises(BrokenHandover):
            send(theirs, {})


def test_what_is_no_message_is_not_believed() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"{not json}\n")
        with pytest.raises(BrokenHandover):
            receive(theirs)
