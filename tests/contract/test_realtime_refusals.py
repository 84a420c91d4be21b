"""What is wrong with an event is named where its client wrote it, and is never our fault."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import pytest

from support.live import BETA, DASHSCOPE, OPENAI, base64_of, live, silence, tone
from support.server import serving
from thinktalk.conversation import AudioPart
from thinktalk.testing import ScriptedEngine

ENGINE = ScriptedEngine("It is noon.")
INVALID, MISSING = "invalid_value", "missing_required_parameter"


@pytest.fixture(scope="module")
def url() -> Generator[str, None, None]:
    with serving(ENGINE) as url:
        yield url


def flat(**session: Any) -> dict[str, Any]:
    return {"type": "session.update", "session": session}


def nested(**audio: Any) -> dict[str, Any]:
    return {"type": "session.update", "session": {"type": "realtime", "audio": audio}}


def response(**body: Any) -> dict[str, Any]:
    return {"type": "response.create", "response": body}


def item(**body: Any) -> dict[str, Any]:
    return {"type": "conversation.item.create", "item": {"type": "message", **body}}


TOOL = {"type": "function", "name": "look"}
BARE = [{"type": "function"}]
NO_TEXT = {"role": "user", "content": [{"type": "input_text"}]}
SEMANTIC = {"type": "semantic_vad", "idle_timeout_ms": 6000}
DASHSCOPE_CASES = [
    (flat(temperature="hot"), INVALID, "session.temperature"),
    (flat(temperature=True), INVALID, "session.temperature"),
    (flat(max_tokens=0), INVALID, "session.max_tokens"),
    (flat(voice=5), INVALID, "session.voice"),
    (flat(voice="Nobody"), INVALID, "session.voice"),
    (flat(tools=BARE), MISSING, "session.tools.0.name"),
    (flat(tools=[{"type": "function", "function": {}}]), MISSING, "session.tools.0.function.name"),
    (flat(tools=[TOOL, TOOL]), INVALID, "session.tools.1.name"),
    (flat(tools=[TOOL], enable_search=True), INVALID, "session.enable_search"),
    (
        flat(tools=[TOOL], tool_choice={"type": "function", "name": "x"}),
        INVALID,
        "session.tool_choice",
    ),
    (flat(turn_detection=7), INVALID, "session.turn_detection"),
    (flat(turn_detection=SEMANTIC), INVALID, "session.turn_detection.idle_timeout_ms"),
    (flat(input_audio_transcription="whisper"), INVALID, "session.input_audio_transcription"),
    (flat(input_audio_transcription=[1]), INVALID, "session.input_audio_transcription"),
    (
        flat(audio={"input": {"format": {"sample_rate": 4000}}}),
        INVALID,
        "session.audio.input.format.sample_rate",
    ),
    ({"type": "session.update"}, MISSING, "session"),
    ({"type": "session.update", "session": 5}, INVALID, "session"),
    (response(temperature=9), INVALID, "response.temperature"),
    (response(voice="Nobody"), INVALID, "response.voice"),
    (response(metadata=5), INVALID, "response.metadata"),
    (response(metadata={str(n): n for n in range(17)}), INVALID, "response.metadata"),
    (response(metadata={"note": "x" * 20_000}), INVALID, "response.metadata"),
    (
        response(input=[{"type": "message", **NO_TEXT}]),
        MISSING,
        "response.input.0.content.0.text",
    ),
    (item(role="boss"), INVALID, "item.role"),
    (item(), MISSING, "item.role"),
    (item(**NO_TEXT), MISSING, "item.content.0.text"),
    (item(type="function_call_output"), MISSING, "item.call_id"),
    ({"type": "conversation.item.create"}, MISSING, "item"),
    ({"type": "conversation.item.delete", "item_id": 5}, INVALID, "item_id"),
    ({"type": "conversation.item.truncate"}, MISSING, "item_id"),
    ({"type": "conversation.item.truncate", "item_id": "x"}, MISSING, "audio_end_ms"),
    ({"type": "input_audio_buffer.append"}, MISSING, "audio"),
]
OPENAI_CASES = [
    (nested(output={"voice": "Nobody"}), INVALID, "session.audio.output.voice"),
    (nested(output={"speed": 9}), INVALID, "session.audio.output.speed"),
    (nested(input={"format": {"rate": 4000}}), INVALID, "session.audio.input.format.rate"),
    (
        nested(input={"turn_detection": {"threshold": 3}}),
        INVALID,
        "session.audio.input.turn_detection.threshold",
    ),
    ({"type": "session.update", "session": {"type": "x"}}, INVALID, "session.type"),
    (response(audio={"output": "x"}), INVALID, "response.audio.output"),
]


@pytest.mark.parametrize(
    ("path", "cases"), [(DASHSCOPE, DASHSCOPE_CASES), (OPENAI, OPENAI_CASES)], ids=["d", "g"]
)
async def test_a_refusal_names_the_field(url: str, path: str, cases: list[Any]) -> None:
    async with live(url, path) as client:
        for event, code, param in cases:
            await client.socket.send(json.dumps(event))
            error = await client.error()
            assert (error["code"], error["param"]) == (code, param), (event, error)


async def test_a_number_that_is_refused_is_named(url: str) -> None:
    async with live(url) as client:
        await client.send("session.update", session={"max_tokens": 0})
        assert "got 0" in (await client.error())["message"]


def _paths(value: Any) -> list[tuple[str, ...]]:
    """Of everything in an object that can be replaced."""
    if not isinstance(value, dict):
        return [()]
    return [(), *((key, *rest) for key in value for rest in _paths(value[key]))]


def _with(value: Any, path: tuple[str, ...], new: Any) -> Any:
    if not path:
        return new
    return {**value, path[0]: _with(value[path[0]], path[1:], new)}


SIDE = {"format": {"type": "pcm", "sample_rate": 16_000, "rate": 16_000}, "voice": "Tina"}
TURNS = {"type": "server_vad", "threshold": 0.5, "eagerness": "low", "create_response": True}
WHOLE: dict[str, Any] = {
    "modalities": ["text"],
    "output_modalities": ["text"],
    "voice": {"id": "Tina"},
    "instructions": "",
    "input_audio_format": "pcm16",
    "audio": {
        "input": {**SIDE, "transcription": {"language": "en"}, "turn_detection": TURNS},
        "output": {**SIDE, "speed": 1.0},
    },
    "input_audio_transcription": {"model": "x", "language": "en"},
    "turn_detection": TURNS,
    "temperature": 1,
    "top_p": 1,
    "top_k": 5,
    "seed": 1,
    "speed": 1,
    "max_tokens": 5,
    "max_output_tokens": 5,
    "max_response_output_tokens": 5,
    "enable_search": False,
    "tools": [TOOL],
    "tool_choice": {"type": "function", "name": "look"},
    "conversation": "none",
    "input": [{"type": "message", **NO_TEXT}],
    "metadata": {},
}
ITEM = {"id": "i", "type": "message", "role": "user", "call_id": "c", "name": "n", "content": []}
DEEP: Any = json.loads("[" * 300 + "]" * 300)

WRONG = ("x", 5, -1.5, True, [], [1], ["x"], {}, {"x": 1}, None, DEEP, {"y": DEEP})


@pytest.mark.parametrize(
    ("path", "headers"), [(DASHSCOPE, None), (OPENAI, None), (OPENAI, BETA)], ids="dgb"
)
async def test_no_wrong_value_is_taken_for_a_fault_of_the_server(
    url: str, path: str, headers: Any
) -> None:
    async with live(url, path, headers) as client:
        session = WHOLE if path == DASHSCOPE else {"type": "realtime", **WHOLE}
        for kind, field, body in (
            ("session.update", "session", session),
            ("response.create", "response", WHOLE),
            ("conversation.item.create", "item", ITEM),
        ):
            for where in _paths(body):
                for new in WRONG:
                    await client.send(kind, **{field: _with(body, where, new)})
        await client.send("no.such.event")
        while True:
            error = await client.error()
            if error["param"] == "type" and "no.such.event" in error["message"]:
                break
            assert error["code"] != "internal_error", error


async def test_sound_is_decoded_anew_after_a_stray_byte(url: str) -> None:
    async with live(url) as client:
        session: Any = {"turn_detection": None, "modalities": ["text"]}
        await client.send("session.update", session=session)
        heard = []
        for kind in ("clear", "commit"):
            await client.send("input_audio_buffer.append", audio=base64_of(silence(0.1) + b"x"))
            await client.send(f"input_audio_buffer.{kind}")
            await client.say(tone(0.5))
            await client.send("input_audio_buffer.commit")
            await client.send("response.create")
            await client.until("response.done")
            last = [part for m in ENGINE.requests[-1].messages for part in m.parts][-1]
            assert isinstance(last, AudioPart) and last.audio is not None
            heard.append(abs(last.audio.samples).max())
        assert all(peak < 0.31 for peak in heard)


async def test_an_append_without_sound_fixes_no_format(url: str) -> None:
    async with live(url) as client:
        await client.send("input_audio_buffer.append", audio="")
        rate = {"input": {"format": {"type": "pcm", "sample_rate": 8_000}}}
        session: Any = {"turn_detection": None, "modalities": ["text"], "audio": rate}
        await client.send("session.update", session=session)
        await client.say(tone(1.0, 8_000))
        await client.send("input_audio_buffer.commit")
        await client.send("response.create")
        await client.until("response.done")
        (part,) = [part for m in ENGINE.requests[-1].messages for part in m.parts]
        assert isinstance(part, AudioPart) and part.audio is not None
        assert part.audio.duration_s == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(("size", "told"), [(17 * 2**20, "bytes"), (9 * 2**20, "max_turn_s")])
async def test_an_item_holds_no_more_sound_than_a_turn(url: str, size: int, told: str) -> None:
    async with live(url, OPENAI, BETA) as client:
        await client.send("session.update", session={"input_audio_format": "g711_ulaw"})
        content = [{"type": "input_audio", "audio": base64_of(bytes(size))}]
        await client.send(
            "conversation.item.create",
            item={"type": "message", "role": "user", "content": content},
        )
        assert told in (await client.error())["message"]


async def test_sound_that_does_not_fit_is_measured(url: str) -> None:
    async with live(url) as client:
        await client.send("session.update", session={"turn_detection": None})
        await client.send("input_audio_buffer.append", audio=base64_of(silence(200)))
        await client.send("input_audio_buffer.append", audio=base64_of(silence(450)))
        message = (await client.error())["message"]
        assert "200.0 s" in message and "450.0 s" in message and "600 s" in message
