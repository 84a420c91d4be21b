from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import shutil
import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from thinktalk.errors import FileTooLarge, StorageFull, StoreUnavailable, UnknownFile
from thinktalk.settings import FileSettings
from thinktalk.store.files import FileStore
from thinktalk.store.index import StoredFile

ANA, BEN = "key ana", "key ben"
DAY_S = 86_400
# More than one write, and no whole number of them.
LARGE = os.urandom(2 * 1024 * 1024 + 12_345)


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "files"


@pytest.fixture
async def store(directory: Path, clock: Clock) -> AsyncIterator[FileStore]:
    store = FileStore(FileSettings(), directory, clock)
    await store.start()
    yield store
    await store.stop()


async def put(
    store: FileStore,
    data: bytes = b"RIFF",
    *,
    owner: str = ANA,
    name: str = "a.wav",
    purpose: str = "user_data",
    lifetime_s: float | None = None,
) -> StoredFile:
    async with store.upload() as upload:
        for start in range(0, len(data), 65_536):
            await upload.write(data[start : start + 65_536])
        return await store.commit(
            upload, owner=owner, name=name, purpose=purpose, lifetime_s=lifetime_s
        )


async def read(store: FileStore, file_id: str, owner: str = ANA) -> bytes:
    with await store.open(file_id, owner) as content:
        return content.read()


async def listed(store: FileStore, owner: str = ANA, **query: Any) -> list[str]:
    files, _ = await store.page(owner, **{"limit": 100, **query})
    return [file.id for file in files]


def contents(directory: Path) -> set[str]:
    return {path.name for path in (directory / "content").iterdir()}


def modes(directory: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.rglob("*")}


async def restarted(directory: Path, clock: Clock, **settings: Any) -> FileStore:
    store = FileStore(FileSettings(**settings), directory, clock)
    await store.start()
    await store.stop()
    return FileStore(FileSettings(**settings), directory, clock)


async def test_what_was_uploaded_is_found_read_and_listed(store: FileStore, clock: Clock) -> None:
    file = await put(store, LARGE, name="Взлёт 🚀.mp4")

    assert await store.find(file.id, ANA) == file
    assert (file.size_bytes, file.name, file.purpose) == (len(LARGE), "Взлёт 🚀.mp4", "user_data")
    assert file.created_s == clock.now_s
    assert file.expires_s == clock.now_s + 2 * DAY_S
    assert await read(store, file.id) == LARGE
    assert await listed(store) == [file.id]


async def test_files_outlive_the_server(store: FileStore, directory: Path, clock: Clock) -> None:
    file = await put(store, LARGE)
    again = await restarted(directory, clock)
    assert await read(again, file.id) == LARGE


async def test_a_server_without_uploads_leaves_no_trace(store: FileStore, directory: Path) -> None:
    assert modes(directory.parent) == {}


async def test_nobody_else_can_read_what_is_stored(store: FileStore, directory: Path) -> None:
    await put(store)
    found = modes(directory.parent)
    assert found.pop("files") == found.pop("content") == 0o700
    assert len(found) == 2 and set(found.values()) == {0o600}


async def test_a_file_is_its_owners_alone(store: FileStore) -> None:
    file = await put(store, owner=ANA)

    assert await listed(store, BEN) == []
    with pytest.raises(UnknownFile):
        await store.find(file.id, BEN)
    with pytest.raises(UnknownFile):
        await store.open(file.id, BEN)
    with pytest.raises(UnknownFile):
        await store.delete(file.id, BEN)
    with pytest.raises(UnknownFile):
        await store.page(BEN, after=file.id, limit=1)
    assert await read(store, file.id, ANA) == b"RIFF"


async def test_ids_are_long_and_never_alike(store: FileStore) -> None:
    files = [await put(store) for _ in range(5)]
    assert len({file.id for file in files}) == 5
    assert all(len(file.id.removeprefix("file-")) == 32 for file in files)
    assert (await put(store, purpose="file-extract")).id.startswith("file-fe-")


