from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from thinktalk.engines.base import Sampling
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.decoding import Decoder, Run
from thinktalk.engines.cascade.llama import Chunk, Ended
from thinktalk.engines.cascade.slots import SlotTable


class Recorder:
    """Writes tokens until it may no more, and notes how it was asked."""

    def __init__(self, length: int) -> None:
        self.left = length
        self.asked: list[tuple[int, int]] = []

    def run(self, prompt: list[int], sampling: Sampling, **call: Any) -> Ended:
        count = min(self.left, call["max_tokens"])
        self.asked.append((len(prompt), call["max_tokens"]))
        for number in range(count):
            call["on_chunk"](Chunk("a", 7, number + 1))
        self.left -= count
        return Ended("length" if self.left else "stop", count, 0)


async def decoded(run: Run, length: int) -> Recorder:
    llama = Recorder(length)
    with ThreadPoolExecutor(1) as executor:
        decoder = Decoder(llama, None, Arbiter(alternate=True), executor)  # type: ignore[arg-type]
        async for _ in decoder.decode(run, SlotTable(1, 8192)):
            pass
    return llama


async def test_a_long_reply_takes_room_step_by_step() -> None:
    run = Run([1, 2, 3], Sampling(), 4000)
    llama = await decoded(run, 1500)
    assert llama.asked == [(3, 1024), (1027, 1024)]
    assert (len(run.written), run.reason) == (1500, "stop")


@pytest.mark.parametrize("length", [1500, 3000])
async def test_a_grammar_is_begun_once(length: int) -> None:
    run = Run([1, 2, 3], Sampling(), 2000, grammar="root ::= [a]+", pausable=False)
    llama = await decoded(run, length)
    assert llama.asked == [(3, 2000)]
    assert run.reason == ("stop" if length < 2000 else "length")
