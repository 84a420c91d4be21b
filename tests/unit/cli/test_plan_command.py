"""`thinktalk plan`: files in, a table and a verdict out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.file_server import serving_files
from support.media_files import audio_file, image_file, picture, tone, video_file
from thinktalk.cli import main

TIERS = ("plus", "flash", "light")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a picture, a recording and a video; no model is installed."""
    profiles = {tier: {"engine": "scripted"} for tier in TIERS}
    monkeypatch.setenv("THINKTALK_PROFILES", json.dumps(profiles))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shot.png").write_bytes(image_file(picture(1280, 720)))
    (tmp_path / "talk.wav").write_bytes(audio_file(tone(10)))
    film = video_file(10, fps=4, size=(640, 360), sound=tone(10))
    (tmp_path / "film.mp4").write_bytes(film)
    return tmp_path


def test_a_table_says_what_each_file_costs(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "shot.png", "talk.wav", "film.mp4"]) == 0
    heading, *rows, verdict = capsys.readouterr().out.splitlines()[:5]
    assert heading.split() == [
        *("FILE", "KIND", "LENGTH", "SIZE", "FRAMES", "TOKENS", "USED", "CHANGES", "BY")
    ]
    assert [row.split() for row in rows] == [
        ["shot.png", "image", "1280x720", "882", "882"],
        ["talk.wav", "audio", "10.0", "s", "70", "70"],
        ["film.mp4", "video", "10.0", "s", "640x360", "20", "2,272", "2,272"],
    ]
    assert verdict == "documented: 3,224 of 262,144 tokens: fits"


def test_what_the_engine_would_refuse_is_refused(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *["shot.png"] * 38]) == 0
    capsys.readouterr()
    assert main(["plan", *["shot.png"] * 38, "--policy", "error"]) == 1
    shown = capsys.readouterr().out
    would = "media_policy 'fit', 'trim' or 'split' would let it pass"
    assert f"33516 tokens, its window has 32768; {would}" in shown


def test_it_says_what_the_policy_would_do(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THINKTALK_LIMITS__CONTEXT_TOKENS", "1000")
    assert main(["plan", "film.mp4", "--policy", "trim"]) == 0
    shown = capsys.readouterr().out
    assert "first 4 of 10 s, 20 to 8 frames" in shown
    assert "documented: 2,272 of 1,000 tokens: does not fit; trim makes it 910" in shown

    assert main(["plan", "film.mp4", "--policy", "error"]) == 1
    assert "Range of input length should be [1, 1000]" in capsys.readouterr().out


def test_json_is_one_object_with_all_figures(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "film.mp4", "shot.png", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["fits"] is True
    assert [item["part"] for item in plan["items"]] == ["film.mp4", "shot.png"]
    assert plan["items"][0]["sent"]["picture_tokens"] == 2202


def test_the_model_decides_the_prices(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "talk.wav", "--model", "qwen3-omni-flash", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tokens"]["sent"] == 125


def test_an_address_is_fetched(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving_files({"shot.png": (files / "shot.png").read_bytes()}) as url:
        host = url.removeprefix("http://")
        monkeypatch.setenv("THINKTALK_MEDIA__ALLOW_HOSTS", json.dumps([host]))
        assert main(["plan", f"{url}/shot.png", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["tokens"]["sent"] == 882
        assert main(["plan", f"{url}/gone.png"]) == 1
    assert f"{url}/gone.png: Failed to download" in capsys.readouterr().err


def test_what_is_no_media_is_told_plainly(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "notes.txt").write_text("milk, bread")
    assert main(["plan", "shot.png", "notes.txt"]) == 1
    shown = capsys.readouterr().err
    assert shown == "thinktalk: notes.txt: The file is no recording, picture or video\n"
    assert main(["plan", "gone.png"]) == 1
    assert capsys.readouterr().err == "thinktalk: no such file: gone.png\n"
    assert main(["plan", "shot.png", "--model", "gpt-9"]) == 1
    assert "gpt-9" in capsys.readouterr().err


def test_a_broken_file_is_named(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "cut.png").write_bytes((files / "shot.png").read_bytes()[:20])
    assert main(["plan", "cut.png"]) == 1
    assert "cut.png: The file format is illegal" in capsys.readouterr().err
