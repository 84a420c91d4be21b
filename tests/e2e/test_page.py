"""The talk page in a browser: a microphone that plays a file, a server without a model."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from support.browser import Tab, chromium, find_chromium
from support.cable import cable_to
from support.media_files import audio_file
from support.scripted_senses import ScriptedRecognizer
from support.server import serving
from thinktalk.api.page import Page
from thinktalk.engines.base import Segment
from thinktalk.testing import ScriptedEngine

pytestmark = pytest.mark.slow

RATE = 48_000
QUESTION = Segment(start_s=0.0, end_s=1.0, text=" What time is it?", language="en")
LONG_REPLY = " ".join(f"word{number}" for number in range(60))  # 12 s of speech
PLAYED = "Number(document.querySelector('#lane')?.dataset.playedMs ?? 0)"
PLAYS = "(document.querySelector('#lane')?.dataset.playing === 'true')"
STATUS = "(document.querySelector('#status')?.innerText ?? '')"
STOPPED = "document.querySelector('#figure-stop td')?.innerText"


@contextmanager
def page_on(
    url: str, tmp_path: Path, microphone: npt.NDArray[np.float32] | None
) -> Generator[Tab, None, None]:
    """The page of a server, not started; the browser's microphone plays these samples once."""
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    if not Page().is_built:
        pytest.skip("the page is not built: run `make page`")
    switches = ["--use-fake-device-for-media-stream"]
    if microphone is not None:
        file = tmp_path / "microphone.wav"
        file.write_bytes(audio_file(microphone, RATE))
        switches += [
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-audio-capture={file}%noloop",
        ]
    with chromium(executable, tmp_path / "profile", *switches) as tab:
        tab.open(url)
        yield tab


@contextmanager
def page_with(
    tmp_path: Path, microphone: npt.NDArray[np.float32] | None, engine: ScriptedEngine
) -> Generator[Tab, None, None]:
    """The page of a server with `engine`, as it talks."""
    with served(engine) as url, page_on(url, tmp_path, microphone) as tab:
        tab.click("#start")
        yield tab


def served(engine: ScriptedEngine, **sections: dict[str, Any]) -> AbstractContextManager[str]:
    return serving(engine, recognizer=ScriptedRecognizer(segments=(QUESTION,)), **sections)


def fill(tab: Tab, selector: str, text: str) -> None:
    """Write into a field, as typing does."""
    field = f"document.querySelector({selector!r})"
    tab.until(field)
    tab.evaluate(f"({field}.value = {text!r}, {field}.dispatchEvent(new Event('input')))")


def ask(tab: Tab, question: str) -> None:
    fill(tab, "#text", question)
    tab.click(".writing button")


def silence(duration_s: float) -> npt.NDArray[np.float32]:
    return np.zeros(round(duration_s * RATE), np.float32)


def voice(duration_s: float) -> npt.NDArray[np.float32]:
    """A buzz that rises and falls as syllables do: a browser takes it for no noise."""
    times = np.arange(round(duration_s * RATE)) / RATE
    phase = 2 * np.pi * 140 * times + 3 * np.sin(2 * np.pi * 2.5 * times)
    buzz = sum(np.sin(phase * harmonic) / harmonic for harmonic in range(1, 20))
    return (0.25 * buzz * (0.55 - 0.45 * np.cos(2 * np.pi * 4 * times))).astype(np.float32)


def test_a_spoken_question_gets_a_spoken_answer(tmp_path: Path) -> None:
    microphone = np.concatenate([silence(1.0), voice(1.5), silence(20.0)])
    with page_with(tmp_path, microphone, ScriptedEngine("It is noon.")) as tab:
        tab.until("document.querySelector('#transcript .user')")
        tab.until(f"!{PLAYS} && {PLAYED} > 0")
        assert tab.evaluate(PLAYED) == pytest.approx(600, abs=30)  # three words
        assert "What time is it?" in tab.text("#transcript .user")
        assert "It is noon." in tab.text("#transcript .assistant")
        # It takes some silence to know that the turn is over; the rest is a few steps of a script.
        assert 100 < float(tab.text("#figure-turn td")) < 5000
        assert not tab.log


@pytest.mark.parametrize(("judged", "limit_ms"), [("by silence", 500), ("by meaning", 3000)])
def test_speaking_over_the_answer_stops_its_sound(
    tmp_path: Path, judged: str, limit_ms: float
) -> None:
    microphone = np.concatenate([silence(1.0), voice(1.5), silence(4.0), voice(3.0), silence(20.0)])
    with page_with(tmp_path, microphone, ScriptedEngine(LONG_REPLY)) as tab:
        if judged == "by silence":  # which takes every sound for an interruption, at once
            tab.click("#semantic")
        tab.until(f"{PLAYS} && {PLAYED} > 1000")
        tab.until(STOPPED)
        played_ms = tab.evaluate(PLAYED)
        assert not tab.evaluate(PLAYS)
        assert float(tab.evaluate(STOPPED)) < limit_ms
        time.sleep(0.5)  # the user still speaks
        assert tab.evaluate(PLAYED) == played_ms < 6000
        # What was not heard is marked, and the rest is what the conversation holds.
        tab.until("document.querySelector('#transcript .assistant s')")
        heard = tab.text("#transcript .assistant").removesuffix(
            tab.text("#transcript .assistant s")
        )
        assert len(heard.split()) - 1 == pytest.approx(played_ms / 200, abs=2)
        assert not tab.log


