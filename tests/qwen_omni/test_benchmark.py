"""The benchmark measures replies that are those of `generate`, and says so."""

from __future__ import annotations

import re

import pytest
import torch

from benchmarks.qwen_omni.__main__ import main


def test_the_benchmark_prints_that_replies_are_those_of_generate(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--shapes", "tiny", "--threads", "1", "--only", "text"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"ids and codes are those of generate\s+│ True", printed)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_the_benchmark_measures_nothing_without_its_device(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--device", "cuda"]) == 1
    assert "not measured" in capsys.readouterr().out
