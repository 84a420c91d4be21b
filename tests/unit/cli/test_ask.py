"""`thinktalk ask` takes its question before the files or after them."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.media_files import image_file, picture
from support.server import serving
from thinktalk.cli import main
from thinktalk.cli.ask import in_order
from thinktalk.testing import ScriptedEngine


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


def test_about_files_it_answers_without_chance_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    path.write_bytes(image_file(picture()))
    engine = ScriptedEngine("A picture.")
    with serving(engine) as url:
        for words in (["What?", str(path)], ["What?"], ["What?", str(path), "--temperature", "1"]):
            assert main(["ask", *words, "--server", url.removeprefix("http://") + "/v1"]) == 0

    assert [request.sampling.temperature for request in engine.requests] == [0.0, 0.7, 1.0]
