"""`thinktalk talk` on a connection that is cut: it goes on, and says so."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from support.cable import Cable, cable_to
from support.live import tone
from support.scripted_senses import ScriptedRecognizer
from support.server import serving
from thinktalk.conversation import AudioPart
from thinktalk.engines.base import Segment
from thinktalk.media.encode import wav_header
from thinktalk.testing import ScriptedEngine

pytestmark = pytest.mark.slow

QUESTION = Segment(start_s=0.0, end_s=1.0, text=" What time is it?", language="en")
REPLY = " ".join(f"word{number}" for number in range(20))  # 4 s of speech


@contextmanager
def talking(
    cable: Cable, folder: Path, durations_s: Sequence[float]
) -> Generator[subprocess.Popen[str], None, None]:
    """`thinktalk talk` says recordings of these durations over the cable."""
    names = [f"{number}.wav" for number, _ in enumerate(durations_s)]
    for name, duration_s in zip(names, durations_s, strict=True):
        data = tone(duration_s)
        (folder / name).write_bytes(wav_header(16_000, len(data)) + data)
    with subprocess.Popen(
        [sys.executable, "-m", "thinktalk", "talk", *names, "--server", f"{cable.url}/v1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=dict(os.environ),
    ) as talk:
        try:
            yield talk
        finally:
            talk.kill()


def ended(talk: subprocess.Popen[str]) -> tuple[str, str]:
    """The rest of what it says: standard output, standard error."""
    rest, told = talk.communicate(timeout=60)
    assert talk.returncode == 0, told
    return rest, told


def test_talk_goes_on_after_a_cut_in_a_reply(tmp_path: Path) -> None:
    engine = ScriptedEngine(REPLY)
    recognizer = ScriptedRecognizer(segments=(QUESTION,))
    with (
        serving(engine, recognizer=recognizer) as server,
        cable_to(server) as cable,
        talking(cable, tmp_path, [0.6, 0.6]) as talk,
    ):
        assert talk.stdout is not None
        assert talk.stdout.readline() == "you> What time is it?\n"
        time.sleep(1.0)
        cable.cut()
        rest, told = ended(talk)
    assert rest.splitlines() == ["you> What time is it?", f"thinktalk> {REPLY}"]
    assert "Connection lost" in told and "the conversation goes on" in told
    _, answer, _ = engine.requests[-1].messages
    assert REPLY.startswith(answer.text)
    assert 5 <= len(answer.text.split()) < 15  # what came of it was kept and played


def test_talk_says_again_what_was_cut_off(tmp_path: Path) -> None:
    engine = ScriptedEngine("It is noon.")
    recognizer = ScriptedRecognizer(segments=(QUESTION,))
    with (
        serving(engine, recognizer=recognizer) as server,
        cable_to(server) as cable,
        talking(cable, tmp_path, [3.0]) as talk,
    ):
        while "num_realtime_sessions 1.0" not in httpx.get(f"{server}/metrics").text:
            time.sleep(0.05)
        time.sleep(1.5)
        cable.cut()
        rest, told = ended(talk)
    assert rest.splitlines() == ["you> What time is it?", "thinktalk> It is noon."]
    assert "Connection lost" in told and "new conversation" in told  # nothing had been said in it
    (question,) = engine.requests[-1].messages
    (spoken,) = question.parts
    assert isinstance(spoken, AudioPart)
    assert spoken.audio.duration_s == pytest.approx(3.0, abs=0.5)
