"""What an answer goes through, and what it is said to cost."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import numpy as np
import pytest

from support.media_files import tone
from support.server import scripted_services
from thinktalk.conversation import AudioPart, ImagePart, Message, TextPart, VideoPart
from thinktalk.engines.base import (
    Capabilities,
    GenerateRequest,
    Sampling,
    SpeechOptions,
    VoiceRef,
)
from thinktalk.errors import InvalidField, PromptTooLong
from thinktalk.events import Event, Finished
from thinktalk.media.types import Audio, Image, Video
from thinktalk.serving.admission import Admission
from thinktalk.serving.answering import Answer, Answering
from thinktalk.serving.hearing import TranscribingEngine
from thinktalk.serving.models import find
from thinktalk.serving.rate import RateLimits
from thinktalk.serving.readiness import Readiness
from thinktalk.telemetry import Metrics
from thinktalk.testing import ScriptedEngine

MODEL = find("qwen3.5-omni-flash")
HELLO = GenerateRequest(messages=(Message("user", (TextPart("Hello"),)),))
SOUND = AudioPart(Audio(tone(2.0), 16_000), tokens=14)
PICTURE = ImagePart(Image(np.zeros((32, 32, 3), np.uint8)), tokens=302)
FILM = VideoPart(Video((), SOUND.audio, 2.0, 320, 240), tokens=50, audio_tokens=14)


def answering(
    engine: ScriptedEngine, *, context_tokens: int = 1000, tokens_per_minute: int | None = None
) -> Answering:
    readiness = Readiness(scripted_services(engine))
    readiness.begin()
    return Answering(
        readiness,
        Admission(max_running=1, max_waiting=1, max_wait_s=5),
        RateLimits(requests_per_minute=None, tokens_per_minute=tokens_per_minute),
        Metrics(),
        context_tokens,
    )


def ask(parts: Answering, request: GenerateRequest = HELLO, **options: Any) -> Answer:
    async def build(capabilities: Capabilities) -> GenerateRequest:
        return request

    return parts.answer(MODEL, build, caller="test", **options)


async def read(answer: Answer) -> list[tuple[int, Event]]:
    await asyncio.sleep(0)  # the engine's start has been asked for, let it run
    async with aclosing(answer.events()) as events:
        return [event async for event in events]


async def test_media_and_text_are_billed_apart() -> None:
    message = Message("user", (TextPart("one two"), SOUND, PICTURE, FILM))
    speech = SpeechOptions(voice=VoiceRef("Tina"))
    engine = ScriptedEngine("three words here", audio_s_per_word=0.3)
    answer = ask(answering(engine), GenerateRequest(messages=(message,), speech=speech))
    await read(answer)
    usage = answer.usage
    assert (usage.prompt_text, usage.prompt_audio, usage.prompt_image, usage.prompt_video) == (
        2,
        28,
        302,
        50,
    )
    assert (usage.completion_text, usage.completion_audio) == (3, 12)
    assert (usage.prompt, usage.completion, usage.total) == (382, 15, 397)


async def test_each_choice_ends_and_gets_its_own_seed() -> None:
    engine = ScriptedEngine("Yes.")
    request = GenerateRequest(messages=HELLO.messages, sampling=Sampling(seed=5))
    events = await read(ask(answering(engine), request, num_choices=3))
    assert [choice for choice, event in events if isinstance(event, Finished)] == [0, 1, 2]
    assert [asked.sampling.seed for asked in engine.requests] == [5, 6, 7]


async def test_a_prompt_over_the_context_never_reaches_the_engine() -> None:
    engine = ScriptedEngine()
    request = GenerateRequest(messages=(Message("user", (PICTURE,)),))
    with pytest.raises(PromptTooLong, match=r"\[1, 300\]"):
        await read(ask(answering(engine, context_tokens=300), request))
    long_text = GenerateRequest(messages=(Message("user", (TextPart("x" * 20_000),)),))
    with pytest.raises(PromptTooLong):
        await read(ask(answering(engine), long_text))
    assert engine.requests == []


async def test_a_place_is_freed_however_an_answer_ends() -> None:
    engine = ScriptedEngine("word " * 10)
    parts = answering(engine)
    answer = ask(parts)
    await asyncio.sleep(0)
    async with aclosing(answer.events()) as events:
        await anext(events)
        assert parts.admission.running == 1
    assert parts.admission.running == 0
    assert engine.cancelled == 1
    with pytest.raises(PromptTooLong):
        await read(
            ask(
                answering(engine, context_tokens=1),
                GenerateRequest(messages=(Message("user", (PICTURE,)),)),
            )
        )
    assert parts.admission.running == 0


async def test_a_prompt_that_is_refused_costs_nothing() -> None:
    parts = answering(ScriptedEngine(), context_tokens=300, tokens_per_minute=1000)
    answer = ask(parts, GenerateRequest(messages=(Message("user", (PICTURE,)),)))
    with pytest.raises(PromptTooLong):
        await read(answer)
    assert answer.usage.total == 0
    assert parts.rates.standings("test")["tokens"].remaining == 1000


async def test_an_answer_that_is_cut_short_costs_what_was_written_of_it() -> None:
    parts = answering(ScriptedEngine("word " * 10), tokens_per_minute=1000)
    message = Message("user", (TextPart("x" * 160), PICTURE))
    answer = ask(parts, GenerateRequest(messages=(message,)))
    await asyncio.sleep(0)
    async with aclosing(answer.events()) as events:
        for _ in range(4):
            await anext(events)
    assert (answer.usage.completion_text, answer.usage.prompt_text) == (4, 10)
    assert answer.usage.total == 316
    assert parts.rates.standings("test")["tokens"].remaining == pytest.approx(684, abs=1)


async def test_an_engine_that_cannot_speak_says_so() -> None:
    speech = SpeechOptions(voice=VoiceRef("Tina"))
    request = GenerateRequest(messages=(Message("user", (SOUND,)),), speech=speech)

    class Silent:
        def recognize(self, audio: Audio, options: Any) -> Any:
            raise AssertionError("not reached")

    with pytest.raises(InvalidField) as refused:
        await read(ask(answering(ScriptedEngine()), request, engine=TranscribingEngine(Silent())))
    assert refused.value.param == "modalities"


class _Reader(ScriptedEngine):
    """Says that it reads ahead."""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(name="scripted", reads_ahead=True)


async def _hello(capabilities: Capabilities) -> GenerateRequest:
    return HELLO


async def test_an_idle_engine_reads_ahead_without_writing() -> None:
    engine = _Reader()
    parts = answering(engine)
    await parts.readiness.started()
    await parts.read_ahead(MODEL, _hello)
    assert [request.sampling.max_tokens for request in engine.requests] == [0]
    async with aclosing(ask(parts).events()) as events:
        async for _ in events:
            await parts.read_ahead(MODEL, _hello)
    assert len(engine.requests) == 2  # while it answers it is left alone


async def test_an_engine_that_cannot_read_ahead_is_left_alone() -> None:
    engine = ScriptedEngine()
    parts = answering(engine)
    await parts.readiness.started()
    await parts.read_ahead(MODEL, _hello)
    assert not engine.requests
