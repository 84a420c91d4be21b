"""Files that clients upload: kept for a time, within limits, each for its owner alone.

Content lies in a directory that only this user can read, one file each, named by id; what is known
of them in `index`. What a client calls its file never becomes a path. Knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from thinktalk.errors import StoreUnavailable, UnknownFile
from thinktalk.settings import FileSettings
from thinktalk.store.index import FileIndex, StoredFile
from thinktalk.store.upload import PART_SUFFIX, Room, Upload, is_being_written

_NUM_THREADS = 4
_TIDY_EVERY_S = 300.0
_NAME = re.compile(rf"file-(fe-)?[0-9a-f]{{32}}({re.escape(PART_SUFFIX)})?")

_log = logging.getLogger(__name__)

T = TypeVar("T")


class FileStore:
    """All files of one server, or of several that share the directory.

    Nothing is made on disk before the first call. Every method may raise `StoreUnavailable`.

    Args:
        clock: tells Unix seconds.
    """

    def __init__(
        self, settings: FileSettings, directory: Path, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._directory, self._content = directory, directory / "content"
        self._index = FileIndex(directory / "index.sqlite3")
        self._clock = clock
        self._room = Room(settings.max_file_bytes, settings.max_total_bytes, settings.max_files)
        self._threads = ThreadPoolExecutor(_NUM_THREADS, thread_name_prefix="files")
        # Uploads wait for the medium, and must not have others wait for them.
        self._writers = ThreadPoolExecutor(_NUM_THREADS, thread_name_prefix="uploads")
        self._is_open = False
        self._tidying: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Remove what has expired or was left by a crash, now and every few minutes."""
        await self._tidy_once()
        self._tidying = asyncio.create_task(self._keep_tidy())

    async def stop(self) -> None:
        if self._tidying is not None:
            self._tidying.cancel()
            await asyncio.wait((self._tidying,))
        for threads in (self._threads, self._writers):
            threads.shutdown(wait=False, cancel_futures=True)

    @asynccontextmanager
    async def upload(self) -> AsyncGenerator[Upload, None]:
        """A file to be written and committed in the block; otherwise nothing of it stays."""
        stored = await self._run(self._usage)
        upload = Upload(self._write, self._content, self._index, self._room, stored)
        try:
            yield upload
        finally:
            self._room.incoming_bytes -= upload.num_bytes
            await self._write(upload.discard)

    async def commit(
        self, upload: Upload, *, owner: str, name: str, purpose: str, lifetime_s: float | None
    ) -> StoredFile:
        """Store an upload, for `lifetime_s` or for as long as files are kept, if that is less.

        Raises:
            StorageFull: a limit is passed.
        """
        kept_s = min(lifetime_s or self._settings.lifetime_s, self._settings.lifetime_s)
        now_s = self._clock()
        # The hosted service tells the two kinds of ids apart.
        prefix = "file-fe-" if purpose == "file-extract" else "file-"
        file = StoredFile(
            id=prefix + upload.token,
            owner=owner,
            name=name,
            purpose=purpose,
            size_bytes=upload.num_bytes,
            created_s=int(now_s),
            expires_s=int(now_s + kept_s),
        )
        await upload.commit(file)
        return file

    async def find(self, file_id: str, owner: str) -> StoredFile:
        """Raises `UnknownFile` if there is none, or if it is another's."""
        file = await self._run(partial(self._index.find, file_id, owner, self._clock()))
        if file is None:
            raise UnknownFile(file_id)
        return file

    async def page(
        self,
        owner: str,
        *,
        purpose: str | None = None,
        after: str | None = None,
        newest_first: bool = True,
        limit: int,
    ) -> tuple[list[StoredFile], bool]:
        """Some of the owner's files from behind the file `after`, and whether more follow.

        Raises:
            UnknownFile: `after` is no file of the owner.
        """
        if after is not None:
            await self.find(after, owner)
        query = partial(self._index.page, purpose=purpose, after=after, newest_first=newest_first)
        found = await self._run(partial(query, owner, self._clock(), limit=limit + 1))
        return found[:limit], len(found) > limit

    async def open(self, file_id: str, owner: str) -> BinaryIO:
        """The content, for reading; it stays readable when the file is deleted meanwhile.

        Raises:
            UnknownFile: there is none, or it is another's.
        """
        file = await self.find(file_id, owner)
        content = await self._run(partial(self._opened, file.id))
        if content is None:
            raise UnknownFile(file_id)
        return content

    async def delete(self, file_id: str, owner: str) -> None:
        """Raises `UnknownFile` if there is none, or if it is another's."""
        file = await self.find(file_id, owner)
        await self._run(partial(self._remove, file.id))

    async def _keep_tidy(self) -> None:
        while True:
            await asyncio.sleep(_TIDY_EVERY_S)
            await self._tidy_once()

    async def _tidy_once(self) -> None:
        try:
            if self._directory.exists():
                await self._run(self._tidy)
        except StoreUnavailable as error:
            _log.warning("%s", error)

    async def _run(self, job: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._attempt, job)

    async def _write(self, job: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writers, self._attempt, job)

    def _attempt(self, job: Callable[[], T]) -> T:
        try:
            # A user may empty the cache directory under a running server.
            if not (self._is_open and self._index.path.exists() and self._content.exists()):
                self._open()
            return job()
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise StoreUnavailable(reason.lower()) from error
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from error

    def _open(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._content.mkdir(mode=0o700, exist_ok=True)
        self._index.create()
        self._is_open = True

    def _opened(self, file_id: str) -> BinaryIO | None:
        with suppress(FileNotFoundError):
            return (self._content / file_id).open("rb")
        return None

    def _usage(self) -> tuple[int, int]:
        self._remove_expired()
        return self._index.usage()

    def _remove(self, file_id: str) -> None:
        self._index.remove([file_id])
        (self._content / file_id).unlink(missing_ok=True)

    def _remove_expired(self) -> None:
        for file_id in self._index.remove_expired(self._clock()):
            (self._content / file_id).unlink(missing_ok=True)

    def _tidy(self) -> None:
        self._remove_expired()
        known = self._index.ids()
        for path in self._content.iterdir():
            if _NAME.fullmatch(path.name) and path.name not in known:
                self._remove_if_abandoned(path)
        self._index.remove(one for one in known if not (self._content / one).exists())

    def _remove_if_abandoned(self, path: Path) -> None:
        with suppress(FileNotFoundError), path.open("rb") as file:
            # The ids are asked for again: its row may have been added a moment ago.
            if not is_being_written(file) and path.name not in self._index.ids():
                path.unlink(missing_ok=True)
