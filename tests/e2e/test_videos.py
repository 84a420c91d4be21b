"""Videos through the command and the library: a recorded editor, what is said and when."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from openai import OpenAI

from benchmarks.server import RunningServer
from support import screens
from support.media_files import video_file
from thinktalk.media.decode import decode_audio

pytestmark = pytest.mark.slow

CODE = '''def add(a, b):
    """Add two numbers."""
    return a + b


for n in range(3):
    print(add(n, 10))'''
COMMENT = "This function adds two numbers."
COMMENT_S, LENGTH_S = 4.0, 10.0


@pytest.fixture(scope="module")
def demo(client: OpenAI, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An editor in which code is typed for some six seconds; at four a voice explains it."""
    speech = client.audio.speech.create(
        model="tts-1", voice="Ethan", input=COMMENT, response_format="wav"
    )
    spoken = decode_audio(speech.content, max_s=60, sample_rate=16_000).samples
    sound = np.zeros(round(LENGTH_S * 16_000), np.float32)
    start = round(COMMENT_S * 16_000)
    sound[start : start + len(spoken)] = spoken[: len(sound) - start]
    file = tmp_path_factory.mktemp("videos") / "demo.mp4"
    typed = screens.typing(CODE, from_s=1.0, characters_per_s=18)
    file.write_bytes(video_file(LENGTH_S, fps=8, size=(1280, 720), sound=sound, picture_at=typed))
    return file


def ask(server: RunningServer, *words: str) -> str:
    asked = subprocess.run(
        [sys.executable, "-m", "thinktalk", "ask", *words, "--server", f"{server.url}/v1"],
        capture_output=True,
        text=True,
        timeout=900,
        env=dict(os.environ),
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    return asked.stdout


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("tier", ["flash", "light"])
def test_the_code_that_is_shown_is_written(server: RunningServer, demo: Path, tier: str) -> None:
    answer = ask(
        server, str(demo), "write the code that is shown", "--model", f"qwen3.5-omni-{tier}"
    )

    missing = [row for row in CODE.split("\n") if squeezed(row) not in squeezed(answer)]
    assert not missing, answer
    assert "\n    return a + b" in answer, "the indents are kept"


def test_what_is_said_is_found_at_its_time(server: RunningServer, demo: Path) -> None:
    answer = ask(server, "When does the speaker say that the function adds numbers?", str(demo))

    assert "0:04" in answer or "0:03" in answer


def test_what_is_typed_is_found_at_its_time(server: RunningServer, demo: Path) -> None:
    answer = ask(server, "At what time is the for loop typed?", str(demo))

    # It is typed from 4.4 s to 5.4 s.
    assert any(time in answer for time in ("0:04", "0:05", "0:06")), answer
