"""Chunks as bytes."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import pytest

from thinktalk.api.openai.chunks import CHUNK_BYTES, ChunkWriter, SoundCutter
from thinktalk.events import ToolCallDelta


@pytest.fixture
def writer() -> ChunkWriter:
    return ChunkWriter(
        completion_id="chatcmpl-1",
        model='odd "name"',
        created=1_763_859_600,
        audio_id="audio_1",
        expires_at=1_763_863_200,
    )


def parsed(chunk: bytes) -> Any:
    assert chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") and chunk.count(b"\n") == 2
    return json.loads(chunk[6:])


def test_text_survives_whatever_it_holds(writer: ChunkWriter) -> None:
    for text in ("plain", 'quote " and \\', "line\nbreak\r\n", "Eliška 你好 🎉", "\u2028"):
        chunk = parsed(writer.text(1, text))
        assert chunk["choices"][0]["delta"] == {"content": text}
        assert chunk["choices"][0]["index"] == 1
        assert chunk["model"] == 'odd "name"'


def test_reports_join_the_last_chunk(writer: ChunkWriter) -> None:
    plain, told = writer.finish(0, "length"), writer.finish(0, "stop", {"media_report": {"a": 1}})
    assert parsed(plain)["choices"][0]["finish_reason"] == "length"
    assert parsed(told)["media_report"] == {"a": 1}
    assert set(parsed(told)) - set(parsed(plain)) == {"media_report"}


def test_a_call_is_named_in_its_first_piece_only(writer: ChunkWriter) -> None:
    first = parsed(writer.tool_call(0, ToolCallDelta(0, "", id="call_1", name="f")))
    second = parsed(writer.tool_call(0, ToolCallDelta(0, '{"a":1}')))
    call = first["choices"][0]["delta"]["tool_calls"][0]
    assert (call["id"], call["function"]) == ("call_1", {"name": "f", "arguments": ""})
    call = second["choices"][0]["delta"]["tool_calls"][0]
    assert (call["id"], call["function"]) == ("", {"arguments": '{"a":1}'})


def test_cut_sound_decodes_piece_by_piece_and_joined() -> None:
    random.seed(1)
    cutter, sent, pieces = SoundCutter(), b"", []
    for _ in range(200):
        data = random.randbytes(random.choice([0, 1, 2, 5, 6, 7, 4_800, 9_600, 30_001]))
        sent += data
        pieces += cutter.cut(data)
    pieces.append(cutter.rest())
    assert b"".join(pieces) == sent
    assert all(0 < len(piece) <= CHUNK_BYTES and len(piece) % 6 == 0 for piece in pieces[:-1])
    joined = "".join(base64.b64encode(piece).decode() for piece in pieces)
    assert base64.b64decode(joined, validate=True) == sent


def test_cutting_holds_back_less_than_three_samples() -> None:
    cutter = SoundCutter()
    assert sum(len(piece) for piece in cutter.cut(bytes(10_001))) >= 10_001 - 5
