"""`thinktalk voices check`: a sample in, figures and advice out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from support.media_files import audio_file
from thinktalk.cli import main

RATE = 24_000


@pytest.fixture(autouse=True)
def without_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINKTALK_WEIGHTS__CACHE", str(tmp_path / "cache"))


def voice_file(path: Path, duration_s: float, sample_rate: int = RATE) -> str:
    """A wandering voice in syllables, with a quiet moment every two seconds."""
    time_s = np.arange(round(duration_s * sample_rate)) / sample_rate
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * time_s)) / sample_rate
    voice = sum(np.sin(k * phase) / k for k in range(1, 12))
    syllables = (time_s % 0.25 < 0.2) * (time_s % 2 < 1.5) * (0.6 + 0.4 * np.sin(5 * time_s))
    path.write_bytes(audio_file(np.asarray(0.15 * voice * syllables, np.float32), sample_rate))
    return str(path)


def test_a_short_sample_is_told_to_be_longer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["voices", "check", voice_file(tmp_path / "short.wav", 8.0)]) == 0
    shown = capsys.readouterr().out
    assert "s of speech: at least 15 s gives a better voice" in shown
    assert "in a file of 24000 Hz" in shown


def test_the_report_can_be_read_by_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["voices", "check", "--json", voice_file(tmp_path / "low.wav", 20.0, 8_000)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["source_rate"] == 8_000
    assert "low_rate" in report["faults"]
    assert report["pitch_hz"] == pytest.approx(120, rel=0.1)


def test_a_sample_that_cannot_be_used_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["voices", "check", voice_file(tmp_path / "tiny.wav", 2.0)]) == 1
    assert "at least 3 s are needed" in capsys.readouterr().err
    assert main(["voices", "check", voice_file(tmp_path / "long.wav", 61.0)]) == 1
    assert "the limit is 60 s" in capsys.readouterr().err


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["voices", "check", str(tmp_path / "none.wav")]) == 1
    assert "none.wav" in capsys.readouterr().err
