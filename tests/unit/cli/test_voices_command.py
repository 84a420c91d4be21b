"""`thinktalk voices` lists what there is, and helps with a misspelled name."""

from __future__ import annotations

import json
import sys
import wave
from pathlib import Path

import pytest

from support.scripted_senses import ScriptedSynthesizer
from support.server import serving
from thinktalk.cli import main
from thinktalk.voices import catalog, listing


def test_the_list_says_what_each_voice_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["voices", "list"]) == 0
    printed = capsys.readouterr()
    for voice in catalog.voices():
        assert f"\n{voice.name} " in "\n" + printed.out
    assert "a mixture of Kokoro's" in printed.out
    assert "stand-ins" in printed.err


def test_the_list_can_be_narrowed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["voices", "list", "--language", "es", "--gender", "female", "--json"]) == 0
    assert [voice["name"] for voice in json.loads(capsys.readouterr().out)] == ["Sonrisa"]


def test_a_slip_of_the_pen_gets_near_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["voices", "hear", "chelsea"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("thinktalk: there is no voice 'chelsea'; did you mean Chelsie")
    assert "thinktalk voices list" in said


def test_a_language_without_a_greeting_asks_for_a_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["voices", "hear", "Tina", "--language", "haw"]) == 1
    assert "no greeting in 'haw': give --text" in capsys.readouterr().err


def test_every_home_language_has_a_greeting_that_names_the_voice() -> None:
    greetings = listing.greetings()
    assert len(greetings) == 29
    assert {voice.language for voice in catalog.voices()} <= set(greetings)
    assert all(greeting.count("{name}") == 1 for greeting in greetings.values())


def test_a_voice_greets_in_its_home_language_through_a_server(tmp_path: Path) -> None:
    synthesizer = ScriptedSynthesizer()
    path = tmp_path / "lenn.wav"
    with serving(synthesizer=synthesizer) as url:
        server = ["--server", f"{url}/v1"]
        assert main(["voices", "hear", "lenn", "--out", str(path), *server]) == 0
        assert main(["voices", "list", *server]) == 0
    text, speech = synthesizer.asked[-1]
    assert text.startswith("Guten Tag, ich bin Lenn.")
    assert (speech.voice.name, speech.language) == ("Lenn", "de")
    with wave.open(str(path)) as file:
        assert file.getnframes() > 1000


def test_where_nothing_plays_sound_it_says_where_it_saved_the_voice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with serving(synthesizer=ScriptedSynthesizer()) as url:
        assert main(["voices", "hear", "Lenn", "--server", f"{url}/v1"]) == 0
    told = capsys.readouterr().err
    assert "no program that plays sound is installed" in told
    assert f"saved to {tmp_path / 'reply.wav'}" in told
    assert (tmp_path / "reply.wav").exists()
