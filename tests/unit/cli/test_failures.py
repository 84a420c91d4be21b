"""Failures as the commands tell them."""

from __future__ import annotations

import signal
import subprocess
import sys
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


def test_ctrl_c_while_modules_are_imported_shows_no_traceback() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "thinktalk", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:  # one for each module
            if "pydantic_core._pydantic_core" in line:
                break
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
    assert "Interrupted" in told and "Traceback" not in told
    # Python ends by the signal itself where it was raised within exec(), as dataclasses call it.
    assert process.returncode in (130, -signal.SIGINT)
