"""A lost connection: the conversation is kept for a while, for its own client and nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from support.live import DASHSCOPE, OPENAI, Live, live, silence, tone
from support.scripted_senses import ScriptedRecognizer
from support.server import serving
from thinktalk.api.realtime.connection import Connection
from thinktalk.engines.base import Segment
from thinktalk.testing import ScriptedEngine

REPLY = " ".join(f"word{number}" for number in range(60))
HEARD = Segment(start_s=0.0, end_s=1.0, text=" What time is it?", language="en")
LIGHT = "/api-ws/v1/realtime?model=qwen3.5-omni-light-realtime"


@pytest.fixture(scope="module")
def engine() -> ScriptedEngine:
    return ScriptedEngine(REPLY)


@pytest.fixture(scope="module")
def url(engine: ScriptedEngine) -> Generator[str, None, None]:
    with serving(engine, recognizer=ScriptedRecognizer(segments=(HEARD,))) as url:
        yield url


def session_of(client: Live) -> str:
    return str(client.frames[0]["session"]["id"])


async def hold_and_lose(url: str, path: str = DASHSCOPE, **headers: str) -> str:
    """Ask, listen to a second of the reply, and lose the connection; returns the session's id."""
    async with live(url, path, headers) as client:
        rate = 24_000 if path == OPENAI else 16_000
        await client.say(tone(0.6, rate) + silence(1.2, rate))
        await client.until("response.created")
        await asyncio.sleep(1.0)
        client.socket.transport.abort()
        return session_of(client)


async def resumed(client: Live, session_id: str) -> dict[str, Any]:
    await client.send("session.resume", session_id=session_id)
    return await client.until("session.resumed")


async def still_answers(client: Live) -> None:
    await client.send("response.create", response={"modalities": ["text"]})
    done = await client.until("response.done")
    assert done["response"]["status"] == "completed"


async def test_a_conversation_goes_on_where_it_was_heard(url: str, engine: ScriptedEngine) -> None:
    lost = await hold_and_lose(url)
    async with live(url) as client:
        told = await resumed(client, lost)
        assert told["session"]["id"] == lost
        question, answer = told["item_ids"]
        await client.send("conversation.item.retrieve", item_id=question)
        item = (await client.until("conversation.item.retrieved"))["item"]
        assert item["content"][0]["transcript"] == HEARD.text.strip()
        await client.send("conversation.item.retrieve", item_id=answer)
        item = (await client.until("conversation.item.retrieved"))["item"]
        heard = item["content"][0]["transcript"]
        # A second was played, and what had been sent ahead is played still.
        assert 7 <= len(heard.split()) <= 14 and REPLY.startswith(heard)
        assert item["status"] == "incomplete"
        await client.send(
            "conversation.item.truncate", item_id=answer, content_index=0, audio_end_ms=450
        )
        await client.until("conversation.item.truncated")
        await still_answers(client)
        messages = engine.requests[-1].messages
        assert [message.role for message in messages] == ["user", "assistant"]
        assert messages[1].text == "word0 word1"


async def test_settings_voice_and_dialect_go_on(url: str, engine: ScriptedEngine) -> None:
    async with live(url, OPENAI) as client:
        await client.send(
            "session.update", session={"modalities": ["text", "audio"], "instructions": "Be brief."}
        )
        await client.until("session.updated")
        await client.say(tone(0.6) + silence(1.2))
        await client.until("response.audio.delta")
        client.socket.transport.abort()
        lost = session_of(client)
    async with live(url, OPENAI) as client:
        told = await resumed(client, lost)
        assert told["session"]["instructions"] == "Be brief."
        await client.send("session.update", session={"voice": "Ethan"})
        assert (await client.error())["code"] == "cannot_update_voice"
        await still_answers(client)
        assert "response.text.delta" in client.types  # DashScope's word, on OpenAI's address
        assert engine.requests[-1].messages[0].text == "Be brief."


async def test_a_connection_that_only_seems_alive_gives_way(url: str) -> None:
    async with live(url) as old, live(url) as new:
        await old.say(tone(0.6) + silence(1.2))
        await old.until("response.created")
        assert len((await resumed(new, session_of(old)))["item_ids"]) == 2
        with pytest.raises(ConnectionClosed):
            while True:
                await old.next()
        assert old.socket.close_code == 1000
        assert "resumed on another connection" in (old.socket.close_reason or "")
        await still_answers(new)


async def test_what_is_lost_again_is_resumed_again(url: str) -> None:
    lost = await hold_and_lose(url)
    for _ in range(2):
        async with live(url) as client:
            assert len((await resumed(client, lost))["item_ids"]) == 2
            client.socket.transport.abort()


async def test_only_once_and_only_with_its_model(url: str) -> None:
    lost = await hold_and_lose(url)
    async with live(url, LIGHT) as client:
        await client.send("session.resume", session_id=lost)
        error = await client.error()
        assert "qwen3.5-omni-flash" in error["message"] and "light" in error["message"]
        await still_answers(client)
    async with live(url) as client:
        await resumed(client, lost)
        await still_answers(client)
        await client.send("session.resume", session_id=lost)
        assert "before anything else" in (await client.error())["message"]
        await still_answers(client)


@pytest.mark.parametrize("session_id", ["sess_nobody", "", None, 5])
async def test_what_is_not_there_is_told(url: str, session_id: Any) -> None:
    async with live(url) as client:
        await client.send("session.resume", session_id=session_id)
        error = await client.error()
        assert error["param"] == "session_id" and error["message"]
        await client.send("session.resume", session_id=session_of(client))
        assert (await client.error())["code"] == "session_not_found"
        await still_answers(client)


async def test_what_its_client_ended_is_over(url: str) -> None:
    async with live(url) as client:
        await client.say(tone(0.6) + silence(1.2))
        await client.until("response.done")
        await client.send("session.finish")
        await client.until("session.finished")
        ended = session_of(client)
    async with live(url) as client:
        await client.send("session.resume", session_id=ended)
        assert (await client.error())["code"] == "session_not_found"


async def test_it_is_kept_for_a_while_and_for_its_own_client() -> None:
    keys = ("sk-one", "sk-two")
    engine = ScriptedEngine("Yes.")
    with serving(engine, server={"api_keys": keys}, realtime={"resume_s": 1.0}) as url:
        one, two = ({"Authorization": f"Bearer {key}"} for key in keys)
        lost = await hold_and_lose(url, **one)
        async with live(url, DASHSCOPE, two) as client:
            await client.send("session.resume", session_id=lost)
            assert (await client.error())["code"] == "session_not_found"
        async with live(url, DASHSCOPE, one) as client:
            await resumed(client, lost)
            client.socket.transport.abort()
        await asyncio.sleep(1.3)
        async with live(url, DASHSCOPE, one) as client:
            await client.send("session.resume", session_id=lost)
            error = await client.error()
            assert error["code"] == "session_not_found" and "1 s" in error["message"]


async def test_what_is_lost_while_it_is_resumed_can_be_resumed(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    lost = await hold_and_lose(url)
    settle, slow = Connection._settle, asyncio.Event()

    async def slowly(self: Connection, *given: Any) -> None:
        if self.session.is_fresh and slow.is_set():
            await asyncio.sleep(1.0)
        await settle(self, *given)

    monkeypatch.setattr(Connection, "_settle", slowly)
    async with live(url) as client:
        slow.set()
        await client.send("session.resume", session_id=lost)
        await asyncio.sleep(0.3)
        client.socket.transport.abort()
    slow.clear()
    await asyncio.sleep(0.3)
    async with live(url) as client:
        await resumed(client, lost)
