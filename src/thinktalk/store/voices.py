"""Enrolled voices: each for the key that made it, until it is deleted or nobody uses it.

What is known of them lies in `voice_index`, samples that clients ask to keep in a file each, named
by id. Deleting removes all of it from the directory. Knows nothing of fitting, nor of HTTP.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from thinktalk.errors import StoreUnavailable, TooManyVoices, VoiceNotFound
from thinktalk.settings import VoiceSettings
from thinktalk.store.voice_index import EnrolledVoice, StoredFit, VoiceIndex, VoiceState

_NUM_THREADS = 4
_TIDY_EVERY_S = 3600.0
# Uses are noted this often: a year is not counted in seconds.
_NOTE_USE_EVERY_S = 3600
_COPY_BYTES = 1024 * 1024
_WHAT = "enrolled voices"

_log = logging.getLogger(__name__)

T = TypeVar("T")


class VoiceStore:
    """All voices of one server, or of several that share the directory.

    Nothing is made on disk before the first voice. Every method may raise `StoreUnavailable`.

    Args:
        clock: tells Unix seconds.
    """

    def __init__(
        self, settings: VoiceSettings, directory: Path, clock: Callable[[], float] = time.time
    ) -> None:
        self.settings = settings
        self.now_s = clock
        self._directory, self._samples = directory, directory / "samples"
        self._index = VoiceIndex(directory / "voices.sqlite3")
        self._threads = ThreadPoolExecutor(_NUM_THREADS, thread_name_prefix="voices")
        self._is_open = False
        self._tidying: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Remove what is unused or was left by a crash, now and every hour."""
        await self._tidy_once(self._settle)
        self._tidying = asyncio.create_task(self._keep_tidy())

    async def stop(self) -> None:
        if self._tidying is not None:
            self._tidying.cancel()
            await asyncio.wait((self._tidying,))
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def check_room(self, owner: str) -> None:
        """Raise `TooManyVoices` if the owner may enrol no more."""
        if self._index.path.exists():
            self._check_count(await self._run(partial(self._index.count, owner)))

    async def add(self, voice: EnrolledVoice, sample: BinaryIO | None = None) -> None:
        """Keep a voice, with its sample where `has_sample` says so.

        Raises:
            TooManyVoices
        """
        await self._run(partial(self._add, voice, sample))

    async def find(self, voice_id: str, owner: str) -> EnrolledVoice:
        """Raises `VoiceNotFound` if there is none, or if it is another's."""
        voice = None
        if self._index.path.exists():
            voice = await self._run(partial(self._index.find, voice_id, owner))
        if voice is None:
            raise VoiceNotFound(voice_id)
        return voice

    async def use(self, voice_id: str, owner: str) -> EnrolledVoice:
        """As `find`, and counts as a use: the voice will not be removed for a while."""
        voice = await self.find(voice_id, owner)
        now_s = int(self.now_s())
        if now_s - voice.last_used_s >= _NOTE_USE_EVERY_S:
            await self._run(partial(self._index.note_use, voice_id, now_s))
        return voice

    async def page(
        self, owner: str, *, name_prefix: str = "", skip: int = 0, limit: int
    ) -> list[EnrolledVoice]:
        """Some of the owner's voices, newest first."""
        if not self._index.path.exists():
            return []
        query = partial(self._index.page, name_prefix=name_prefix, skip=skip, limit=limit)
        return await self._run(partial(query, owner))

    async def count(self, owner: str) -> int:
        if not self._index.path.exists():
            return 0
        return await self._run(partial(self._index.count, owner))

    async def rename(self, voice_id: str, owner: str, name: str) -> EnrolledVoice:
        """Raises `VoiceNotFound`."""
        await self.find(voice_id, owner)
        await self._run(partial(self._index.rename, voice_id, owner, name))
        return await self.find(voice_id, owner)

    async def replace(self, voice: EnrolledVoice, sample: BinaryIO | None = None) -> None:
        """Give the owner's voice of the same id another content. Raises `VoiceNotFound`."""
        await self.find(voice.id, voice.owner)
        await self._run(partial(self._replace, voice, sample))

    async def set_fit(self, voice_id: str, fit: StoredFit | None, state: VoiceState) -> None:
        """Replace the fit of a voice, if it is still there; None keeps the one it has."""
        await self._run(partial(self._index.set_fit, voice_id, fit, state))

    async def delete(self, voice_id: str, owner: str) -> None:
        """Remove every trace. Raises `VoiceNotFound` if there is none, or if it is another's."""
        voice = await self.find(voice_id, owner)
        await self._run(partial(self._remove, [voice.id]))

    async def _keep_tidy(self) -> None:
        while True:
            await asyncio.sleep(_TIDY_EVERY_S)
            await self._tidy_once(self._tidy)

    async def _tidy_once(self, tidy: Callable[[], None]) -> None:
        try:
            if self._index.path.exists():
                await self._run(tidy)
        except StoreUnavailable as error:
            _log.warning("%s", error)

    async def _run(self, job: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._attempt, job)

    def _attempt(self, job: Callable[[], T]) -> T:
        try:
            # A user may empty the cache directory under a running server.
            if not (self._is_open and self._index.path.exists() and self._samples.exists()):
                self._open()
            return job()
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise StoreUnavailable(reason.lower(), _WHAT) from error
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error), _WHAT) from error

    def _open(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._samples.mkdir(mode=0o700, exist_ok=True)
        self._index.create()
        self._is_open = True

    def _check_count(self, count: int) -> None:
        if count >= self.settings.max_voices:
            raise TooManyVoices(self.settings.max_voices)

    def _add(self, voice: EnrolledVoice, sample: BinaryIO | None) -> None:
        self._keep(voice, sample)
        try:
            self._index.add(voice, self._check_count)
        except BaseException:
            (self._samples / voice.id).unlink(missing_ok=True)
            raise

    def _replace(self, voice: EnrolledVoice, sample: BinaryIO | None) -> None:
        if not voice.has_sample:
            (self._samples / voice.id).unlink(missing_ok=True)
        self._keep(voice, sample)
        self._index.replace(voice)
        # What it was before is to leave no trace either.
        self._index.rewrite()

    def _keep(self, voice: EnrolledVoice, sample: BinaryIO | None) -> None:
        if not voice.has_sample or sample is None:
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        kept = os.open(self._samples / voice.id, flags, 0o600)
        with os.fdopen(kept, "wb") as file:
            while block := sample.read(_COPY_BYTES):
                file.write(block)
            file.flush()
            os.fsync(kept)

    def _remove(self, voice_ids: list[str]) -> None:
        # The samples go first: what a crash leaves of a row is seen, and can be deleted again.
        for voice_id in voice_ids:
            with suppress(FileNotFoundError):
                (self._samples / voice_id).unlink()
        self._index.remove(voice_ids)

    def _settle(self) -> None:
        self._index.settle()
        self._tidy()
        # A crash may have come between a deletion and the rewriting.
        self._index.rewrite()

    def _tidy(self) -> None:
        unused = self._index.unused_since(self.now_s() - self.settings.unused_s)
        if unused:
            self._remove(unused)
        # A crash may have come between a sample and its row; a younger one may be waiting for it.
        known, young_s = self._index.with_samples(), time.time() - _TIDY_EVERY_S
        for path in self._samples.iterdir():
            if path.name not in known and path.stat().st_mtime < young_s:
                path.unlink(missing_ok=True)
