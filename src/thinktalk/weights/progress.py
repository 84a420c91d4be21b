"""What a pull tells while it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal["waiting", "checking", "downloading", "writing", "done"]


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """How far one entry is. Bytes count from 0 in each stage, towards the entry's size.

    `waiting` means that another process is pulling the same entry. Packages are compressed, so
    `downloading` may end below the total.
    """

    entry: str
    stage: Stage
    done_bytes: int
    total_bytes: int


Progress = Callable[[ProgressReport], None]


class Meter:
    """Counts the bytes of one entry; files that are finished stay counted."""

    def __init__(self, entry: str, total_bytes: int, progress: Progress | None) -> None:
        self._entry, self._total_bytes, self._progress = entry, total_bytes, progress
        self._finished_bytes = 0
        self._shown: tuple[Stage, int] = ("waiting", 0)

    def show(self, stage: Stage, file_bytes: int = 0, limit_bytes: int | None = None) -> None:
        """Report `file_bytes` of the file at hand, at most `limit_bytes` of them."""
        if self._progress is None:
            return
        if limit_bytes is not None:
            file_bytes = min(file_bytes, limit_bytes)
        done_bytes = min(self._finished_bytes + file_bytes, self._total_bytes)
        # What is seen of a client's files dips while it moves them: a stage never goes back.
        if stage == self._shown[0]:
            done_bytes = max(done_bytes, self._shown[1])
        self._shown = (stage, done_bytes)
        self._progress(ProgressReport(self._entry, stage, done_bytes, self._total_bytes))

    def finish(self, file_bytes: int) -> None:
        self._finished_bytes += file_bytes

    def done(self) -> None:
        self._finished_bytes = self._total_bytes
        self.show("done")
