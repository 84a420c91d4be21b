"""Answers: whole ones, stopped ones, and what is remembered of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from support.talk import EventEngine, Talk, spoken, talking
from thinktalk.errors import InvalidField
from thinktalk.events import Finished, TextDelta, ToolCallDelta
from thinktalk.session import events as said
from thinktalk.session.config import ResponseRequest, TurnRules
from thinktalk.session.errors import VoiceFixed
from thinktalk.session.items import Item, Picture, Speech
from thinktalk.testing import ScriptedEngine

COUNTING = "one two three four five six seven eight nine ten " * 3
RULES = TurnRules(silence_ms=800)
SEMANTIC = TurnRules(is_semantic=True, silence_ms=500)


async def first_words(talk: Talk) -> str:
    """Waits for the first sound of a reply; returns its item's id."""
    item_id: str = (await talk.until_said(said.ReplyAudio))[0].place.item_id
    return item_id


async def test_a_voice_of_one_response_stays_and_keeps_no_setting_from_being_changed() -> None:
    engine = ScriptedEngine("Hi.", audio_s_per_word=0.05)
    async with talking(engine, TurnRules(silence_ms=300)) as talk:
        session = talk.session
        session.respond(ResponseRequest(config=replace(session.config, voice_name="Ethan")))
        await talk.until_said(said.ResponseDone)
        session.update(replace(session.config, instructions="Be brief."))
        await talk.make_sound(0.5, 0.6)
        await talk.make_sound(0.6, 0.0)
        done = await talk.until_said(said.ResponseDone, 2)
        assert [event.response.voice for event in done] == ["Ethan", "Ethan"]
        assert [request.speech.voice.name for request in engine.requests] == ["Ethan"] * 2  # type: ignore[union-attr]
        cherry = replace(session.config, voice_name="Cherry")
        for change in (session.update, lambda c: session.respond(ResponseRequest(config=c))):
            with pytest.raises(VoiceFixed, match="Ethan"):
                change(cherry)


@pytest.mark.parametrize("broken", [(), (asyncio.CancelledError(),), (ValueError("a fault"),)])
async def test_a_reply_whose_engine_goes_wrong_is_closed(broken: tuple[BaseException, ...]) -> None:
    async with talking(EventEngine(TextDelta("x"), *broken)) as talk:
        talk.ask("a")
        done = await talk.until_said(said.ResponseDone)
        assert done[0].response.status == "failed" and done[0].response.error is not None
        talk.ask("b")
        await talk.until_said(said.ResponseDone, 2)


async def test_a_fault_of_ours_in_delivery_closes_the_reply() -> None:
    engine = EventEngine(spoken(0.1, (0, "far")), Finished("stop"))  # type: ignore[arg-type]
    async with talking(engine) as talk:
        talk.ask("a")
        assert (await talk.until_said(said.ResponseDone))[0].response.status == "failed"
        talk.ask("b")
        await talk.until_said(said.ResponseDone, 2)


async def test_sound_that_was_never_sent_was_not_heard() -> None:
    async with talking(ScriptedEngine(COUNTING)) as talk:
        talk.listening.cancel()  # nobody reads any more
        talk.ask("a")
        await asyncio.sleep(0.8)
        talk.session.cancel_response()
        assert [item.text for item in talk.items if item.role == "assistant"] == [""]


async def test_a_client_that_is_gone_has_heard_what_it_was_sent() -> None:
    engine = ScriptedEngine("one two three.", audio_s_per_word=0.2)
    async with talking(engine) as talk:
        talk.listening.cancel()
        talk.ask("a")
        await talk.until(lambda: len(talk.items) == 2 and bool(talk.items[1].text))
        await talk.session.close()
        assert [item.text for item in talk.items if item.role == "assistant"] == [""]


