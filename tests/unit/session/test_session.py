"""A session without a wire: answers made in advance, kept waiting, and dropped."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from support.talk import overlapped, talking
from thinktalk.media.types import Audio
from thinktalk.session import events as said
from thinktalk.session.config import TurnRules
from thinktalk.testing import ScriptedEngine

RULES = TurnRules(silence_ms=800)


async def test_an_answer_is_under_way_before_the_turn_is_over() -> None:
    engine = ScriptedEngine("It is noon.")
    async with talking(engine, RULES) as talk:
        await talk.make_sound(1.0, 0.3)
        await talk.make_sound(0.5, 0.0)
        await talk.until(lambda: len(engine.requests) == 1)
        assert not talk.of(said.ResponseCreated) and not talk.of(said.SpeechStopped)
        await talk.make_sound(0.5, 0.0)
        await talk.until(lambda: bool(talk.of(said.ResponseDone)))
        assert len(engine.requests) == 1
        assert engine.requests[0].messages[-1].parts[0].transcript == "What time is it?"  # type: ignore[union-attr]


async def test_an_answer_made_in_advance_is_dropped_when_the_user_goes_on() -> None:
    engine = ScriptedEngine("It is noon.", delay_s=0.5)
    async with talking(engine, RULES) as talk:
        await talk.make_sound(1.0, 0.3)
        await talk.make_sound(0.4, 0.0)
        await talk.until(lambda: engine.running == 1)
        await talk.make_sound(0.5, 0.3)
        await talk.until(lambda: engine.running == 0)
        assert engine.cancelled == 1 and not talk.of(said.ResponseCreated)
        engine.delay_s = 0.0
        await talk.make_sound(1.2, 0.0)
        await talk.until(lambda: bool(talk.of(said.ResponseDone)))
        assert len(talk.of(said.ResponseCreated)) == 1


async def test_two_turns_in_one_piece_are_two_turns() -> None:
    engine = ScriptedEngine("Yes.", audio_s_per_word=0.05)
    async with talking(engine, TurnRules(silence_ms=300)) as talk:
        times = np.arange(16_000 // 2) / 16_000
        tone = (0.3 * np.sin(2 * np.pi * 220 * times)).astype(np.float32)
        rest = np.zeros(16_000 // 2, np.float32)
        whole = np.concatenate([tone, rest, tone, rest])
        await talk.session.append_audio(Audio(whole, 16_000))
        await talk.until(lambda: len(talk.of(said.Transcribed)) == 2)
        first, second = (heard.duration_s for heard in talk.of(said.Transcribed))
        assert first >= 0.6 and second >= 0.6


async def test_a_stopped_answer_leaves_the_transcript_to_be_finished() -> None:
    engine = ScriptedEngine("Yes.")
    async with talking(engine, TurnRules(silence_ms=300), hears_after_s=0.4) as talk:
        await talk.make_sound(0.5, 0.3)
        await talk.make_sound(0.5, 0.0)
        await talk.until(lambda: bool(talk.of(said.ResponseCreated)))
        talk.session.cancel_response()
        await talk.until(lambda: bool(talk.of(said.Transcribed)))
        assert not engine.requests and not talk.of(said.TranscriptionFailed)


async def test_a_user_who_may_not_interrupt_is_answered_afterwards() -> None:
    engine = ScriptedEngine("One two three.", audio_s_per_word=0.5)
    rules = TurnRules(silence_ms=300, interrupts=False)
    async with talking(engine, rules) as talk:
        for _ in range(2):
            await talk.make_sound(0.5, 0.3)
            await talk.make_sound(0.6, 0.0)
            await talk.until(lambda: bool(talk.of(said.ResponseCreated)))
        await talk.until(lambda: len(talk.of(said.ResponseDone)) == 2)
        statuses = [event.response.status for event in talk.of(said.ResponseDone)]
        assert statuses == ["completed", "completed"]


async def test_a_silent_user_is_drawn_out() -> None:
    engine = ScriptedEngine("Hm.", audio_s_per_word=0.1)
    async with talking(engine, TurnRules(silence_ms=300, idle_ms=300)) as talk:
        await talk.make_sound(0.5, 0.3)
        await talk.make_sound(0.6, 0.0)
        await talk.until(lambda: len(talk.of(said.ResponseDone)) >= 2)


LONG = "A long reply. " * 20
SEMANTIC = TurnRules(is_semantic=True, silence_ms=500)


async def test_a_listeners_noise_leaves_the_reply_running() -> None:
    engine = ScriptedEngine(LONG)
    async with talking(engine, SEMANTIC, glance="Uh-huh.") as talk:
        await overlapped(talk, 0.3)
        assert [judged.kind for judged in talk.of(said.SoundJudged)] == ["backchannel"]
        assert len(talk.of(said.SpeechStarted)) == 1 and not talk.of(said.ResponseDone)
        judged = talk.of(said.SoundJudged)[0]
        assert judged.text == "Uh-huh."
        talk.session.retrieve_item(judged.item_id)
        await talk.until(lambda: bool(talk.of(said.ItemRetrieved)))
        assert talk.of(said.ItemRetrieved)[0].item.text == "Uh-huh."


async def test_a_bid_for_the_floor_stops_the_reply_and_is_answered() -> None:
    engine = ScriptedEngine(LONG)
    async with talking(engine, SEMANTIC, glance="Wait, stop.") as talk:
        await overlapped(talk, 0.8)
        assert [judged.kind for judged in talk.of(said.SoundJudged)] == ["interruption"]
        started = talk.of(said.SpeechStarted)[1]
        assert started.item_id == talk.of(said.SoundJudged)[0].item_id
        assert talk.of(said.ResponseDone)[0].response.status == "cancelled"
        await talk.until(lambda: len(talk.of(said.ResponseCreated)) == 2)


async def test_a_plain_detector_stops_at_any_sound() -> None:
    engine = ScriptedEngine(LONG)
    async with talking(engine, RULES, glance="Uh-huh.") as talk:
        await overlapped(talk, 0.3)
        assert len(talk.of(said.SpeechStarted)) == 2 and not talk.of(said.SoundJudged)


@pytest.mark.parametrize(
    ("words", "least_s", "most_s"),
    [(" What time is it?", 0.2, 0.8), (" I would like to", 1.5, 5.0)],
)
async def test_meaning_says_how_long_to_wait(words: str, least_s: float, most_s: float) -> None:
    engine = ScriptedEngine("It is noon.")
    async with talking(engine, TurnRules(is_semantic=True, silence_ms=None), words=words) as talk:
        await talk.make_sound(1.0, 0.3)
        waited_s = 0.0
        while not talk.of(said.SpeechStopped) and waited_s < 6.0:
            await talk.make_sound(0.1, 0.0)
            waited_s += 0.1
        assert least_s <= waited_s <= most_s


async def test_a_turn_without_words_is_not_answered() -> None:
    engine = ScriptedEngine("It is noon.")
    async with talking(engine, SEMANTIC, words="") as talk:
        await talk.make_sound(0.5, 0.3)
        await talk.make_sound(1.5, 0.0)
        await talk.until(lambda: bool(talk.of(said.Transcribed)))
        assert talk.of(said.SpeechStopped) and not engine.requests


async def test_closing_leaves_no_task_behind() -> None:
    before = asyncio.all_tasks()
    engine = ScriptedEngine("A long reply. " * 50, delay_s=0.01)
    async with talking(engine, RULES) as talk:
        await talk.make_sound(1.0, 0.3)
        await talk.make_sound(1.2, 0.0)
        await talk.until(lambda: bool(talk.of(said.ReplyAudio)))
        await talk.make_sound(0.2, 0.3)
    assert asyncio.all_tasks() == before
    assert engine.running == 0
