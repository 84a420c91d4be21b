"""The realtime socket's edges: who gets in, what is refused, and that the session goes on."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Generator
from typing import Any

import pytest
from openai import AsyncOpenAI, AuthenticationError, BadRequestError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from support.live import BETA, DASHSCOPE, OPENAI, Live, base64_of, live, silence, tone
from support.server import serving
from thinktalk.testing import Fault, ScriptedEngine

KEY = "sk-realtime"


@pytest.fixture(scope="module")
def url() -> Generator[str, None, None]:
    with serving(ScriptedEngine("It is noon.")) as url:
        yield url


async def refused(url: str, path: str, **options: Any) -> tuple[int, dict[str, Any]]:
    with pytest.raises(InvalidStatus) as caught:
        async with connect(url.replace("http", "ws", 1) + path, proxy=None, **options):
            pass
    response = caught.value.response
    return response.status_code, json.loads(response.body or b"{}").get("error", {})


async def still_answers(client: Live) -> None:
    await client.send("session.update", session={"turn_detection": None, "modalities": ["text"]})
    await client.until("session.updated")
    await client.send("response.create")
    done = await client.until("response.done")
    assert done["response"]["status"] == "completed"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api-ws/v1/realtime", 400),
        ("/v1/realtime?model=", 400),
        ("/realtime?model=gpt-realtime", 404),
        ("/v1/realtime?model=qwen9-realtime", 404),
        ("/api-ws/v1/realtime?model=qwen3-asr-flash", 404),
    ],
)
async def test_a_handshake_is_refused_as_json(url: str, path: str, status: int) -> None:
    got, error = await refused(url, path)
    assert got == status and error["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/api-ws/v1/realtime?model=qwen3-omni-flash-realtime-2025-12-01",
        "/compatible-mode/v1/realtime?model=gpt-realtime-mini&something=else",
        "/v1/realtime?intent=transcription",
    ],
)
async def test_these_addresses_are_served(url: str, path: str) -> None:
    async with live(url, path) as client:
        assert client.frames[0]["session"]["id"].startswith("sess_")


async def test_keys_come_by_header_or_by_subprotocol() -> None:
    with serving(ScriptedEngine(), server={"api_keys": (KEY,)}) as url:
        assert (await refused(url, DASHSCOPE))[0] == 401
        wrong = {"Authorization": "Bearer sk-wrong"}
        assert (await refused(url, DASHSCOPE, additional_headers=wrong))[0] == 401
        right = {"Authorization": f"Bearer {KEY}", "Origin": "https://elsewhere.example"}
        async with live(url, DASHSCOPE, right):
            pass
        names: Any = ["realtime", f"openai-insecure-api-key.{KEY}", "openai-beta.realtime-v1"]
        address = url.replace("http", "ws", 1) + OPENAI
        async with connect(address, subprotocols=names, proxy=None) as socket:
            assert socket.subprotocol == "realtime"
            kinds = [json.loads(await socket.recv())["type"] for _ in range(2)]
            assert kinds == ["session.created", "conversation.created"]


async def test_without_a_key_foreign_pages_stay_out(url: str) -> None:
    foreign = {"Origin": "https://elsewhere.example"}
    assert (await refused(url, DASHSCOPE, additional_headers=foreign))[0] == 403
    async with live(url, DASHSCOPE, {"Origin": url}):
        pass


async def test_more_sessions_than_allowed_are_turned_away() -> None:
    with serving(ScriptedEngine(), realtime={"max_sessions": 1}) as url:
        async with live(url):
            status, error = await refused(url, DASHSCOPE)
            assert status == 429 and "realtime.max_sessions" in error["message"]
        async with asyncio.timeout(2):
            while (await tried(url)) == 429:  # noqa: ASYNC110 - the other side frees it
                await asyncio.sleep(0.05)


async def tried(url: str) -> int:
    try:
        async with live(url):
            return 101
    except InvalidStatus as refusal:
        return int(refusal.response.status_code)


@pytest.mark.parametrize(
    ("event", "code", "message"),
    [
        ({"type": "response.cancel"}, "response_cancel_not_active", "none active response"),
        (
            {"type": "input_audio_buffer.commit"},
            "input_audio_buffer_commit_empty",
            "holds no audio",
        ),
        (
            {"type": "input_image_buffer.append", "image": "aGk="},
            "invalid_value",
            "Error append image before append audio.",
        ),
        ({"type": "no.such.event"}, "invalid_value", "no.such.event"),
        ({"type": "input_audio_buffer.append", "audio": "?!"}, "invalid_value", "base64"),
        ({"type": "input_audio_buffer.append"}, "missing_required_parameter", "audio is missing"),
        ({"type": "conversation.item.delete", "item_id": "item_x"}, "item_not_found", "item_x"),
        ({"type": "session.update", "session": {"voice": "Nobody"}}, "invalid_value", "supported"),
        ({"type": "session.update", "session": {"voice": "custom"}}, "invalid_value", "enrol"),
        ({"type": "session.update", "session": {"voice": ""}}, "invalid_value", "supported"),
        (
            {"type": "session.update", "session": {"modalities": ["audio"]}},
            "invalid_value",
            "Invalid modalities: ['audio']. Supported combinations are: ['text'] and "
            "['audio', 'text'].",
        ),
        (
            {"type": "session.update", "session": {"turn_detection": {"threshold": 3}}},
            "invalid_value",
            "(got 3)",
        ),
        ({"type": "session.update", "session": {"tools": [{"type": "function"}]}}, "", "name"),
        ({"type": "session.update"}, "missing_required_parameter", "session is missing"),
        (
            {"type": "conversation.item.create", "item": {"type": "message"}},
            "missing_required_parameter",
            "role",
        ),
        ({"type": "response.create", "response": {"modalities": ["smell"]}}, "", "smell"),
    ],
)
async def test_a_wrong_event_is_told_and_the_session_goes_on(
    url: str, event: dict[str, Any], code: str, message: str
) -> None:
    async with live(url) as client:
        await client.socket.send(json.dumps({"event_id": "event_mine", **event}))
        error = await client.error()
        assert error["type"] == "invalid_request_error"
        assert error["event_id"] == "event_mine"
        assert error["code"] == code if code else error["code"]
        assert message in error["message"]
        await still_answers(client)


@pytest.mark.parametrize("raw", [b"\x00\x01", "no json", "[1]", "null", '{"type": 5}'])
async def test_a_frame_that_is_no_event_is_told(url: str, raw: str | bytes) -> None:
    async with live(url) as client:
        await client.socket.send(raw)
        assert (await client.error())["message"]
        await still_answers(client)


async def test_a_failed_update_changes_nothing(url: str) -> None:
    async with live(url) as client:
        await client.send("session.update", session={"voice": "Ethan", "temperature": 5})
        assert (await client.error())["param"] == "session.temperature"
        await client.send("session.update", session={})
        updated = await client.until("session.updated")
        assert updated["session"]["voice"] == "Tina"


async def test_what_the_dashscope_client_sends_as_null_keeps_its_place(url: str) -> None:
    async with live(url) as client:
        session: Any = {
            "modalities": ["audio", "text"],
            "voice": None,
            "input_audio_transcription": {"model": None},
            "turn_detection": {"type": "semantic_vad", "silence_duration_ms": 500},
            "translation": None,
        }
        await client.send("session.update", session=session)
        told = (await client.until("session.updated"))["session"]
        assert told["voice"] == "Tina"
        assert told["input_audio_transcription"]["model"] == "qwen3-asr-flash-realtime"
        assert told["turn_detection"]["prefix_padding_ms"] == 300
        assert "audio" not in told


async def test_voice_and_input_format_are_fixed_once_used(url: str) -> None:
    async with live(url) as client:
        await client.say(tone(0.5) + silence(1.2))
        await client.until("response.audio.delta")
        await client.send("session.update", session={"voice": "Ethan"})
        assert (await client.error())["code"] == "cannot_update_voice"
        fast = {"input": {"format": {"type": "pcm", "sample_rate": 48_000}}}
        await client.send("session.update", session={"audio": fast})
        assert "not changeable" in (await client.error())["message"]
        await client.send("session.update", session={"voice": "Tina"})
        await client.until("session.updated")


@pytest.mark.parametrize("encoding", ["g711_ulaw", "g711_alaw"])
async def test_telephone_sound_goes_both_ways(url: str, encoding: str) -> None:
    async with live(url, OPENAI, BETA) as client:
        formats = {"input_audio_format": encoding, "output_audio_format": encoding}
        await client.send("session.update", session={**formats, "turn_detection": None})
        await client.until("session.updated")
        await client.send("input_audio_buffer.append", audio=base64_of(bytes(4_000)))
        await client.send("input_audio_buffer.commit")
        await client.send("response.create")
        sound = await client.until("response.audio.delta")
        await client.until("response.done")
        assert len(sound["delta"]) * 3 / 4 <= 8_000 * 0.21


async def test_an_idle_client_is_told_and_closed() -> None:
    with serving(ScriptedEngine(), realtime={"idle_s": 0.4}) as url:
        async with live(url) as client:
            error = await client.error()
            assert error["code"] == "response_idle_timeout" and error["type"] == "server_error"
            assert "no response was generated for 0.4 seconds" in error["message"]
            with pytest.raises(ConnectionClosed):
                await client.next()
            assert client.socket.close_code == 1000


async def test_a_failing_engine_fails_its_response_only() -> None:
    engine = ScriptedEngine("Fine again.", faults=[Fault("cut", after=1)])
    with serving(engine) as url:
        async with live(url) as client:
            await client.send("session.update", session={"turn_detection": None})
            await client.send("response.create")
            done = await client.until("response.done")
            assert done["response"]["status"] == "failed"
            assert done["response"]["status_details"]["error"]["code"]
            await still_answers(client)


async def test_a_flat_update_turns_an_openai_path_into_dashscope(url: str) -> None:
    async with live(url, OPENAI) as client:
        await client.send("session.update", session={"modalities": ["text"], "voice": "Ethan"})
        updated = await client.until("session.updated")
        assert updated["session"]["modalities"] == ["text"]
        await client.send("response.create")
        await client.until("response.text.done")


async def test_a_browser_gets_a_key_of_a_few_minutes() -> None:
    with serving(ScriptedEngine(), server={"api_keys": (KEY,)}) as url:
        client = AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY)
        session: Any = {"type": "realtime", "audio": {"output": {"voice": "Ethan"}}}
        secret = await client.realtime.client_secrets.create(session=session)
        assert secret.value.startswith("ek_") and secret.expires_at > time.time() + 500
        lent_key = {"Authorization": f"Bearer {secret.value}"}
        async with live(url, OPENAI, lent_key) as opened:
            assert opened.frames[0]["session"]["audio"]["output"]["voice"] == "Ethan"
            await opened.send("response.create")
            created = await opened.until("response.created")
            assert created["response"]["audio"]["output"]["voice"] == "Ethan"
        async with live(url, DASHSCOPE, lent_key) as opened:
            assert opened.frames[0]["session"]["voice"] == "Tina"
        basic = {"Authorization": f"Basic {secret.value}"}
        assert (await refused(url, OPENAI, additional_headers=basic))[0] == 401
        with pytest.raises(BadRequestError) as unknown:
            unheard: Any = {"type": "realtime", "audio": {"output": {"voice": "Nobody"}}}
            await client.realtime.client_secrets.create(session=unheard)
        assert unknown.value.param == "session.audio.output.voice"
        lent = AsyncOpenAI(base_url=f"{url}/v1", api_key=secret.value)
        with pytest.raises(AuthenticationError):
            await lent.models.list()
        made_up = {"Authorization": "Bearer ek_made_up"}
        assert (await refused(url, OPENAI, additional_headers=made_up))[0] == 401


async def test_settings_do_not_grow_without_end(url: str) -> None:
    async with live(url) as client:
        await client.send("session.update", session={"notes": "x" * 2**20})
        assert "1048576" in (await client.error())["message"]
        await still_answers(client)


async def test_minutes_in_one_append_keep_nobody_waiting(url: str) -> None:
    async with live(url) as client, live(url) as other:
        await client.send("input_audio_buffer.append", audio=base64_of(tone(200.0)))
        await client.until("input_audio_buffer.speech_started")
        began = time.monotonic()
        await still_answers(other)
        assert time.monotonic() - began < 3.0
