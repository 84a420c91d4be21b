"""Recordings that are too long to be held, through the server as a process."""

from __future__ import annotations

import json
import os
import signal
import time

import httpx
import numpy as np
import pytest

from benchmarks.server import running_server
from support.media_files import audio_file
from thinktalk.engines.cascade.espeak import Espeak, EspeakVoice
from thinktalk.media.resample import resample
from thinktalk.settings import load
from thinktalk.weights.catalog import Catalog

pytestmark = pytest.mark.slow

RATE = 16_000
MUSEUM = "What time does the museum open on Sunday morning?"
NUM_TIMES, EVERY_S = 42, 15.0


def eleven_minutes() -> bytes:
    """A question every quarter of a minute, under noise that no other run has."""
    said = resample(Espeak().say(MUSEUM, "en", EspeakVoice("male", "m3"), 0.9), RATE).samples
    rng = np.random.default_rng(time.time_ns())
    sound = rng.standard_normal(round(NUM_TIMES * EVERY_S * RATE), np.float32) * np.float32(1e-4)
    for number in range(NUM_TIMES):
        start = round(number * EVERY_S * RATE) + RATE
        sound[start : start + len(said)] += said
    return audio_file(sound, container="flac", codec="flac")


def test_a_transcription_that_a_crash_cut_off_goes_on_where_it_was() -> None:
    form = {"model": "whisper-1", "stream": "true"}
    files = {"file": ("talk.flac", eleven_minutes())}
    folder = Catalog(load().weights).cache / "heard"
    before = set(folder.glob("*.jsonl"))

    with running_server() as first:
        url = f"{first.url}/v1/audio/transcriptions"
        with (
            pytest.raises(httpx.HTTPError),
            httpx.stream("POST", url, data=form, files=files, timeout=120) as response,
        ):
            for line in response.iter_lines():
                [notes] = set(folder.glob("*.jsonl")) - before
                if line.startswith("data: ") and notes.stat().st_size:
                    os.kill(first.pid, signal.SIGKILL)
    begun = notes.read_bytes()
    assert 60 <= json.loads(begun.splitlines()[0])["until_s"] < NUM_TIMES * EVERY_S

    with running_server() as second:
        url = f"{second.url}/v1/audio/transcriptions"
        answer = httpx.post(url, data={"model": "whisper-1"}, files=files, timeout=120)
    assert answer.json()["text"].lower().count("museum") >= NUM_TIMES - 2
    assert notes.read_bytes().startswith(begun)
    assert json.loads(notes.read_bytes().splitlines()[-1])["is_whole"]
