"""Every example runs as it stands against a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from openai import OpenAI

from benchmarks.screenshot import PICTURE
from benchmarks.server import RunningServer
from support.media_files import video_file

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "text": (),
    "speech": ("out.wav",),
    "picture": ("shot.png",),
    "spoken_question": ("question.wav",),
    "video": ("clip.mp4",),
    "everything": ("shot.png", "question.wav", "clip.mp4"),
    "voice_sample": ("sample.wav", "out.wav"),
    "tools": (),
    "json_schema": (),
    "conversation": ("shot.png",),
    "transcribe": ("question.wav",),
    "realtime": ("question.wav", "answer.wav"),
    "realtime_dashscope": ("question.wav", "answer.wav"),
}


@pytest.fixture(scope="module")
def folder(client: OpenAI, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    texts = {
        "question.wav": "What went wrong, and how do I fix it?",
        "sample.wav": "This is a sample of my voice. I speak for a while, so that it can be "
        "recognised, and I try to keep a steady pace until the end of the sentence.",
    }
    for name, text in texts.items():
        speech = client.audio.speech.create(
            model="tts-1", voice="Aiden", input=text, response_format="wav"
        )
        (folder / name).write_bytes(speech.content)
    (folder / "shot.png").write_bytes(PICTURE.read_bytes())
    (folder / "clip.mp4").write_bytes(video_file())
    return folder


def test_every_example_is_run_here() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(ARGUMENTS)


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_the_example_prints_an_answer(name: str, folder: Path, server: RunningServer) -> None:
    ran = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py"), *ARGUMENTS[name]],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "BASE_URL": f"{server.url}/v1"},
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip()
    if "out.wav" in ARGUMENTS[name]:
        assert (folder / "out.wav").stat().st_size > 20_000
