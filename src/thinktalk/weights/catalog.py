"""Model files by name: which are here, where, and getting those that are not.

Each entry has a directory in the cache and a lock beside it, so that two processes never pull the
same entry twice. Knows nothing of what the files are for.

    <cache>/weights/<entry>/      the files, and a record of those whose hash was right
    <cache>/downloads/<entry>/    what is unfinished; empty when no pull was cut
    <cache>/derived/              files that others make from weights
    <cache>/locks/<entry>.lock
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from thinktalk.errors import HashMismatch, WeightsMissing
from thinktalk.settings import WeightSettings
from thinktalk.weights import manifest as manifests
from thinktalk.weights.disk import Disk, sha256_of
from thinktalk.weights.fetch import EntryFetcher
from thinktalk.weights.hub import Hub
from thinktalk.weights.manifest import Manifest, WeightEntry, WeightFile
from thinktalk.weights.progress import Meter, Progress
from thinktalk.weights.stamps import Stamps

Presence = Literal["present", "unverified", "missing"]
_LOCK_POLL_S = 0.5


class Catalog:
    """The weights of one cache directory. Safe to use from several threads and processes.

    Args:
        settings: where the cache is, and whether and how long to ask the hub.
        manifest: the entries; the package's own by default.
        disk: how to ask for space and open files; a seam for tests of a full disk.
    """

    def __init__(
        self,
        settings: WeightSettings,
        *,
        manifest: Manifest | None = None,
        disk: Disk | None = None,
    ) -> None:
        self._settings = settings
        self._manifest = manifest or manifests.load()
        self._disk = disk or Disk()
        self._hub = Hub(settings.hub_endpoint, settings.hub_timeout_s)

    @property
    def cache(self) -> Path:
        return self._settings.cache

    def entries(self) -> tuple[WeightEntry, ...]:
        return self._manifest.entries

    def entry(self, name: str) -> WeightEntry:
        """The entry called `name`; `WeightsMissing` lists the known names."""
        return self._manifest.entry(name)

    def path(self, name: str) -> Path:
        """Where the files of `name` belong, whether or not they are there."""
        return self.cache / "weights" / self.entry(name).name

    def derived(self, file_name: str) -> Path:
        """Where a file that is made from weights belongs."""
        return self.cache / "derived" / file_name

    def is_present(self, name: str) -> bool:
        """Whether all files are there, checked since they last changed; reads none of them."""
        return Stamps(self.path(name)).hold(self.entry(name).files)

    def presence(self, name: str) -> Presence:
        """Like `is_present`, telling files of the right size that were never checked apart."""
        if self.is_present(name):
            return "present"
        directory = self.path(name)
        has_all = all(_has_size(directory / file.name, file) for file in self.entry(name).files)
        return "unverified" if has_all else "missing"

    def directory(self, name: str) -> Path:
        """The directory with all files of `name`; those that lie there unchecked are checked once.

        Raises:
            WeightsMissing: a file is not there. Nothing is fetched.
            HashMismatch: a file that lies there is not the manifest's.
        """
        match self.presence(name):
            case "unverified":
                self.verify(name)
            case "missing":
                raise WeightsMissing(name, [f"run `thinktalk weights pull {name}`"])
        return self.path(name)

    def pull(self, name: str, progress: Progress | None = None) -> Path:
        """The directory with all files of `name`, fetched as far as they are not there. Blocks.

        Raises:
            WeightsMissing: fetching is forbidden, or no source gave a file; says why.
            HashMismatch: a source gave other bytes, and no later one gave the right ones.
            DiskFull: nothing unfinished is left behind.
        """
        entry = self.entry(name)
        meter = Meter(name, entry.size_bytes, progress)
        # What lies there needs no lock to be checked, so a cache that is read-only serves.
        if not self.is_present(name) and not self._adopt_all(name, progress):
            with self._lock(name, meter):
                self._pull_missing(entry, meter)
        meter.done()
        return self.path(name)

    def verify(self, name: str, progress: Progress | None = None) -> None:
        """Read every file of `name` and compare its hash.

        Raises:
            WeightsMissing: a file is not there.
            HashMismatch: a file is not the manifest's; the next `pull` replaces it.
        """
        entry = self.entry(name)
        meter = Meter(name, entry.size_bytes, progress)
        for file in entry.files:
            path = self.path(name) / file.name
            if not path.is_file():
                raise WeightsMissing(name, [f"{path} is not there"])
            if (actual := self._check(entry, file, meter)) != file.sha256:
                raise HashMismatch(file.name, file.sha256, actual, str(path.parent))
            meter.finish(file.size_bytes)
        meter.done()

    def _pull_missing(self, entry: WeightEntry, meter: Meter) -> None:
        directory = self.path(entry.name)
        downloads = self.cache / "downloads" / entry.name
        fetcher = EntryFetcher(entry.name, directory, downloads, self._hub, self._disk, meter)
        stamps = Stamps(directory)
        for file in entry.files:
            if not stamps.holds(file) and not self._adopt(entry, file, meter):
                if self._settings.offline:
                    raise WeightsMissing(entry.name, ["fetching is forbidden by THINKTALK_OFFLINE"])
                fetcher.fetch(file)
                stamps.add(file)
            meter.finish(file.size_bytes)
        fetcher.discard_downloads()

    def _adopt_all(self, name: str, progress: Progress | None) -> bool:
        """Whether all files lie there unchecked and are the right ones; if so, note it."""
        if self.presence(name) != "unverified":
            return False
        try:
            self.verify(name, progress)
        except HashMismatch:
            return False
        return True

    def _adopt(self, entry: WeightEntry, file: WeightFile, meter: Meter) -> bool:
        """Whether a file of the right size that lies there is the right one; if so, note it."""
        path = self.path(entry.name) / file.name
        return _has_size(path, file) and self._check(entry, file, meter) == file.sha256

    def _check(self, entry: WeightEntry, file: WeightFile, meter: Meter) -> str:
        directory = self.path(entry.name)
        actual = sha256_of(directory / file.name, lambda done: meter.show("checking", done))
        stamps = Stamps(directory)
        if actual == file.sha256:
            stamps.add(file)
        else:
            stamps.remove(file)
        return actual

    @contextmanager
    def _lock(self, name: str, meter: Meter) -> Iterator[None]:
        folder = self.cache / "locks"
        lock = FileLock(folder / f"{name}.lock")
        while True:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                lock.acquire(timeout=_LOCK_POLL_S)
                break
            except Timeout:
                meter.show("waiting")
            except OSError as error:
                reason = f"{folder} cannot be written: {error.strerror}"
                raise WeightsMissing(name, [reason]) from error
        try:
            yield
        finally:
            lock.release()


def _has_size(path: Path, file: WeightFile) -> bool:
    return path.is_file() and path.stat().st_size == file.size_bytes
