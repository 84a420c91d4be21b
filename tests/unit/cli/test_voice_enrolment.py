from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from support.server import serving
from support.voice_samples import spoken
from thinktalk.cli import main
from thinktalk.testing import ScriptedFitter


def test_a_voice_is_added_and_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = tmp_path / "ana.wav"
    recording.write_bytes(spoken(8.0))
    store = {"directory": tmp_path / "voices"}
    with serving(fitter=ScriptedFitter(), voices=store) as url:
        target = ["--server", f"{url}/v1"]
        wanted = ["--name", "Ana", "--consent", "Ana agrees.", "--keep-sample", *target]
        assert main(["voices", "add", str(recording), *wanted]) == 0
        shown = capsys.readouterr()
        voice_id = shown.out.strip()
        assert re.fullmatch("voice_[0-9a-f]{32}", voice_id)
        assert "does not copy it" in shown.err and "similarity 0.70" in shown.err
        assert "8.0 s of speech" in shown.err, "advice on the sample is for who records"
        entry = httpx.get(f"{url}/v1/audio/voices/{voice_id}", trust_env=False).json()
        assert (entry["name"], entry["sample_kept"]) == ("Ana", True)

        assert main(["voices", "remove", voice_id, *target]) == 0
        capsys.readouterr()
        assert main(["voices", "remove", voice_id, *target]) == 1
        assert f"Voice '{voice_id}' not found." in capsys.readouterr().err

        recording.write_bytes(b"no sound")
        assert main(["voices", "add", str(recording), *wanted]) == 1
        assert "The audio format is illegal" in capsys.readouterr().err


def test_a_voice_is_removed_by_its_name_where_that_is_unique(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = tmp_path / "ana.wav"
    recording.write_bytes(spoken(8.0))
    store = {"directory": tmp_path / "voices"}
    with serving(fitter=ScriptedFitter(), voices=store) as url:
        target = ["--server", f"{url}/v1"]
        ids = []
        for name in ("Ana", "Ana", "Tina"):  # the last is a name of the catalogue, too
            wanted = ["--name", name, "--consent", "She agrees.", *target]
            assert main(["voices", "add", str(recording), *wanted]) == 0
            ids.append(capsys.readouterr().out.strip())
        assert main(["voices", "remove", "Ana", *target]) == 1
        told = capsys.readouterr().err
        assert ids[0] in told and ids[1] in told
        assert main(["voices", "remove", ids[0], *target]) == 0
        assert main(["voices", "remove", "Ana", *target]) == 0
        assert main(["voices", "remove", "Tina", *target]) == 0
        assert main(["voices", "remove", "Cherry", *target]) == 1  # is nobody's own
        voices = httpx.get(f"{url}/v1/audio/voices", trust_env=False).json()["data"]
        assert all(voice["builtin"] for voice in voices)


def test_a_file_that_is_missing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["voices", "add", "no.wav", "--name", "A", "--consent", "yes"]) == 1
    assert "no such file: no.wav" in capsys.readouterr().err
