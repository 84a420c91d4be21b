"""One thinker plus one talker is an engine: order, failure, cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import numpy as np
import pytest

from thinktalk.conversation import Message, TextPart
from thinktalk.engines.base import (
    Capabilities,
    GenerateRequest,
    SpeechOptions,
    Thought,
    VoiceRef,
)
from thinktalk.engines.compose import ThinkerTalker
from thinktalk.events import AudioDelta, Event, Finished, TextDelta, ToolCallDelta, Usage
from thinktalk.media.types import Audio

HELLO = (Message("user", (TextPart("Hello"),)),)
SPOKEN = GenerateRequest(messages=HELLO, speech=SpeechOptions(voice=VoiceRef("Ethan")))
SILENT = GenerateRequest(messages=HELLO)


class Writer:
    """A thinker that writes the given thoughts, then finishes or fails."""

    def __init__(self, *thoughts: Thought, fails: bool = False) -> None:
        self.thoughts, self.fails, self.closed = thoughts, fails, False

    async def think(self, request: GenerateRequest) -> AsyncGenerator[Thought, None]:
        try:
            for thought in self.thoughts:
                await asyncio.sleep(0)
                yield thought
            if self.fails:
                raise ValueError("the thinker broke")
            yield Finished("stop", Usage(1, 2, 3))
        finally:
            self.closed = True


class Speaker:
    """A talker that says one sample per character, `delay_s` after reading it."""

    sample_rate = 24_000

    def __init__(self, delay_s: float = 0.0) -> None:
        self.delay_s, self.closed = delay_s, False
        self.asked: SpeechOptions | None = None

    async def talk(
        self, thoughts: AsyncIterator[Thought], speech: SpeechOptions
    ) -> AsyncGenerator[AudioDelta, None]:
        self.asked = speech
        position = 0
        try:
            async for thought in thoughts:
                assert isinstance(thought, TextDelta)
                await asyncio.sleep(self.delay_s)
                span = (position, position + len(thought.text))
                yield AudioDelta(Audio(np.zeros(len(thought.text), np.float32), 24_000), span)
                position = span[1]
        finally:
            self.closed = True


def engine(thinker: Writer, talker: Speaker) -> ThinkerTalker:
    return ThinkerTalker(thinker, talker, Capabilities(name="test"))


async def collect(thinker: Writer, request: GenerateRequest, talker: Speaker) -> list[Event]:
    return [event async for event in engine(thinker, talker).generate(request)]


async def test_each_piece_is_written_before_it_is_spoken_and_finished_comes_last() -> None:
    events = await collect(Writer(TextDelta("Good "), TextDelta("day.")), SPOKEN, Speaker())
    assert isinstance(events[-1], Finished)
    assert sum(isinstance(event, Finished) for event in events) == 1
    written = 0
    for event in events[:-1]:
        if isinstance(event, TextDelta):
            written += len(event.text)
        else:
            assert isinstance(event, AudioDelta)
            assert event.span is not None
            assert event.span[1] <= written


async def test_text_does_not_wait_for_a_slow_talker() -> None:
    writer = Writer(*(TextDelta(f"{number} ") for number in range(20)))
    events = await collect(writer, SPOKEN, Speaker(delay_s=0.005))
    first_sound = next(i for i, event in enumerate(events) if isinstance(event, AudioDelta))
    assert first_sound > 3


async def test_without_speech_the_talker_stays_silent() -> None:
    events = await collect(Writer(TextDelta("Hi.")), SILENT, Speaker())
    assert [type(event) for event in events] == [TextDelta, Finished]


async def test_what_the_prompt_asks_of_the_voice_reaches_the_talker() -> None:
    plain, cheerful = Speaker(), Speaker()
    await collect(Writer(TextDelta("Hi.")), SPOKEN, plain)
    asked = (Message("user", (TextPart("Greet me in a cheerful voice."),)),)
    await collect(Writer(TextDelta("Hi.")), replace(SPOKEN, messages=asked), cheerful)
    assert plain.asked is not None and plain.asked.instructions is None
    assert cheerful.asked is not None and cheerful.asked.instructions == "a cheerful voice"


async def test_tool_calls_are_not_spoken() -> None:
    events = await collect(Writer(ToolCallDelta(0, "{}", id="call_1", name="f")), SPOKEN, Speaker())
    assert [type(event) for event in events] == [ToolCallDelta, Finished]


async def test_a_failing_thinker_fails_the_reply_after_what_was_written() -> None:
    writer, speaker = Writer(TextDelta("Good "), fails=True), Speaker()
    seen: list[Event] = []
    with pytest.raises(ValueError, match="the thinker broke"):
        async for event in engine(writer, speaker).generate(SPOKEN):
            seen.append(event)
    assert isinstance(seen[0], TextDelta)
    assert speaker.closed


@pytest.mark.parametrize("request_", [SPOKEN, SILENT], ids=["spoken", "silent"])
async def test_closing_early_stops_both_halves(request_: GenerateRequest) -> None:
    writer = Writer(*(TextDelta("word ") for _ in range(1000)))
    speaker = Speaker(delay_s=0.01)
    async with aclosing(engine(writer, speaker).generate(request_)) as events:
        async for _ in events:
            break
    assert writer.closed
    assert speaker.closed or request_ is SILENT
    assert len(asyncio.all_tasks()) == 1


async def test_a_reader_that_stands_still_holds_the_thinker_back() -> None:
    produced = 0

    class Endless(Writer):
        async def think(self, request: GenerateRequest) -> AsyncGenerator[Thought, None]:
            nonlocal produced
            while True:
                produced += 1
                yield TextDelta("x")

    halves = ThinkerTalker(Endless(), Speaker(delay_s=1), Capabilities(name="test"), max_lead=8)
    async with aclosing(halves.generate(SPOKEN)) as events:
        await anext(events)
        await asyncio.sleep(0.02)
        assert produced <= 12
