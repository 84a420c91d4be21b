"""The command line as a user runs it, in a pipe, against the running server and alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.screenshot import PICTURE
from benchmarks.server import RunningServer, running_server
from thinktalk.media.decode import decode_audio

pytestmark = pytest.mark.slow

SCRIPTED = {
    f"THINKTALK_PROFILES__{tier}__ENGINE": "scripted" for tier in ("PLUS", "FLASH", "LIGHT")
}


def thinktalk(
    *arguments: str, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "thinktalk", *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=cwd,
        env={**os.environ, **environment},
        check=False,
    )


def test_ask_in_a_pipe_prints_the_answer_and_nothing_else(
    server: RunningServer, tmp_path: Path
) -> None:
    asked = thinktalk(
        "ask", "What error is this?", str(PICTURE), "--server", f"{server.url}/v1", cwd=tmp_path
    )
    assert asked.returncode == 0
    assert len(asked.stdout.split()) > 3
    assert "\x1b" not in asked.stdout
    assert asked.stderr == ""


def test_ask_with_a_voice_saves_the_speech(server: RunningServer, tmp_path: Path) -> None:
    asked = thinktalk(
        "ask", "Say good morning.", "--voice", "Ethan", "--server", f"{server.url}/v1", cwd=tmp_path
    )
    assert asked.returncode == 0
    assert decode_audio((tmp_path / "reply.wav").read_bytes(), max_s=60).duration_s > 0.4


def test_talk_answers_recordings_in_turn(server: RunningServer, tmp_path: Path) -> None:
    at = ("--server", f"{server.url}/v1")
    for name, text in (
        ("one.wav", "What is two plus two?"),
        ("two.wav", "And what is the capital of Italy?"),
    ):
        assert thinktalk("say", text, "-o", name, *at, cwd=tmp_path).returncode == 0
    talked = thinktalk("talk", "one.wav", "two.wav", "-o", "out.wav", *at, cwd=tmp_path)
    assert talked.returncode == 0, talked.stderr
    you, answer, again, rome = talked.stdout.splitlines()
    assert you.startswith("you> ") and "plus" in you and again.startswith("you> ")
    assert "four" in answer.lower() or "4" in answer
    assert "Rome" in rome
    assert decode_audio((tmp_path / "out.wav").read_bytes(), max_s=120).duration_s > 1.0


def test_talk_names_a_file_that_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "nothing.txt").write_text("no sound")
    talked = thinktalk("talk", "nothing.txt", cwd=tmp_path, **SCRIPTED)
    assert talked.returncode == 1 and "cannot be opened" in talked.stderr


def test_what_say_speaks_transcribe_writes_down(server: RunningServer, tmp_path: Path) -> None:
    target = ("--server", f"{server.url}/v1")
    sound = tmp_path / "hello.mp3"
    said = thinktalk("say", "The meeting starts at noon.", "-o", str(sound), *target)
    assert said.returncode == 0
    heard = thinktalk("transcribe", str(sound), *target)
    assert "meeting" in heard.stdout.lower()
    assert "noon" in heard.stdout.lower()
    subtitles = thinktalk("transcribe", str(sound), "--format", "srt", *target)
    assert "00:00:00" in subtitles.stdout


def test_json_output_names_the_model_and_the_times(server: RunningServer) -> None:
    asked = thinktalk("ask", "Say hi.", "--json", "--server", f"{server.url}/v1")
    answer = json.loads(asked.stdout)
    assert answer["model"] == "qwen3.5-omni-flash"
    assert answer["first_text_s"] <= answer["total_s"]


def test_a_missing_file_is_one_line_on_stderr(server: RunningServer) -> None:
    asked = thinktalk("ask", "What?", "no-such.png", "--server", f"{server.url}/v1")
    assert asked.returncode == 1
    assert asked.stdout == ""
    assert len(asked.stderr.splitlines()) == 1
    assert "no-such.png" in asked.stderr


def test_no_server_at_the_named_address_is_one_line_on_stderr() -> None:
    asked = thinktalk("ask", "Hi", "--server", "http://127.0.0.1:9/v1")
    assert asked.returncode == 1
    assert asked.stderr.startswith("thinktalk: no server answers at 127.0.0.1:9")


def test_doctor_names_the_weights_and_the_tiers() -> None:
    checked = thinktalk("doctor")
    assert checked.returncode == 0
    assert "qwen3.5-omni-light" in checked.stdout
    assert "whisper-base" in checked.stdout


def test_a_public_address_without_a_key_is_refused() -> None:
    served = thinktalk("serve", "--host", "0.0.0.0", "--port", "0", **SCRIPTED)
    assert served.returncode == 1
    assert "without an API key" in served.stderr


def test_sigterm_lets_a_running_answer_finish_and_exits_with_0() -> None:
    import httpx

    with running_server(**SCRIPTED, THINKTALK_SCRIPTED__DELAY_S="0.3") as running:
        body = {
            "model": "qwen3.5-omni-flash",
            "stream": True,
            "messages": [{"role": "user", "content": "Hello"}],
        }
        with (
            httpx.Client(base_url=running.url, trust_env=False) as http,
            http.stream("POST", "/v1/chat/completions", json=body) as response,
        ):
            lines = response.iter_lines()
            next(lines)
            os.kill(running.pid, signal.SIGTERM)
            rest = list(lines)
        assert "data: [DONE]" in rest
        _, status = os.waitpid(running.pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0


def test_ctrl_c_stops_the_server_within_a_second() -> None:
    with running_server(**SCRIPTED) as running:
        os.kill(running.pid, signal.SIGINT)
        started = time.perf_counter()
        os.waitpid(running.pid, 0)
        assert time.perf_counter() - started < 5
