from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from thinktalk.cli import weights
from thinktalk.settings import Settings, WeightSettings
from thinktalk.weights import manifest


def call(cache: Path, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    weights.add_parser(parser.add_subparsers())
    args = parser.parse_args(["weights", *arguments])
    settings = Settings(weights=WeightSettings(cache=cache, offline=True))
    status: int = args.func(args, settings)
    return status


def test_list_names_every_entry_with_its_state_and_licence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path, "list") == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    expected = [(entry.name, "missing", entry.licence) for entry in manifest.load().entries]
    assert [(words[0], words[1], words[4]) for words in map(str.split, lines)] == expected


def test_a_pull_that_fails_is_one_line_on_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path, "pull", "silero-vad") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert "silero-vad" in line and "THINKTALK_OFFLINE" in line


def test_a_name_that_does_not_exist_is_answered_before_anything_is_fetched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path, "pull", "silero-vad", "whisper-huge") == 1
    assert "whisper-huge" in capsys.readouterr().err


def test_verify_goes_on_after_a_wrong_entry_and_fails_in_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for entry in manifest.load().entries:
        if entry.name in ("silero-vad", "kokoro-voices"):
            directory = tmp_path / "weights" / entry.name
            directory.mkdir(parents=True)
            for file in entry.files:
                (directory / file.name).write_bytes(bytes(file.size_bytes))
    assert call(tmp_path, "verify") == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if "SHA-256" in line]
    assert [line.split(": ")[1].split(" ")[0] for line in lines] == [
        "silero_vad.onnx",
        "af.bin" if (tmp_path / "weights/kokoro-voices/af.bin").exists() else "af_alloy.bin",
    ]


def test_verify_of_an_empty_cache_has_nothing_to_complain_of(tmp_path: Path) -> None:
    assert call(tmp_path, "verify") == 0


def test_where_prints_the_cache_and_refuses_what_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path, "where") == 0
    assert capsys.readouterr().out.strip() == str(tmp_path)
    assert call(tmp_path, "where", "silero-vad") == 1
    assert "thinktalk weights pull silero-vad" in capsys.readouterr().err
