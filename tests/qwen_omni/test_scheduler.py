"""Several replies at once: each as if alone, none for long in another's way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from support.omni_media import ask
from support.omni_model import GREEDY_TEXT, Omni, hear, timed
from thinktalk.engines.base import Sampling
from thinktalk.engines.qwen_omni.prompt import Prompt
from thinktalk.engines.qwen_omni.reply import Reply, Sound
from thinktalk.engines.qwen_omni.scheduler import Scheduler
from thinktalk.engines.qwen_omni.speech import Speech
from thinktalk.engines.qwen_omni.talker import Speaking
from thinktalk.engines.qwen_omni.thinker import Reading, Thinker
from thinktalk.errors import EngineFailed, NotReady

_QUESTION = ask("What is a lighthouse? Answer in detail.")
_OTHER = ask("How does it rain?")
_LONG = ask(" ".join(f"Line {number} of a long text." for number in range(180)))
_DRAWN = Sampling(temperature=1.0, top_p=0.95, top_k=40, seed=7)


async def test_speech_begins_before_the_second_word() -> None:
    omni = Omni.endless()
    with omni.scheduler() as scheduler:
        heard = await hear(scheduler, omni.reply(omni.read(_QUESTION), max_tokens=40))
    assert heard.order.startswith("ts") and heard.order.endswith(".")
    assert len(heard.sounds[0]) == 1365  # one frame, and what its beginning lacks
    assert "tst" in heard.order


async def test_a_seed_gives_the_same_reply_whoever_else_is_answered() -> None:
    omni = Omni.endless()
    prompt, other = omni.read(_QUESTION), omni.read(_OTHER)

    def drawn(seed: int) -> Reply:
        return omni.reply(prompt, sampling=replace(_DRAWN, seed=seed), max_frames=12)

    with omni.scheduler(speaking=Speaking()) as scheduler:
        alone = await hear(scheduler, drawn(7))
        another, _, together = await asyncio.gather(
            hear(scheduler, drawn(8)),
            hear(scheduler, omni.reply(other)),
            hear(scheduler, drawn(7)),
        )
    assert together.tokens == alone.tokens != another.tokens
    assert np.abs(together.wave - alone.wave).max() < 1e-4
    assert np.abs(another.wave - alone.wave).max() > 1e-2


async def test_text_is_the_same_with_and_without_speech() -> None:
    omni = Omni.endless()
    prompt = omni.read(_QUESTION)
    with omni.scheduler() as scheduler:
        spoken = await hear(scheduler, omni.reply(prompt, sampling=_DRAWN))
        silent = await hear(scheduler, omni.reply(prompt, sampling=_DRAWN, spoken=False))
    assert silent.text == spoken.text and not silent.sounds and spoken.sounds


async def test_a_long_prompt_is_read_while_others_speak() -> None:
    omni = Omni.endless()
    long, short = omni.read(_LONG), omni.read(_QUESTION)
    assert 1536 < long.input_ids.shape[1] <= 2048  # four pieces
    with omni.scheduler() as scheduler:
        alone = await hear(scheduler, omni.reply(long, max_frames=4))
        speaking = omni.reply(short, max_tokens=200, max_frames=120)
        first = asyncio.create_task(hear(scheduler, speaking))
        await asyncio.sleep(1.0)
        assert speaking.speech is not None and speaking.speech.num_sounded
        reply = omni.reply(long, max_frames=4)
        late = await hear(scheduler, reply)
        assert not first.done()
        await first
    # Four of the thinker and as many of the talker, whose first comes with the thinker's last.
    assert reply.num_pieces == 7
    assert late.tokens == alone.tokens  # as if read in one go
    assert np.abs(late.wave - alone.wave).max() < 1e-4


async def test_a_short_prompt_does_not_wait_for_a_long_one() -> None:
    omni = Omni.endless()
    long, short = omni.read(_LONG), omni.read(_QUESTION)
    ended: list[str] = []

    async def told(scheduler: Scheduler, prompt: Prompt, name: str) -> None:
        await hear(scheduler, omni.reply(prompt, max_tokens=1, spoken=False))
        ended.append(name)

    with omni.scheduler() as scheduler:
        await asyncio.gather(told(scheduler, long, "long"), told(scheduler, short, "short"))
    assert ended == ["short", "long"]


async def test_listeners_with_little_in_hand_are_not_kept_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three frames are spoken between two pieces of another's prompt, not one."""
    omni = Omni.endless()
    monkeypatch.setattr(Speech, "lead_s", property(lambda speech: 1e-9))
    speaking = omni.reply(omni.read(_QUESTION), max_tokens=200, max_frames=200)
    frames = _frames_between_pieces(monkeypatch, speaking)
    with omni.scheduler() as scheduler:
        scheduler.submit(speaking)
        async for item in timed(speaking.outbox.items()):
            if isinstance(item, Sound):
                break
        frames.clear()
        await hear(scheduler, omni.reply(omni.read(_LONG), max_tokens=1, spoken=False))
        speaking.cancel()
    assert len(frames) == 4
    assert {later - earlier for earlier, later in pairwise(frames)} == {3}