async def test_only_over_a_sounding_reply_is_a_sound_overheard() -> None:
    engine = ScriptedEngine("one two three.", delay_s=0.2)
    async with talking(engine) as talk:
        talk.ask("a")
        await talk.until_said(said.ResponseCreated)
        assert not talk.session.is_overheard()
        await first_words(talk)
        assert talk.session.is_overheard()
        await talk.until_said(said.ResponseDone)
        await asyncio.sleep(0.8)
        assert not talk.session.is_overheard()
    async with talking(ScriptedEngine("one two three.", delay_s=0.2)) as talk:
        talk.session.update(replace(talk.session.config, speaks=False))
        talk.ask("a")
        await talk.until_said(said.ReplyText)
        assert not talk.session.is_overheard()


async def test_a_noise_while_the_assistant_thinks_costs_no_answer() -> None:
    engine = ScriptedEngine("one two three.", delay_s=1.0)
    async with talking(engine, SEMANTIC, words="") as talk:
        talk.ask("a")
        await talk.until_said(said.ResponseCreated)
        await talk.make_sound(0.5, 0.6)
        await talk.make_sound(1.5, 0.0)
        statuses = [done.response.status for done in await talk.until_said(said.ResponseDone, 2)]
        assert statuses == ["cancelled", "completed"]


async def test_the_answer_that_waits_is_given_after_the_one_that_runs() -> None:
    engine = EventEngine(TextDelta("one"), spoken(0.1, (0, 3)), Finished("stop"), after_s=0.4)
    rules = TurnRules(silence_ms=300, interrupts=False)
    async with talking(engine, rules) as talk:
        talk.ask("a")
        await talk.until_said(said.ResponseDone)
        engine.first_s = 0.6
        talk.ask("b")
        await talk.make_sound(0.5, 0.6)
        await talk.make_sound(0.5, 0.0)
        await talk.until_said(said.ResponseDone, 3)


async def test_a_turn_that_waits_is_answered_when_the_client_cancels() -> None:
    engine = ScriptedEngine(COUNTING)
    async with talking(engine, TurnRules(silence_ms=300, interrupts=False)) as talk:
        talk.ask("a")
        await first_words(talk)
        await talk.make_sound(0.5, 0.6)
        await talk.make_sound(0.6, 0.0)
        await talk.until_said(said.InputCommitted)
        talk.session.cancel_response()
        await talk.until_said(said.ResponseCreated, 2)


@pytest.mark.parametrize("span", [(0, 59), None])
async def test_of_a_long_delta_is_kept_what_was_heard(span: tuple[int, int] | None) -> None:
    engine = EventEngine(TextDelta("word " * 12), spoken(3.0, span), Finished("stop"))
    async with talking(engine) as talk:
        talk.ask("a")
        await first_words(talk)
        await asyncio.sleep(1.2)
        talk.session.cancel_response()
        assert 2 <= len(talk.items[-1].text.split()) <= 7


async def test_a_truncation_outlives_the_end_of_the_reply() -> None:
    async with talking(ScriptedEngine(COUNTING)) as talk:
        talk.ask("a")
        item_id = await first_words(talk)
        await asyncio.sleep(0.9)
        talk.session.truncate_item(item_id, 0, 300)
        talk.session.cancel_response()
        assert talk.items[-1].text == "one"


async def test_the_next_answer_knows_that_nothing_was_heard_of_the_last() -> None:
    engine = ScriptedEngine("one two three.", audio_s_per_word=0.1)
    async with talking(engine) as talk:
        talk.ask("a")
        await talk.until_said(said.ResponseDone)
        talk.session.truncate_item(talk.items[-1].id, 0, 0)
        talk.ask("b")
        await talk.until(lambda: len(engine.requests) == 2)
        assert engine.requests[1].messages[-1].supersedes


async def test_a_deleted_reply_does_not_come_back() -> None:
    async with talking(ScriptedEngine("one two three.")) as talk:
        talk.ask("a")
        talk.session.delete_item(await first_words(talk))
        await talk.until_said(said.ResponseDone)
        assert [item.role for item in talk.items] == ["user"]


