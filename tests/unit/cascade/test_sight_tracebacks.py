"""A traceback is shortened without losing a name, a line number or the message."""

from __future__ import annotations

from pathlib import Path

from thinktalk.engines.cascade.sight.tracebacks import condensed

SHOT = Path(__file__).parents[3] / "benchmarks" / "pictures" / "traceback.txt"


def test_calls_error_and_innermost_own_code_are_kept() -> None:
    short = condensed(SHOT.read_text())

    assert short is not None
    assert short.splitlines()[-1] == (
        "psycopg_pool.PoolTimeout: couldn't get a connection after 30.00 sec"
    )
    for call in ("worker.py:142 <module>", "database.py:64 connection", "pool.py:203 getconn"):
        assert call in short
    assert "return self._pool.getconn(timeout=timeout)" in short
    assert "runpy" not in short
    assert len(short) < 0.4 * len(SHOT.read_text())


def test_spaces_and_quotes_lost_in_reading_do_not_matter() -> None:
    text = SHOT.read_text().replace('File "', "File“").replace('", line ', "”,line")

    short = condensed(text)

    assert short is not None
    assert "database.py:64 connection" in short


def test_what_stands_around_the_traceback_is_kept() -> None:
    text = f"$ make worker\n{SHOT.read_text()}\nmake: *** [worker] Error 1"

    short = condensed(text)

    assert short is not None
    assert short.startswith("$ make worker\n")
    assert short.endswith("\nmake: *** [worker] Error 1")


def test_markers_under_the_code_are_dropped() -> None:
    text = SHOT.read_text().replace("job.order_id)\n", "job.order_id)\n            ^^^^^^^^^^^^\n")

    assert "^" not in (condensed(text) or "^")


def test_other_text_is_left_alone() -> None:
    assert condensed("File not found, line 3\nTry again") is None
    assert condensed("") is None


def test_chained_tracebacks_are_left_whole() -> None:
    chained = "KeyError: 'x'\nDuring handling of the above exception, another exception occurred:"

    assert condensed(f"{SHOT.read_text()}\n{chained}\n{SHOT.read_text()}") is None