@pytest.mark.parametrize(
    "file_id",
    ["", "..", "../index.sqlite3", "file-../../index.sqlite3", "/etc/passwd", "a\0b", "x" * 99_999],
)
async def test_an_id_is_never_taken_for_a_path(store: FileStore, file_id: str) -> None:
    file = await put(store)
    with pytest.raises(UnknownFile):
        await store.open(file_id, ANA)
    with pytest.raises(UnknownFile):
        await store.delete(file_id, ANA)
    assert await read(store, file.id) == b"RIFF"


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a\0b", "CON", "'; DROP TABLE"]
)
async def test_a_name_is_kept_and_never_taken_for_a_path(
    store: FileStore, directory: Path, name: str
) -> None:
    file = await put(store, name=name)
    assert (await store.find(file.id, ANA)).name == name
    assert contents(directory) == {file.id}


async def test_a_deleted_file_is_gone_from_the_disk(store: FileStore, directory: Path) -> None:
    file, other = await put(store), await put(store)
    reader = await store.open(file.id, ANA)

    await store.delete(file.id, ANA)

    with pytest.raises(UnknownFile):
        await store.find(file.id, ANA)
    with pytest.raises(UnknownFile):
        await store.delete(file.id, ANA)
    assert contents(directory) == {other.id}
    with reader:
        assert reader.read() == b"RIFF", "who was reading may go on"


async def test_a_file_has_its_time(store: FileStore, directory: Path, clock: Clock) -> None:
    short, long = await put(store, lifetime_s=3600), await put(store, lifetime_s=90 * DAY_S)
    assert (short.expires_s, long.expires_s) == (clock.now_s + 3600, clock.now_s + 2 * DAY_S)

    clock.now_s += 3600
    with pytest.raises(UnknownFile):
        await store.open(short.id, ANA)
    assert await listed(store) == [long.id]

    kept = await put(store)
    assert contents(directory) == {long.id, kept.id}, "expired content makes room for new"
    clock.now_s += 3 * DAY_S
    await restarted(directory, clock)
    assert contents(directory) == set(), "and goes when a server starts"


async def test_pages_follow_one_another(store: FileStore) -> None:
    ids = [(await put(store, purpose=purpose)).id for purpose in ("vision", "batch") * 3]

    assert await listed(store) == ids[::-1]
    assert await listed(store, newest_first=False) == ids
    assert await listed(store, purpose="batch", newest_first=False) == ids[1::2]
    first, has_more = await store.page(ANA, limit=4)
    assert [file.id for file in first] == ids[:1:-1] and has_more
    rest, has_more = await store.page(ANA, after=first[-1].id, limit=4)
    assert [file.id for file in rest] == ids[1::-1] and not has_more


async def test_a_file_may_be_as_large_as_allowed_and_no_larger(
    directory: Path, clock: Clock
) -> None:
    store = FileStore(FileSettings(max_file_bytes=len(LARGE)), directory, clock)
    with pytest.raises(FileTooLarge, match=f"limit of {len(LARGE)} bytes"):
        await put(store, LARGE + b"x")
    assert contents(directory) == set()
    assert await read(store, (await put(store, LARGE)).id) == LARGE


async def test_what_is_stored_together_is_bounded(directory: Path, clock: Clock) -> None:
    store = FileStore(FileSettings(max_total_bytes=10), directory, clock)
    first = await put(store, b"12345678", owner=BEN)

    with pytest.raises(StorageFull, match=r"11 bytes; the limit is 10 bytes"):
        await put(store, b"123")
    assert contents(directory) == {first.id}
    await put(store, b"12")

    await store.delete(first.id, BEN)
    await put(store, b"12345678")


async def test_uploads_that_run_together_share_the_room(directory: Path, clock: Clock) -> None:
    store = FileStore(FileSettings(max_total_bytes=10), directory, clock)
    async with store.upload() as one, store.upload() as other:
        await one.write(b"123456")
        with pytest.raises(StorageFull):
            await other.write(b"12345")
    async with store.upload() as whole:
        await whole.write(b"1234567890")
        assert whole.num_bytes == 10


async def test_servers_that_share_a_directory_share_the_room(directory: Path, clock: Clock) -> None:
    limit = FileSettings(max_total_bytes=10)
    here, there = FileStore(limit, directory, clock), FileStore(limit, directory, clock)
    async with here.upload() as upload:
        await upload.write(b"123456")
        other = await put(there, b"123456")
        with pytest.raises(StorageFull):
            await here.commit(upload, owner=ANA, name="a", purpose="batch", lifetime_s=None)
    assert contents(directory) == {other.id}
    assert await listed(here) == [other.id]