def _frames_between_pieces(monkeypatch: pytest.MonkeyPatch, speaking: Reply) -> list[int]:
    """How many frames `speaking` has whenever a piece of a prompt has been read."""
    frames: list[int] = []
    read = Thinker.read

    def counted(thinker: Thinker, *how: Any) -> Iterator[Reading | None]:
        for piece in read(thinker, *how):
            assert speaking.speech is not None
            frames.append(speaking.speech.num_frames)
            yield piece

    monkeypatch.setattr(Thinker, "read", counted)
    return frames


async def test_who_has_enough_in_hand_waits_for_those_who_think(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    omni = Omni.endless()
    monkeypatch.setattr(Speech, "lead_s", property(lambda speech: 3.1))
    with omni.scheduler() as scheduler:
        heard = await hear(scheduler, omni.reply(omni.read(_QUESTION), max_tokens=20))
    assert heard.order.rstrip("s.").strip("t") == "" and heard.sounds


async def test_more_replies_than_slots_wait_for_theirs() -> None:
    omni = Omni.endless()
    prompt = omni.read(_QUESTION)
    with omni.scheduler(slots=2) as scheduler:
        heard = await asyncio.gather(
            *(hear(scheduler, omni.reply(prompt, max_frames=4)) for _ in range(5))
        )
    assert all(each.tokens == heard[0].tokens for each in heard)


async def test_a_cancelled_reply_gives_up_its_slot_within_a_frame() -> None:
    omni = Omni.endless()
    prompt = omni.read(_QUESTION)
    with omni.scheduler(slots=1) as scheduler:
        left = omni.reply(prompt, max_tokens=2000, max_frames=2000)
        scheduler.submit(left)
        async for item in timed(left.outbox.items()):
            if isinstance(item, Sound):
                break
        left.cancel()
        frames_then = left.speech.num_frames if left.speech else 0
        heard = await hear(scheduler, omni.reply(prompt, max_frames=4))
        assert left.speech is not None and left.speech.num_frames <= frames_then + 1
    assert heard.sounds


async def test_nothing_is_left_of_a_reply_in_its_slot() -> None:
    omni = Omni.endless()
    prompt, other = omni.read(_QUESTION), omni.read(_OTHER)
    with omni.scheduler(slots=1) as scheduler:
        first = await hear(scheduler, omni.reply(prompt, max_frames=10))
        await hear(scheduler, omni.reply(other, max_frames=14))
        again = await hear(scheduler, omni.reply(prompt, max_frames=10))
    assert again.tokens == first.tokens
    assert np.abs(again.wave - first.wave).max() < 1e-5


async def test_one_that_waits_can_be_cancelled() -> None:
    omni = Omni.endless()
    prompt = omni.read(_QUESTION)
    with omni.scheduler(slots=1) as scheduler:
        first = asyncio.create_task(hear(scheduler, omni.reply(prompt, max_frames=30)))
        waiting = omni.reply(prompt)
        scheduler.submit(waiting)
        waiting.cancel()
        await first
        assert not waiting.tokens


async def test_a_prompt_that_cannot_be_read_fails_alone() -> None:
    omni = Omni.endless()
    good = omni.read(_QUESTION)
    bad = replace(good, input_ids=good.input_ids + 200_000)  # beyond the vocabulary
    with omni.scheduler() as scheduler:
        running = asyncio.create_task(hear(scheduler, omni.reply(good, max_frames=20)))
        with pytest.raises(EngineFailed):
            await hear(scheduler, omni.reply(bad))
        assert (await running).sounds
        assert (await hear(scheduler, omni.reply(good, max_frames=4))).sounds


async def test_a_stop_text_is_neither_shown_nor_spoken() -> None:
    omni = Omni.endless()
    prompt = omni.read(_QUESTION)
    with omni.scheduler() as scheduler:
        whole = await hear(scheduler, omni.reply(prompt, max_tokens=8, max_frames=200))
        stop = omni.reader.tokenizer.decode(whole.tokens[4:6])
        sampling = replace(GREEDY_TEXT, stop=(stop,))
        cut = omni.reply(prompt, sampling=sampling, max_tokens=8, max_frames=200)
        heard = await hear(scheduler, cut)
    assert heard.text == whole.text[: whole.text.index(stop)]
    assert cut.reason == "stop"
    assert cut.speech is not None and cut.speech.num_tokens == 4


@pytest.mark.parametrize("num_frames", [3, 5, 6, 7, 11, 19])
async def test_the_last_sound_says_that_it_is_the_last(num_frames: int) -> None:
    """Whatever is left over when the talker finds its end."""
    omni = Omni.endless()
    prompt = omni.read(_QUESTION)
    with omni.scheduler() as scheduler:
        reply = omni.reply(prompt, max_tokens=3)
        assert reply.speech is not None
        reply.speech.max_frames = num_frames
        heard = await hear(scheduler, reply)
    assert heard.lasts == [False] * (len(heard.sounds) - 1) + [True]
    assert reply.speech.num_sounded == num_frames
    assert reply.speech.num_tokens == 3


async def test_who_has_enough_text_hears_it_to_its_end() -> None:
    omni = Omni.endless()
    prompt = omni.read(_QUESTION)
    with omni.scheduler() as scheduler:
        reply = omni.reply(prompt, max_tokens=1000, max_frames=40)
        scheduler.submit(reply)
        async for item in timed(reply.outbox.items()):
            if isinstance(item, Sound):
                reply.stop_writing()
    assert reply.speech is not None and reply.speech.num_frames == 40
    assert len(reply.tokens) < 20 and reply.speech.is_all_told


@pytest.mark.parametrize(("max_tokens", "num_tokens"), [(0, 0), (1, 1)])
async def test_replies_of_no_or_one_token_end(max_tokens: int, num_tokens: int) -> None:
    omni = Omni.endless()
    reply = omni.reply(omni.read(_QUESTION), max_tokens=max_tokens, max_frames=6)
    with omni.scheduler() as scheduler:
        heard = await hear(scheduler, reply)
    assert len(heard.tokens) == num_tokens
    assert len(heard.sounds) >= num_tokens


async def test_a_reply_that_ends_at_once_is_silent() -> None:
    omni = Omni.endless()
    prompt = omni.read(_QUESTION)
    with omni.scheduler() as scheduler:
        first = (await hear(scheduler, omni.reply(prompt, max_tokens=1, max_frames=1))).tokens[0]
    with omni.scheduler(ends=frozenset({first})) as scheduler:
        heard = await hear(scheduler, omni.reply(prompt))
    assert (heard.text, heard.order) == ("", ".")


async def test_closing_ends_what_runs_and_refuses_what_comes() -> None:
    omni = Omni.endless()
    prompt = omni.read(_QUESTION)
    with omni.scheduler() as scheduler:
        running = asyncio.create_task(
            hear(scheduler, omni.reply(prompt, max_tokens=2000, max_frames=2000))
        )
        await asyncio.sleep(0.3)
        began = time.monotonic()
        await asyncio.to_thread(scheduler.close)
        assert time.monotonic() - began < 5
        with pytest.raises(NotReady):
            await running
        with pytest.raises(NotReady):
            scheduler.submit(omni.reply(prompt))


async def test_a_reader_that_is_gone_stops_nobody() -> None:
    omni = Omni.endless()
    prompt = omni.read(_QUESTION)

    async def gone() -> Reply:
        return omni.reply(prompt, max_frames=4)

    orphan = await asyncio.to_thread(lambda: asyncio.run(gone()))  # its loop is closed
    with omni.scheduler() as scheduler:
        scheduler.submit(orphan)
        heard = await hear(scheduler, omni.reply(prompt, max_frames=4))
    assert heard.sounds
