"""The talk page in a browser: a microphone that plays a file, a server without a model."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from support.browser import Tab, chromium, find_chromium
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
STOPPED = "document.querySelector('#figure-stop td')?.innerText"


@contextmanager
def page_with(
    tmp_path: Path, microphone: npt.NDArray[np.float32] | None, engine: ScriptedEngine
) -> Generator[Tab, None, None]:
    """The page of a server with `engine`; the browser's microphone plays these samples once."""
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
    recognizer = ScriptedRecognizer(segments=(QUESTION,))
    with (
        serving(engine, recognizer=recognizer) as url,
        chromium(executable, tmp_path / "profile", *switches) as tab,
    ):
        tab.open(url)
        tab.click("#start")
        yield tab


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
        tab.evaluate("document.querySelector('#text').value = 'What time is it?'")
        tab.click(".writing button")
        tab.until(f"!{PLAYS} && {PLAYED} > 0")
        assert "What time is it?" in tab.text("#transcript .user")
        assert "It is noon." in tab.text("#transcript .assistant")