async def test_the_number_of_files_is_bounded(directory: Path, clock: Clock) -> None:
    store = FileStore(FileSettings(max_files=2), directory, clock)
    await put(store)
    await put(store)
    with pytest.raises(StorageFull, match=r"3 files; the limit is 2 \(files.max_files\)"):
        await put(store)


async def test_an_upload_that_is_given_up_leaves_nothing(store: FileStore, directory: Path) -> None:
    begun = asyncio.Event()

    async def stall() -> None:
        async with store.upload() as upload:
            await upload.write(LARGE)
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(stall())
    await begun.wait()
    assert len(contents(directory)) == 1
    task.cancel()
    await asyncio.wait((task,))
    assert contents(directory) == set()
    assert await listed(store) == []


def _die_while_uploading(directory: Path) -> None:
    async def begin() -> None:
        store = FileStore(FileSettings(), directory)
        async with store.upload() as upload:
            await upload.write(LARGE)
            os._exit(9)

    asyncio.run(begin())


async def test_what_a_crash_leaves_is_removed_at_the_next_start(
    store: FileStore, directory: Path, clock: Clock
) -> None:
    kept, rowless, lost = await put(store), await put(store), await put(store)
    dying = multiprocessing.get_context("spawn").Process(
        target=_die_while_uploading, args=(directory,)
    )
    dying.start()
    await asyncio.to_thread(dying.join, 60)
    assert dying.exitcode == 9
    with sqlite3.connect(directory / "index.sqlite3") as db:
        db.execute("DELETE FROM files WHERE id = ?", (rowless.id,))
    db.close()
    (directory / "content" / lost.id).unlink()
    (directory / "content" / "notes.txt").write_text("not ours")
    assert any(name.endswith(".part") for name in contents(directory))

    await restarted(directory, clock)

    assert contents(directory) == {kept.id, "notes.txt"}
    again = FileStore(FileSettings(), directory, clock)
    assert await listed(again) == [kept.id]


async def test_a_server_that_starts_leaves_the_uploads_of_others_alone(
    store: FileStore, directory: Path, clock: Clock
) -> None:
    async with store.upload() as upload:
        await upload.write(LARGE)
        await restarted(directory, clock)
        file = await store.commit(
            upload, owner=ANA, name="a.wav", purpose="vision", lifetime_s=None
        )
    assert await read(store, file.id) == LARGE


async def test_a_cache_that_is_emptied_is_begun_anew(store: FileStore, directory: Path) -> None:
    lost = await put(store)
    (directory / "content" / lost.id).unlink()
    with pytest.raises(UnknownFile):
        await store.open(lost.id, ANA)
    shutil.rmtree(directory)
    with pytest.raises(UnknownFile):
        await store.find(lost.id, ANA)
    file = await put(store)
    assert await read(store, file.id) == b"RIFF"


async def test_a_disk_that_fails_is_named(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "taken").write_text("a file where the directory should be")
    store = FileStore(FileSettings(), tmp_path / "taken" / "files", clock)
    with pytest.raises(StoreUnavailable, match="cannot be read or written now: not a directory"):
        await put(store)


async def test_a_full_disk_is_named_and_leaves_nothing(store: FileStore, directory: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, hard))
    try:
        with pytest.raises(StoreUnavailable, match="file too large"):
            await put(store, LARGE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert contents(directory) == set()
    assert await read(store, (await put(store, LARGE)).id) == LARGE


async def test_a_broken_or_newer_index_is_named_and_left_alone(
    store: FileStore, directory: Path, clock: Clock
) -> None:
    file = await put(store)
    index = directory / "index.sqlite3"
    with sqlite3.connect(index) as db:
        db.execute("PRAGMA user_version = 9")
    db.close()
    newer = await restarted(directory, clock)
    with pytest.raises(StoreUnavailable, match="version 9, and this server knows 1"):
        await listed(newer)
    assert contents(directory) == {file.id}

    index.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await listed(FileStore(FileSettings(), directory, clock))
    assert contents(directory) == {file.id}
