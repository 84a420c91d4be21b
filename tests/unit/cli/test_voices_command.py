"""`thinktalk voices` lists what there is, and helps with a misspelled name."""

from __future__ import annotations

import json
import sys
import wave
from pathlib import Path

import pytest

from support.scripted_senses import ScriptedSynthesizer
from support.server import serving
from support.small_omni import CONFIG, write_checkpoint
from thinktalk.cli import main
from thinktalk.engines.base import Capabilities
from thinktalk.testing import ScriptedEngine
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


@pytest.fixture
def qwen_omni(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint that the settings serve all tiers with."""
    profiles = {tier: {"engine": "qwen_omni"} for tier in ("plus", "flash", "light")}
    monkeypatch.setenv("THINKTALK_PROFILES", json.dumps(profiles))
    monkeypatch.setenv("THINKTALK_QWEN_OMNI__WEIGHTS", str(tmp_path))
    talker = {**CONFIG["talker_config"], "speaker_id": {"chelsie": 1, "ethan": 2}}
    return write_checkpoint(tmp_path, talker_config=talker)


def test_of_a_checkpoint_the_list_says_who_speaks(
    qwen_omni: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["voices", "list"]) == 0
    printed = capsys.readouterr()
    assert printed.out.count("the model's own speaker ") == len(catalog.voices())
    assert "Kokoro" not in printed.out and "eSpeak" not in printed.err


def test_of_a_checkpoint_without_a_talker_there_are_no_voices(
    qwen_omni: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_checkpoint(qwen_omni, enable_audio_output=False)
    assert main(["voices", "list"]) == 0
    printed = capsys.readouterr()
    assert not printed.out and "answers in text only" in printed.err


class _Writer(ScriptedEngine):
    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(name="writer", speech=False)


class _Ann(ScriptedEngine):
    @property
    def capabilities(self) -> Capabilities:
        everyone = {voice.name: "ann" for voice in catalog.voices()}
        return Capabilities(name="ann", speakers=("ann",), spoken_by=everyone)


@pytest.mark.parametrize(
    ("engine", "said"),
    [(_Writer(), "answers in text only"), (_Ann(), "the model's own speaker ann")],
)
def test_a_server_lists_the_voices_of_what_it_serves(
    engine: ScriptedEngine, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(engine) as url:
        assert main(["voices", "list", "--server", f"{url}/v1"]) == 0
    shown = "".join(capsys.readouterr())
    assert said in shown and "Kokoro" not in shown


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
