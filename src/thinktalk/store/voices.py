"""Enrolled voices: each for the key that made it, until it is deleted or nobody uses it.

What is known of them lies in `voice_index`, samples that clients ask to keep and large fits in
`voice_files`. Deleting removes all of it from the directory. Knows nothing of fitting, nor of HTTP.
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from thinktalk.errors import StorageFull, StoreUnavailable, TooManyVoices, VoiceNotFound
from thinktalk.settings import VoiceSettings
from thinktalk.store.voice_files import VoiceFiles
from thinktalk.store.voice_index import EnrolledVoice, StoredFit, VoiceIndex, VoiceState

_NUM_THREADS = 4
_TIDY_EVERY_S = 3600.0
# Uses are noted this often: a year is not counted in seconds.
_NOTE_USE_EVERY_S = 3600
# A larger fit has a file: deleting writes the index anew, and holds all of it in memory meanwhile.
_LARGEST_IN_INDEX = 64 * 1024
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
        self._directory = directory
        self._samples, self._fits = (
            VoiceFiles(directory / "samples"),
            VoiceFiles(directory / "fits"),
        )
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
        """Keep a voice, with its sample where `has_sample` says so. Nothing stays if cancelled.

        Raises:
            TooManyVoices, StorageFull
        """
        try:
            await self._run(partial(self._add, voice, sample))
        except asyncio.CancelledError:
            # Nobody learns its id.
            await self._run(partial(self._remove, [voice.id]))
            raise

    async def find(self, voice_id: str, owner: str) -> EnrolledVoice:
        """Raises `VoiceNotFound` if there is none, or if it is another's."""
        voice = None
        if self._index.path.exists():
            voice = await self._run(partial(self._find, voice_id, owner))
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
        """Some of the owner's voices, newest first; the data of their fits are left out."""
        if not self._index.path.exists():
            return []
        query = partial(self._index.page, name_prefix=name_prefix, skip=skip, limit=limit)
        return await self._run(partial(query, owner))

    async def count(self, owner: str, *, name_prefix: str = "") -> int:
        if not self._index.path.exists():
            return 0
        return await self._run(partial(self._index.count, owner, name_prefix=name_prefix))

    async def rename(self, voice_id: str, owner: str, name: str) -> EnrolledVoice:
        """Raises `VoiceNotFound`."""
        await self.find(voice_id, owner)
        await self._run(partial(self._index.rename, voice_id, owner, name))
        return await self.find(voice_id, owner)

    async def replace(self, voice: EnrolledVoice, sample: BinaryIO | None = None) -> None:
        """Give the owner's voice of the same id another content.

        Raises:
            VoiceNotFound, StorageFull: nothing has changed.
        """
        await self._run(partial(self._replace, voice, sample))

    async def set_fit(
        self, voice_id: str, sample_sha256: str, fit: StoredFit | None, state: VoiceState
    ) -> None:
        """Replace the fit of a voice, if it is still there and still has this sample.

        None keeps the fit it has.
        """
        await self._run(partial(self._set_fit, voice_id, sample_sha256, fit, state))

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
        """Do a job in a thread. Whoever is cancelled waits for its end: it cannot be stopped."""
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._threads, self._attempt, job)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            while not running.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait((running,))
            if not running.cancelled() and (error := running.exception()) is not None:
                _log.warning("%s", error)
            raise

    def _attempt(self, job: Callable[[], T]) -> T:
        try:
            # A user may empty the cache directory under a running server.
            there = self._index.path.exists() and self._samples.exists() and self._fits.exists()
            if not (self._is_open and there):
                self._open()
            return job()
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise StoreUnavailable(reason.lower(), _WHAT) from error
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error), _WHAT) from error

    def _open(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._samples.make()
        self._fits.make()
        self._index.create()
        self._is_open = True

    def _check_count(self, count: int) -> None:
        if count >= self.settings.max_voices:
            raise TooManyVoices(self.settings.max_voices)

    def _find(self, voice_id: str, owner: str) -> EnrolledVoice | None:
        voice = self._index.find(voice_id, owner)
        if voice is None or voice.fit is None or voice.fit.data:
            return voice
        data = self._fits.read(voice.id)
        return replace(voice, fit=replace(voice.fit, data=data) if data else None)

    def _add(self, voice: EnrolledVoice, sample: BinaryIO | None) -> None:
        with self._written(voice, sample) as (row, place):
            self._index.add(row, self._check_count, place)

    def _replace(self, voice: EnrolledVoice, sample: BinaryIO | None) -> None:
        with self._written(voice, sample) as (row, place):
            if not self._index.replace(row, place):
                raise VoiceNotFound(voice.id)
        # What it was before is to leave no trace either.
        self._index.rewrite()

    def _set_fit(
        self, voice_id: str, sample_sha256: str, fit: StoredFit | None, state: VoiceState
    ) -> None:
        if fit is None:
            self._index.set_state(voice_id, sample_sha256, state)
            return
        row, filed = _parted(fit)
        with self._fits.written(voice_id, filed) as place:
            self._index.set_fit(voice_id, sample_sha256, row, state, place)

    @contextmanager
    def _written(
        self, voice: EnrolledVoice, sample: BinaryIO | None
    ) -> Generator[tuple[EnrolledVoice, Callable[[], None]], None, None]:
        """The row of a voice, and what puts its files in their places: beside them they are."""
        fit, filed = _parted(voice.fit) if voice.fit else (None, None)
        with (
            self._samples.written(voice.id, sample if voice.has_sample else None) as place_sample,
            self._fits.written(voice.id, filed) as place_fit,
        ):
            self._check_bytes(voice.id)

            def place() -> None:
                place_sample()
                place_fit()

            yield replace(voice, fit=fit), place

    def _check_bytes(self, voice_id: str) -> None:
        total = sum(files.num_bytes(without=voice_id) for files in (self._samples, self._fits))
        if total > self.settings.max_total_bytes:
            limit = f"{self.settings.max_total_bytes} bytes (voices.max_total_bytes)"
            raise StorageFull(f"{total} bytes of samples and fits", limit, "voice")

    def _remove(self, voice_ids: list[str]) -> None:
        def remove_files() -> None:
            for voice_id in voice_ids:
                self._samples.remove(voice_id)
                self._fits.remove(voice_id)

        # The files go first: what a crash leaves of a row is seen, and can be deleted again.
        self._index.remove(voice_ids, remove_files)

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
        young_s = time.time() - _TIDY_EVERY_S
        self._samples.tidy(self._index.with_samples(), young_s)
        self._fits.tidy(self._index.with_filed_fits(), young_s)


def _parted(fit: StoredFit) -> tuple[StoredFit, BinaryIO | None]:
    """What of a fit belongs in the index, and in a file: its data are in one of the two."""
    if len(fit.data) <= _LARGEST_IN_INDEX:
        return fit, None
    return replace(fit, data=b""), io.BytesIO(fit.data)