def test_without_a_microphone_one_can_write(tmp_path: Path) -> None:
    with page_with(tmp_path, None, ScriptedEngine("It is noon.")) as tab:
        tab.until("document.querySelector('[role=alert]')")
        assert "microphone was refused" in tab.text("[role=alert]")
        ask(tab, "What time is it?")
        tab.until(f"!{PLAYS} && {PLAYED} > 0")
        assert "What time is it?" in tab.text("#transcript .user")
        assert "It is noon." in tab.text("#transcript .assistant")


def test_after_a_lost_connection_the_conversation_goes_on_as_it_was_heard(tmp_path: Path) -> None:
    engine = ScriptedEngine(LONG_REPLY)
    microphone = np.concatenate([silence(1.0), voice(1.5), silence(9.0), voice(1.5), silence(9.0)])
    with (
        served(engine) as server,
        cable_to(server) as cable,
        page_on(cable.url, tmp_path, microphone) as tab,
    ):
        fill(tab, "#instructions", "Be brief.")
        tab.click("#start")
        tab.until(f"{PLAYS} && {PLAYED} > 1500")
        cable.cut()
        tab.until(f"{STATUS}.startsWith('Connection lost: trying again')")
        tab.until("document.querySelector('#transcript .assistant s')")
        assert tab.text("#status") == "Listening"
        assert not tab.evaluate(PLAYS)
        heard = tab.text("#transcript .assistant").removesuffix(
            tab.text("#transcript .assistant s")
        )
        assert len(heard.split()) - 1 == pytest.approx(tab.evaluate(PLAYED) / 200, abs=2)
        # The microphone goes on: the next question is spoken.
        tab.until(f"{PLAYS} && document.querySelectorAll('#transcript .user').length === 2")
        messages = engine.requests[-1].messages
        roles = [message.role for message in messages]
        assert roles == ["system", "user", "assistant", "user"]
        assert messages[0].text == "Be brief."
        assert messages[2].text == heard.removeprefix("It").strip()
        assert tab.evaluate("document.querySelectorAll('#transcript .assistant').length") == 2
        assert not tab.text("[role=alert]")


def test_what_is_written_while_the_connection_is_lost_is_asked_afterwards(tmp_path: Path) -> None:
    engine = ScriptedEngine("It is noon.")
    with (
        served(engine) as server,
        cable_to(server) as cable,
        page_on(cable.url, tmp_path, None) as tab,
    ):
        tab.click("#start")
        tab.until("document.querySelector('[role=alert]')")  # no microphone
        ask(tab, "Hello?")
        tab.until(f"!{PLAYS} && {PLAYED} > 0")
        cable.cut()
        tab.until(f"{STATUS}.startsWith('Connection lost')")
        ask(tab, "What time is it?")
        tab.until("document.querySelectorAll('#transcript .assistant').length === 2")
        texts = [message.text for message in engine.requests[-1].messages]
        assert texts == ["Hello?", "It is noon.", "What time is it?"]


def test_a_question_that_loses_its_connection_before_the_answer_is_answered(
    tmp_path: Path,
) -> None:
    engine = ScriptedEngine("It is noon.", delay_s=1.0)
    with (
        served(engine) as server,
        cable_to(server) as cable,
        page_on(cable.url, tmp_path, None) as tab,
    ):
        tab.click("#start")
        tab.until("document.querySelector('[role=alert]')")  # no microphone
        ask(tab, "What time is it?")
        while not engine.running:
            time.sleep(0.02)
        cable.cut()
        tab.until(f"{STATUS}.startsWith('Connection lost')")
        tab.until("document.querySelector('#transcript .assistant')?.innerText.includes('noon.')")
        assert len(engine.requests) == 2 and engine.cancelled == 1


def test_a_conversation_that_the_server_has_lost_begins_anew_below_a_notice(
    tmp_path: Path,
) -> None:
    engine = ScriptedEngine("It is noon.")
    with (
        served(engine, realtime={"resume_s": 0}) as server,
        cable_to(server) as cable,
        page_on(cable.url, tmp_path, None) as tab,
    ):
        fill(tab, "#instructions", "Be brief.")
        tab.click("#start")
        tab.until("document.querySelector('[role=alert]')")  # no microphone
        ask(tab, "Hello?")
        tab.until(f"!{PLAYS} && {PLAYED} > 0")
        cable.cut()
        tab.until("document.querySelector('#transcript [role=alert]')")
        assert "new conversation" in tab.text("#transcript [role=alert]")
        ask(tab, "What time is it?")
        tab.until("document.querySelectorAll('#transcript .assistant').length === 2")
        texts = [message.text for message in engine.requests[-1].messages]
        assert texts == ["Be brief.", "What time is it?"]
        shown = "[...document.querySelectorAll('#transcript li')].map(line => line.className)"
        assert tab.evaluate(shown) == ["user", "assistant", "page", "user", "assistant"]
