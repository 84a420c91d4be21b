"""Failures as the commands tell them."""

from __future__ import annotations

from pathlib import Path

import pytest

from thinktalk.cli import main

SERVER = ("--server", "http://127.0.0.1:9/v1")


@pytest.mark.parametrize("command", [("ask", "What?"), ("transcribe",)])
def test_a_file_that_is_not_there_is_named(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "no-such.wav", *SERVER]) == 1
    assert capsys.readouterr().err == "thinktalk: no such file: no-such.wav\n"


def test_a_folder_in_place_of_a_file_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", "What?", str(tmp_path), *SERVER]) == 1
    assert capsys.readouterr().err == f"thinktalk: {tmp_path}: Is a directory\n"
