"""What is known of stored files, in SQLite. Knows nothing of where their content lies.

Everything here blocks. Each call has a connection of its own, so that any thread may make it, and
servers that share a cache directory share the index.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from thinktalk.errors import StoreUnavailable

_VERSION = 1
_WAIT_S = 10.0  # for the writer of another thread or process


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One file. `owner` is who uploaded it, `name` what they called it; times are Unix seconds."""

    id: str
    owner: str
    name: str
    purpose: str
    size_bytes: int
    created_s: int
    expires_s: int


_COLUMNS = ", ".join(field.name for field in fields(StoredFile))
_TABLE = """CREATE TABLE IF NOT EXISTS files (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, purpose TEXT NOT NULL,
    size_bytes INTEGER NOT NULL, created_s INTEGER NOT NULL, expires_s INTEGER NOT NULL)"""


class FileIndex:
    """The rows. Whoever asks names an owner and a time, and sees neither others' nor expired ones.

    Errors are those of `sqlite3`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Make the index unless it is there.

        Raises:
            StoreUnavailable: a later version of this program has made it.
        """
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with self._transaction() as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version > _VERSION:
                raise StoreUnavailable(
                    f"their index has version {version}, and this server knows {_VERSION}"
                )
            db.execute(_TABLE)
            db.execute("CREATE INDEX IF NOT EXISTS files_of_owner ON files (owner)")
            db.execute(f"PRAGMA user_version = {_VERSION}")

    def add(self, file: StoredFile, check: Callable[[int, int], None]) -> None:
        """Add a row, unless `check` raises, which is given what is stored without it.

        No other file is added between the check and the row.

        Args:
            check: called with the number of files and their bytes together.
        """
        marks = ", ".join("?" for _ in fields(StoredFile))
        with self._transaction() as db:
            check(*_usage(db))
            db.execute(f"INSERT INTO files ({_COLUMNS}) VALUES ({marks})", astuple(file))

    def find(self, file_id: str, owner: str, now_s: float) -> StoredFile | None:
        rows = self._select("id = ? AND owner = ? AND expires_s > ?", (file_id, owner, now_s))
        return rows[0] if rows else None

    def page(
        self,
        owner: str,
        now_s: float,
        *,
        purpose: str | None,
        after: str | None,
        newest_first: bool,
        limit: int,
    ) -> list[StoredFile]:
        """Some of the owner's files in the order of their upload, from behind the file `after`."""
        order, beyond = ("DESC", "<") if newest_first else ("ASC", ">")
        where, values = "owner = ? AND expires_s > ?", [owner, now_s]
        if purpose is not None:
            where, values = f"{where} AND purpose = ?", [*values, purpose]
        if after is not None:
            where += f" AND rowid {beyond} (SELECT rowid FROM files WHERE id = ? AND owner = ?)"
            values += [after, owner]
        return self._select(f"{where} ORDER BY rowid {order} LIMIT ?", (*values, limit))

    def remove(self, file_ids: Iterable[str]) -> None:
        with self._transaction() as db:
            db.executemany("DELETE FROM files WHERE id = ?", [(one,) for one in file_ids])

    def remove_expired(self, now_s: float) -> list[str]:
        """Remove what has had its time; returns the ids."""
        with self._transaction() as db:
            rows = db.execute("SELECT id FROM files WHERE expires_s <= ?", (now_s,)).fetchall()
            db.execute("DELETE FROM files WHERE expires_s <= ?", (now_s,))
        return [file_id for (file_id,) in rows]

    def ids(self) -> set[str]:
        """Of all owners, expired ones included."""
        with self._connection() as db:
            return {file_id for (file_id,) in db.execute("SELECT id FROM files")}

    def usage(self) -> tuple[int, int]:
        """How many files there are, and their bytes together."""
        with self._connection() as db:
            return _usage(db)

    def _select(self, clauses: str, values: Iterable[object]) -> list[StoredFile]:
        with self._connection() as db:
            rows = db.execute(f"SELECT {_COLUMNS} FROM files WHERE {clauses}", tuple(values))
            names = [field.name for field in fields(StoredFile)]
            return [StoredFile(**dict(zip(names, row, strict=True))) for row in rows]

    @contextmanager
    def _connection(self) -> Generator[sqlite3.Connection, None, None]:
        with closing(sqlite3.connect(self.path, timeout=_WAIT_S, isolation_level=None)) as db:
            yield db

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection, None, None]:
        """Alone among writers; nothing is kept when the block fails."""
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")


def _usage(db: sqlite3.Connection) -> tuple[int, int]:
    count, total = db.execute("SELECT count(*), coalesce(sum(size_bytes), 0) FROM files").fetchone()
    return count, total
