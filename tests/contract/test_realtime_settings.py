"""What a session is set to: by its family, its dialect, and updates that fail or come late."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import pytest

from support.live import BETA, OPENAI, live, silence, tone
from support.server import serving
from thinktalk.engines.base import Sampling
from thinktalk.testing import ScriptedEngine

ENGINE = ScriptedEngine("It is noon.")
SAMPLING = {
    "qwen3.5-omni-flash-realtime": Sampling(presence_penalty=1.5),
    "qwen3-omni-flash-realtime": Sampling(
        temperature=0.9, top_p=1.0, top_k=50, repetition_penalty=1.05
    ),
}
NAMES = ("temperature", "top_p", "top_k", "presence_penalty", "repetition_penalty")


@pytest.fixture(scope="module")
def url() -> Generator[str, None, None]:
    with serving(ENGINE, realtime={"max_session_s": 900.0}) as url:
        yield url


@pytest.mark.parametrize("model", SAMPLING)
async def test_each_family_samples_as_it_is_told_before_and_after_an_update(
    url: str, model: str
) -> None:
    async with live(url, f"/api-ws/v1/realtime?model={model}") as client:
        assert "top_p" not in client.frames[0]["session"]
        for _ in range(2):
            await client.send("response.create")
            await client.until("response.done")
            assert ENGINE.requests[-1].sampling == SAMPLING[model]
            await client.send("session.update", session={})
            told = (await client.until("session.updated"))["session"]
            assert [told[name] for name in NAMES] == [
                getattr(SAMPLING[model], name) for name in NAMES
            ]
        await client.send("session.update", session={"top_k": None})
        await client.send("response.create")
        await client.until("response.done")
        assert ENGINE.requests[-1].sampling.top_k == 0


async def test_openai_sessions_sample_as_their_family_does(url: str) -> None:
    for headers in (None, BETA):
        async with live(url, OPENAI, headers) as client:
            await client.send("response.create")
            await client.until("response.done")
            assert ENGINE.requests[-1].sampling == Sampling(presence_penalty=1.5)


async def test_a_flat_update_that_fails_leaves_openais_dialect(url: str) -> None:
    async with live(url, OPENAI) as client:
        await client.send("session.update", session={"modalities": ["text"], "voice": "Nobody"})
        assert (await client.error())["param"] == "session.voice"
        await client.send("session.update", session={"type": "realtime", "instructions": "Hi."})
        assert "output_modalities" in (await client.until("session.updated"))["session"]
        await client.send("response.create")
        await client.until("response.output_audio_transcript.done")


async def test_a_flat_update_after_sound_keeps_the_format_of_that(url: str) -> None:
    async with live(url, OPENAI) as client:
        await client.say(silence(0.2, 24_000))
        session: Any = {"modalities": ["text"], "turn_detection": None}
        await client.send("session.update", session=session)
        told = (await client.until("session.updated"))["session"]
        assert told["audio"]["input"]["format"] == {"type": "pcm", "sample_rate": 24_000}
        await client.say(tone(0.2, 24_000))
        await client.send("input_audio_buffer.commit")
        await client.send("response.create")
        await client.until("response.text.done")


async def test_a_session_expires_when_the_settings_say(url: str) -> None:
    async with live(url, OPENAI) as client:
        left_s = client.frames[0]["session"]["expires_at"] - time.time()
        assert 890 < left_s <= 900
