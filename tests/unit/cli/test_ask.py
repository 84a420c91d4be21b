"""`thinktalk ask` takes its question before the files or after them."""

from __future__ import annotations

from pathlib import Path

import pytest

from thinktalk.cli.ask import in_order


@pytest.fixture
def film(tmp_path: Path) -> str:
    file = tmp_path / "demo.mp4"
    file.touch()
    return str(file)


def test_the_question_may_stand_before_the_files_or_after_them(film: str) -> None:
    question, address = "write the code that is shown", "https://example.com/a.png"

    assert in_order([question, film, address]) == (question, [film, address])
    assert in_order([film, address, question]) == (question, [film, address])
    assert in_order([address, question]) == (question, [address])


def test_a_file_that_is_missing_is_not_taken_for_the_question(film: str) -> None:
    assert in_order(["What is this?", "no-such.png"]) == ("What is this?", ["no-such.png"])
    assert in_order(["What? " * 100, film]) == ("What? " * 100, [film])
    assert in_order([film]) == (film, [])
    assert in_order([film, film]) == (film, [film])
