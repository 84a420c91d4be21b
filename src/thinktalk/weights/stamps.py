"""Remembers which files have been checked, so that a start does not read them all again.

A record holds the size and time of change that a file had when its hash was right. Knows the one
directory of an entry, nothing of sources.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from thinktalk.weights.manifest import WeightFile

_RECORD = ".verified.json"


class Stamps:
    """The record of one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def holds(self, file: WeightFile) -> bool:
        """Whether `file` is unchanged since its hash was found to be the manifest's."""
        return self.hold([file])

    def hold(self, files: Iterable[WeightFile]) -> bool:
        """Whether that is true of all of `files`."""
        record = self._read()
        return all(
            (fact := self._fact(file)) is not None and record.get(file.name) == fact
            for file in files
        )

    def add(self, file: WeightFile) -> None:
        """Note that the hash of `file` has just been found right."""
        self._write(self._read() | {file.name: self._fact(file)})

    def remove(self, file: WeightFile) -> None:
        """Forget `file`."""
        self._write({name: fact for name, fact in self._read().items() if name != file.name})

    def _fact(self, file: WeightFile) -> dict[str, Any] | None:
        try:
            status = (self._directory / file.name).stat()
        except OSError:
            return None
        if status.st_size != file.size_bytes:
            return None
        return {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": file.sha256}

    def _read(self) -> dict[str, Any]:
        try:
            record = json.loads((self._directory / _RECORD).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def _write(self, record: dict[str, Any]) -> None:
        # A cache that cannot be written (a read-only image) still serves, checked at each start.
        with contextlib.suppress(OSError):
            descriptor, name = tempfile.mkstemp(dir=self._directory, prefix=_RECORD)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                    json.dump(record, stream, indent=1)
                Path(name).replace(self._directory / _RECORD)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