@pytest.mark.parametrize(("delay_s", "supersedes"), [(1.0, True), (0.0, False)])
async def test_the_next_answer_knows_of_an_interruption(delay_s: float, supersedes: bool) -> None:
    engine = ScriptedEngine(COUNTING, delay_s=delay_s)
    async with talking(engine) as talk:
        talk.ask("a")
        await talk.until(lambda: len(engine.requests) == 1)
        if not delay_s:
            await first_words(talk)
            await asyncio.sleep(0.5)
        talk.session.cancel_response()
        talk.ask("b")
        await talk.until(lambda: len(engine.requests) == 2)
        assert engine.requests[1].messages[-1].supersedes is supersedes


async def test_what_was_not_spoken_here_cannot_be_truncated() -> None:
    async with talking(ScriptedEngine()) as talk:
        told = Item(id="told", role="assistant", content=(Speech(None, "Long words."),))
        talk.session.create_item(told)
        with pytest.raises(InvalidField, match="last 8 replies"):
            talk.session.truncate_item("told", 0, 0)
        assert not talk.of(said.ItemTruncated) and talk.items[0].text == "Long words."


async def test_a_torn_picture_costs_no_answer() -> None:
    engine = ScriptedEngine("ok", audio_s_per_word=0.05)
    async with talking(engine) as talk:
        picture = Item(id="seen", role="user", content=(Picture("data:,torn"),))
        talk.session.create_item(picture)
        for count in (1, 2):
            talk.ask(f"question {count}")
            done = await talk.until_said(said.ResponseDone, count)
            assert done[-1].response.status == "completed"
        (fault,) = talk.of(said.Fault)
        assert "'seen'" in str(fault.error) and not fault.is_final and len(talk.decoded) == 1


async def draft_begun(talk: Talk, engine: ScriptedEngine) -> None:
    await talk.make_sound(1.0, 0.6)
    await talk.make_sound(0.4, 0.0)
    await talk.until(lambda: len(engine.requests) == 1)


async def test_an_answer_in_advance_knows_what_came_since() -> None:
    engine = ScriptedEngine("ok", audio_s_per_word=0.05)
    async with talking(engine, RULES) as talk:
        await draft_begun(talk, engine)
        talk.write("Say nothing but yes.")
        await talk.make_sound(0.6, 0.0)
        await talk.until_said(said.ResponseDone)
        assert any("Say nothing" in message.text for message in engine.requests[-1].messages)


async def test_an_answer_in_advance_that_nobody_will_want_is_dropped() -> None:
    engine = ScriptedEngine(COUNTING, delay_s=0.05)
    async with talking(engine, RULES) as talk:
        await draft_begun(talk, engine)
        config = talk.session.config
        talk.session.update(replace(config, turns=replace(RULES, answers=False)))
        await talk.until(lambda: engine.running == 0)


async def test_sound_belongs_to_its_message_whatever_is_called_meanwhile() -> None:
    engine = EventEngine(
        TextDelta("Let me check."),
        ToolCallDelta(0, "", id="c1", name="get"),
        spoken(0.2, (0, 13)),
        ToolCallDelta(0, '{"a":'),
        spoken(0.2, (13, 13)),
        ToolCallDelta(0, "1}"),
        Finished("tool_calls"),
    )
    async with talking(engine) as talk:
        talk.ask("a")
        output = (await talk.until_said(said.ResponseDone))[0].response.output
        assert [(item.type, item.text, item.arguments) for item in output] == [
            ("message", "Let me check.", ""),
            ("function_call", "", '{"a":1}'),
        ]
        assert {event.place.item_id for event in talk.of(said.ReplyAudio)} == {output[0].id}


async def test_a_call_is_done_before_the_sound_that_follows_it() -> None:
    engine = EventEngine(
        TextDelta("Let me check."),
        ToolCallDelta(0, '{"a":1}', id="c1", name="get"),
        spoken(3.0, (0, 13)),
        Finished("tool_calls"),
    )
    async with talking(engine) as talk:
        talk.ask("a")
        done = (await talk.until_said(said.CallArgumentsDone))[0]
        sounds = await talk.until_said(said.ReplyAudio)
        assert talk.said.index(done) < talk.said.index(sounds[0])
