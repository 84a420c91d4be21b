"""`serve` and `doctor` with an engine and its weights on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.small_omni import write_checkpoint
from thinktalk.cli import main


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--engine", "nope"), "no engine is named 'nope'"),
        (("--weights", "/somewhere"), "--weights: for --engine qwen_omni only"),
        (("--engine", "scripted", "--dtype", "float16"), "--dtype: for --engine qwen_omni only"),
        (("--engine", "qwen_omni", "--device", "tpu"), "setting device: "),
        (("--engine", "qwen_omni", "--weights", "/no/such"), "/no/such: there is no such dir"),
    ],
)
def test_a_choice_that_cannot_be_is_named(
    options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *options]) in (1, 2)
    assert capsys.readouterr().err.startswith(f"thinktalk: {message}")


def test_what_does_not_fit_is_refused_before_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_checkpoint(tmp_path)
    monkeypatch.setattr("thinktalk.engines.qwen_omni.device.free_bytes", lambda *_, **__: 1000)
    assert main(["serve", "--engine", "qwen_omni", "--weights", str(tmp_path)]) == 1
    shown = capsys.readouterr().err
    assert "thinker experts" in shown and "0.0 GB free on cpu. What would fit: " in shown


def test_doctor_shows_the_plan_and_the_needs_of_the_released_checkpoints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_checkpoint(tmp_path)
    main(["doctor", "--engine", "qwen_omni", "--weights", str(tmp_path), "--quantize", "int4"])
    shown = capsys.readouterr().out
    assert "library   transformers" in shown and "library   faster-whisper" not in shown
    assert "cpu, bfloat16, experts in int4" in shown and "it fits" in shown
    assert "computed for thinktalk" in shown


def test_doctor_shows_them_also_where_the_checkpoint_cannot_be_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["doctor", "--engine", "qwen_omni", "--weights", "/no/such"]) == 1
    shown = capsys.readouterr().out
    assert "/no/such: there is no such directory" in shown and "computed for thinktalk" in shown
