"""What the user says: whole, once, and never taken for something else."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from support.talk import Talk, talking
from thinktalk.errors import InvalidField
from thinktalk.media.types import Audio
from thinktalk.session import events as said
from thinktalk.session.config import ResponseRequest, SessionConfig, TurnRules
from thinktalk.session.errors import InputEmpty
from thinktalk.session.items import Item, Text
from thinktalk.testing import ScriptedEngine

RULES = TurnRules(silence_ms=800)
LONG = "A long reply. " * 20
SEMANTIC = TurnRules(is_semantic=True, silence_ms=500)


async def asked(talk: Talk) -> None:
    """A turn whose reply has begun to sound."""
    await talk.make_sound(0.5, 0.3)
    await talk.make_sound(1.2, 0.0)
    await talk.until(lambda: bool(talk.of(said.ReplyAudio)))


async def test_an_answer_to_half_a_sentence_is_never_given_to_the_whole() -> None:
    engine = ScriptedEngine("It is noon.")
    async with talking(engine, TurnRules(silence_ms=500), hears_after_s=0.35) as talk:
        await talk.make_sound(1.0, 0.3, pace=3, piece_s=0.05)
        # Understood only when the next silence has begun.
        await talk.make_sound(0.3, 0.0, pace=3, piece_s=0.05)
        await talk.make_sound(0.6, 0.3, pace=3, piece_s=0.05)
        await talk.make_sound(1.0, 0.0, pace=3, piece_s=0.05)
        await talk.until(lambda: bool(talk.of(said.ResponseDone)))
        answered = engine.requests[-1].messages[-1].parts[0]
        assert answered.audio.duration_s > 1.9  # type: ignore[union-attr]


async def test_new_rules_in_the_middle_of_a_sentence_leave_it_whole() -> None:
    engine = ScriptedEngine("It is noon.")
    async with talking(engine, RULES) as talk:
        await talk.make_sound(1.0, 0.3)
        config = SessionConfig(turns=replace(RULES, silence_ms=400))
        talk.session.update(config)
        await talk.make_sound(1.0, 0.3)
        await talk.make_sound(0.6, 0.0)
        await talk.until(lambda: bool(talk.of(said.Transcribed)))
        assert len(talk.of(said.SpeechStarted)) == len(talk.of(said.SpeechStopped)) == 1
        assert talk.of(said.Transcribed)[0].duration_s >= 2.0


async def test_whoever_speaks_on_after_the_reply_has_ended_has_a_turn() -> None:
    engine = ScriptedEngine("Well then.", audio_s_per_word=0.4)
    async with talking(engine, SEMANTIC, glance="Uh-huh.") as talk:
        await asked(talk)
        await talk.make_sound(2.5, 0.3, pace=1, piece_s=0.05)
        await talk.make_sound(0.8, 0.0, pace=1, piece_s=0.05)
        await talk.until(lambda: len(talk.of(said.SpeechStopped)) == 2)
        assert talk.of(said.Transcribed)[-1].duration_s > 2.0


async def test_a_murmur_over_the_reply_is_not_the_user_speaking() -> None:
    engine = ScriptedEngine(LONG)
    async with talking(engine, SEMANTIC, glance="Uh-huh.") as talk:
        await asked(talk)
        await talk.make_sound(0.4, 0.3, pace=1, piece_s=0.05)
        talk.session.cancel_response()
        talk.session.respond(ResponseRequest(config=talk.session.config))


async def test_a_murmur_after_which_nothing_is_sent_is_no_turn() -> None:
    engine = ScriptedEngine(LONG)
    async with talking(engine, SEMANTIC, glance="Uh-huh.") as talk:
        await asked(talk)
        await talk.make_sound(0.4, 0.3, pace=1, piece_s=0.05)
        await talk.until(lambda: bool(talk.of(said.SoundJudged)))
        await asyncio.sleep(2.2)
        assert len(talk.of(said.SpeechStarted)) == len(talk.of(said.SpeechStopped)) == 1


async def test_a_bid_is_heard_although_another_sound_follows_it() -> None:
    engine = ScriptedEngine(LONG)
    rules = replace(SEMANTIC, silence_ms=200)
    async with talking(engine, rules, glance="Stop.", reads_after_s=0.5) as talk:
        await asked(talk)
        await talk.make_sound(0.25, 0.3, pace=1, piece_s=0.05)
        await talk.make_sound(0.35, 0.0, pace=1, piece_s=0.05)
        await talk.make_sound(0.25, 0.3, pace=1, piece_s=0.05)
        await talk.make_sound(1.0, 0.0, pace=1, piece_s=0.05)
        first = talk.of(said.SoundJudged)[0]
        assert first.kind == "interruption"
        assert first.item_id in [started.item_id for started in talk.of(said.SpeechStarted)]
        assert first.item_id in [committed.item_id for committed in talk.of(said.InputCommitted)]


async def test_a_backchannel_leaves_the_pictures_for_the_next_turn() -> None:
    engine = ScriptedEngine(LONG)
    async with talking(engine, SEMANTIC, glance="Uh-huh.") as talk:
        await asked(talk)
        await talk.make_sound(0.1, 0.0, pace=1, piece_s=0.05)
        talk.session.append_picture("data:image/png;base64,aGk=")
        await talk.make_sound(0.3, 0.3, pace=1, piece_s=0.05)
        await talk.make_sound(0.8, 0.0, pace=1, piece_s=0.05)
        assert talk.of(said.SoundJudged)[-1].kind == "backchannel"
        talk.session.commit()
        await talk.until(lambda: len(talk.of(said.InputCommitted)) == 2)
        assert len(talk.of(said.ItemCreated)[-1].item.content) == 2


async def test_the_last_transcript_comes_before_the_end() -> None:
    async with talking(ScriptedEngine(), RULES, hears_after_s=0.3) as talk:
        talk.session.update(SessionConfig(turns=None))
        await talk.make_sound(0.5, 0.3)
        talk.session.commit()
        await talk.session.finish()
        await talk.until(lambda: bool(talk.of(said.SessionFinished)))
        assert talk.of(said.Transcribed)


async def test_the_id_of_the_turn_that_is_said_is_taken() -> None:
    async with talking(ScriptedEngine(), RULES) as talk:
        await talk.make_sound(0.5, 0.3)
        await talk.until(lambda: bool(talk.of(said.SpeechStarted)))
        taken = talk.of(said.SpeechStarted)[0].item_id
        with pytest.raises(InvalidField, match=taken):
            talk.session.create_item(Item(id=taken, role="user", content=(Text("Mine."),)))


async def test_a_second_commit_has_nothing_to_commit() -> None:
    async with talking(ScriptedEngine(), RULES) as talk:
        await talk.make_sound(0.53, 0.3)
        talk.session.commit()
        with pytest.raises(InputEmpty):
            talk.session.commit()


async def test_a_turn_ends_after_it_began_and_not_after_the_next() -> None:
    async with talking(ScriptedEngine("Yes."), TurnRules(silence_ms=300)) as talk:
        times = np.arange(8_000) / 16_000
        tone = (0.3 * np.sin(2 * np.pi * 220 * times)).astype(np.float32)
        rest = np.zeros(8_000, np.float32)
        await talk.session.append_audio(Audio(np.concatenate([tone, rest, tone, rest]), 16_000))
        await talk.until(lambda: len(talk.of(said.SpeechStopped)) == 2)
        started, stopped = talk.of(said.SpeechStarted), talk.of(said.SpeechStopped)
        assert stopped[0].audio_end_ms < started[1].audio_start_ms + 300


async def test_a_turn_without_words_is_taken_back() -> None:
    async with talking(ScriptedEngine(), SEMANTIC, words="") as talk:
        await talk.make_sound(0.5, 0.3)
        await talk.make_sound(1.5, 0.0)
        await talk.until(lambda: bool(talk.of(said.ItemDeleted)))
        assert talk.of(said.ItemDeleted)[0].item_id == talk.of(said.InputCommitted)[0].item_id


async def test_a_fault_by_the_clock_is_told_and_the_limits_are_kept() -> None:
    async with talking(ScriptedEngine("Yes."), TurnRules(silence_ms=300)) as talk:

        def broken(since_s: float) -> None:
            raise RuntimeError("broken")

        talk.session._input.end_if_silent = broken  # type: ignore[method-assign]
        await talk.until(lambda: len(talk.of(said.Fault)) >= 2)


async def test_the_engine_reads_what_is_being_said() -> None:
    engine = ScriptedEngine(LONG)
    async with talking(engine, RULES) as talk:
        await talk.make_sound(1.4, 0.3, pace=1, piece_s=0.05)
        await talk.until(lambda: len(talk.read_ahead) == 2)
        assert talk.read_ahead == ["", "What time is it?"] and not engine.requests
        await talk.make_sound(1.2, 0.0, pace=4, piece_s=0.05)
        await talk.until(lambda: bool(talk.of(said.ReplyAudio)))
        assert len(talk.read_ahead) == 2


async def test_nothing_is_read_for_turns_that_are_not_answered() -> None:
    async with talking(ScriptedEngine(), replace(RULES, answers=False)) as talk:
        await talk.make_sound(1.4, 0.3, pace=1, piece_s=0.05)
        assert talk.of(said.SpeechStarted) and not talk.read_ahead
