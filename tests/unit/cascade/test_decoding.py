from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from thinktalk.engines.base import Sampling
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.decoding import Decoder, Run
from thinktalk.engines.cascade.llama import Ended, Text
from thinktalk.engines.cascade.slots import SlotTable


class Recorder:
    """Stands in for the model: writes tokens until it may no more, and notes how it was asked."""

    def __init__(self, length: int) -> None:
        self.left = length
        self.asked: list[tuple[int, int]] = []
        self.begun = self.closed = 0

    def begin(self, prompt: list[int], sampling: Sampling, grammar: str) -> Text:
        self.begun += 1
        return Text(prompt, self, read_anew=False)  # type: ignore[arg-type]

    def close(self) -> None:
        self.closed += 1

    def pause(self) -> None:
        pass

    def run(self, text: Text, **call: Any) -> Ended:
        count = min(self.left, call["max_tokens"])
        self.asked.append((len(text.tokens), call["max_tokens"]))
        for _ in range(count):
            call["on_token"](text.add(7, b"a"), 7)
        self.left -= count
        return Ended("length" if self.left else "stop", 0)


async def decoded(run: Run, length: int) -> Recorder:
    llama = Recorder(length)
    with ThreadPoolExecutor(1) as executor:
        decoder = Decoder(llama, Arbiter(alternate=True), executor)  # type: ignore[arg-type]
        async for _ in decoder.decode(run, SlotTable(1, 8192)):
            pass
    return llama


async def test_a_long_reply_takes_room_step_by_step() -> None:
    run = Run([1, 2, 3], Sampling(), 4000)
    llama = await decoded(run, 1500)
    assert llama.asked == [(3, 1024), (1027, 1024)]
    assert (run.num_written, run.reason) == (1500, "stop")


@pytest.mark.parametrize("length", [1500, 3000])
async def test_a_text_is_begun_and_closed_once_however_long(length: int) -> None:
    run = Run([1, 2, 3], Sampling(), 2000, grammar="start: /a+/")
    llama = await decoded(run, length)
    assert (llama.begun, llama.closed) == (1, 1)
    assert run.reason == ("stop" if length < 2000 else "length")


def test_characters_are_given_once_they_are_whole() -> None:
    text = Text([1], Recorder(0), read_anew=False)  # type: ignore[arg-type]
    assert [text.add(2, bytes([byte])) for byte in "é!".encode()] == ["", "é", "!"]
