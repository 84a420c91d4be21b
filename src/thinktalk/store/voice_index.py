"""What is known of enrolled voices, in SQLite: rows that leave nothing behind when they go.

Everything here blocks. As in `index`, each call has a connection of its own, so that any thread
and any server that shares the directory may make it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Literal

from thinktalk.errors import StoreUnavailable

VoiceState = Literal["improving", "done"]
Attester = Literal["caller", "operator"]

_VERSION = 1
_WAIT_S = 10.0  # for the writer of another thread or process


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFit:
    """What a fitter made of a sample: see `voices.fitting.VoiceFit`. `facts` is JSON.

    `data` are empty in the index where they lie in a file, and in lists.
    """

    fitter: str
    data: bytes
    similarity: float | None
    facts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolledVoice:
    """One voice. Times are Unix seconds; `owner` is the key that enrolled it, never the key itself.

    Attributes:
        target_model, language: as the client said, empty where it said nothing.
        consent: the statement itself, and who made it when; `consent_sha256` is its hash.
        nearest: the stock voice that speaks where the fit cannot be used.
        fit: None where no talker could be fitted.
        sample_sha256: of the sample as it was sent.
        sample_report: what was measured on it, as JSON.
        has_sample: whether the sample is kept.
    """

    id: str
    owner: str
    name: str
    target_model: str
    language: str
    created_s: int
    last_used_s: int
    consent: str
    consent_sha256: str
    consent_s: int
    attested_by: Attester
    nearest: str
    fit: StoredFit | None
    sample_sha256: str
    sample_report: str
    has_sample: bool
    state: VoiceState


_FIT_FIELDS = tuple(field.name for field in fields(StoredFit))
_OWN_FIELDS = tuple(field.name for field in fields(EnrolledVoice) if field.name != "fit")
_COLUMNS = (*_OWN_FIELDS, *(f"fit_{name}" for name in _FIT_FIELDS))
_COLUMNS_OF_LISTS = tuple("x'' AS fit_data" if name == "fit_data" else name for name in _COLUMNS)
_OF_OWNER = "owner = ? AND substr(name, 1, ?) = ?"
_TABLE = """CREATE TABLE IF NOT EXISTS voices (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, target_model TEXT NOT NULL,
    language TEXT NOT NULL, created_s INTEGER NOT NULL, last_used_s INTEGER NOT NULL,
    consent TEXT NOT NULL, consent_sha256 TEXT NOT NULL, consent_s INTEGER NOT NULL,
    attested_by TEXT NOT NULL, nearest TEXT NOT NULL, sample_sha256 TEXT NOT NULL,
    sample_report TEXT NOT NULL, has_sample INTEGER NOT NULL, state TEXT NOT NULL,
    fit_fitter TEXT, fit_data BLOB, fit_similarity REAL, fit_facts TEXT)"""


class VoiceIndex:
    """The rows. Whoever asks names an owner, and sees nobody else's.

    Deleted content is overwritten, and the file is then written anew (`VACUUM`): overwriting alone
    leaves copies of rows that SQLite once moved between its pages. Errors are those of `sqlite3`.
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
                    f"their index has version {version}, and this server knows {_VERSION}",
                    "enrolled voices",
                )
            db.execute(_TABLE)
            db.execute("CREATE INDEX IF NOT EXISTS voices_of_owner ON voices (owner)")
            db.execute(f"PRAGMA user_version = {_VERSION}")

    def add(
        self, voice: EnrolledVoice, check: Callable[[int], None], place: Callable[[], None]
    ) -> None:
        """Add a row, unless `check` raises, which is given how many voices the owner has.

        No other voice is added between the check and the row. Here as below `place` is called
        before the row can be seen, and while nobody else writes.
        """
        marks = ", ".join("?" for _ in _COLUMNS)
        with self._transaction() as db:
            check(_count(db, voice.owner))
            db.execute(f"INSERT INTO voices ({', '.join(_COLUMNS)}) VALUES ({marks})", _row(voice))
            place()

    def find(self, voice_id: str, owner: str) -> EnrolledVoice | None:
        voices = self._select("id = ? AND owner = ?", (voice_id, owner))
        return voices[0] if voices else None

    def page(self, owner: str, *, name_prefix: str, skip: int, limit: int) -> list[EnrolledVoice]:
        """Some of the owner's voices, newest first, without the data of their fits."""
        where = f"{_OF_OWNER} ORDER BY rowid DESC LIMIT ? OFFSET ?"
        values = (owner, len(name_prefix), name_prefix, limit, skip)
        return self._select(where, values, with_data=False)

    def count(self, owner: str, *, name_prefix: str = "") -> int:
        with self._connection() as db:
            return _count(db, owner, name_prefix)

    def rename(self, voice_id: str, owner: str, name: str) -> None:
        self._write(
            "UPDATE voices SET name = ? WHERE id = ? AND owner = ?", (name, voice_id, owner)
        )

    def note_use(self, voice_id: str, now_s: int) -> None:
        self._write("UPDATE voices SET last_used_s = ? WHERE id = ?", (now_s, voice_id))

    def set_state(self, voice_id: str, sample_sha256: str, state: VoiceState) -> None:
        """Of a voice that is still there and still has this sample."""
        self._write(
            "UPDATE voices SET state = ? WHERE id = ? AND sample_sha256 = ?",
            (state, voice_id, sample_sha256),
        )

    def set_fit(
        self,
        voice_id: str,
        sample_sha256: str,
        fit: StoredFit,
        state: VoiceState,
        place: Callable[[], None],
    ) -> None:
        """Replace the fit of a voice, if it is still there and still has this sample."""
        columns = ", ".join(f"fit_{name} = ?" for name in _FIT_FIELDS)
        self._write(
            f"UPDATE voices SET {columns}, state = ? WHERE id = ? AND sample_sha256 = ?",
            (*astuple(fit), state, voice_id, sample_sha256),
            place,
        )

    def replace(self, voice: EnrolledVoice, place: Callable[[], None]) -> bool:
        """Give a voice another content, if it is still there; its age, owner and name stay."""
        kept = ("id", "owner", "created_s", "name")
        new = {
            name: value
            for name, value in zip(_COLUMNS, _row(voice), strict=True)
            if name not in kept
        }
        columns = ", ".join(f"{name} = ?" for name in new)
        return self._write(
            f"UPDATE voices SET {columns} WHERE id = ? AND owner = ?",
            (*new.values(), voice.id, voice.owner),
            place,
        )

    def settle(self) -> None:
        """Nothing is being improved: say so of voices that a stopped server has left."""
        self._write("UPDATE voices SET state = 'done' WHERE state != 'done'", ())

    def remove(self, voice_ids: Iterable[str], place: Callable[[], None]) -> None:
        with self._transaction() as db:
            db.executemany("DELETE FROM voices WHERE id = ?", [(one,) for one in voice_ids])
            place()
        self.rewrite()

    def unused_since(self, time_s: float) -> list[str]:
        with self._connection() as db:
            rows = db.execute("SELECT id FROM voices WHERE last_used_s < ?", (time_s,))
            return [voice_id for (voice_id,) in rows]

    def with_samples(self) -> set[str]:
        """Ids of the voices whose sample is kept, of all owners."""
        with self._connection() as db:
            return {one for (one,) in db.execute("SELECT id FROM voices WHERE has_sample")}

    def with_filed_fits(self) -> set[str]:
        """Ids of the voices whose fit has a file, of all owners."""
        where = "fit_fitter IS NOT NULL AND length(fit_data) = 0"
        with self._connection() as db:
            return {one for (one,) in db.execute(f"SELECT id FROM voices WHERE {where}")}

    def rewrite(self) -> None:
        """Write the file anew, with nothing in it but the rows that there are."""
        with self._connection() as db:
            db.execute("VACUUM")

    def _write(
        self, statement: str, values: Iterable[object], place: Callable[[], None] | None = None
    ) -> bool:
        """Whether there was a row to write to; `place` is called only then."""
        with self._transaction() as db:
            is_written = db.execute(statement, tuple(values)).rowcount > 0
            if is_written and place is not None:
                place()
        return is_written

    def _select(
        self, clauses: str, values: Iterable[object], *, with_data: bool = True
    ) -> list[EnrolledVoice]:
        with self._connection() as db:
            names = ", ".join(_COLUMNS if with_data else _COLUMNS_OF_LISTS)
            rows = db.execute(f"SELECT {names} FROM voices WHERE {clauses}", tuple(values))
            return [_voice(row) for row in rows]

    @contextmanager
    def _connection(self) -> Generator[sqlite3.Connection, None, None]:
        with closing(sqlite3.connect(self.path, timeout=_WAIT_S, isolation_level=None)) as db:
            db.execute("PRAGMA secure_delete = ON")
            # Nothing of a voice is written anywhere but here, not even for a moment.
            db.execute("PRAGMA temp_store = MEMORY")
            yield db

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection, None, None]:
        """Alone among writers; nothing is kept when the block fails."""
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")


def _count(db: sqlite3.Connection, owner: str, name_prefix: str = "") -> int:
    values = (owner, len(name_prefix), name_prefix)
    (count,) = db.execute(f"SELECT count(*) FROM voices WHERE {_OF_OWNER}", values).fetchone()
    return int(count)


def _row(voice: EnrolledVoice) -> tuple[object, ...]:
    own = (getattr(voice, name) for name in _OWN_FIELDS)
    fit = (None,) * len(_FIT_FIELDS) if voice.fit is None else astuple(voice.fit)
    return (*own, *fit)


def _voice(row: tuple[object, ...]) -> EnrolledVoice:
    own = dict(zip(_OWN_FIELDS, row, strict=False))
    fit = dict(zip(_FIT_FIELDS, row[len(_OWN_FIELDS) :], strict=True))
    stored = StoredFit(**fit) if fit["fitter"] is not None else None  # type: ignore[arg-type]
    return EnrolledVoice(
        **{**own, "has_sample": bool(own["has_sample"])},  # type: ignore[arg-type]
        fit=stored,
    )
