"""The thinker with real weights: what it promises to the engine above it."""

from __future__ import annotations

import asyncio
import ctypes
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import jinja2
import pytest
import pytest_asyncio

from thinktalk import settings
from thinktalk.conversation import Message, TextPart
from thinktalk.engines.base import GenerateRequest, Sampling
from thinktalk.engines.cascade import prompt
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.thinker import LlamaThinker
from thinktalk.engines.cascade.vocabulary import read_metadata
from thinktalk.errors import NotReady, PromptTooLong
from thinktalk.events import Finished, Progress, TextDelta

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

WEIGHTS = settings.load().weights.cache / "weights"
FOLDER, LIBRARIES = WEIGHTS / "qwen2.5-coder-0.5b", WEIGHTS / "llama-cpp"
COUNT = "Write the numbers from 1 to 60 as digits with commas."


def model_file() -> Path:
    found = sorted(FOLDER.glob("*.gguf"))
    if not found:
        pytest.skip(f"no model in {FOLDER}: thinktalk weights pull qwen2.5-coder-0.5b")
    return found[0]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def arbiter() -> Arbiter:
    return Arbiter(alternate=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def thinker(arbiter: Arbiter) -> AsyncIterator[LlamaThinker]:
    thinker = LlamaThinker(
        LIBRARIES,
        model_file(),
        name="small",
        threads=2,
        parallel=3,
        window_tokens=4096,
        arbiter=arbiter,
    )
    await thinker.start()
    yield thinker
    await thinker.stop()


def ask(text: str, *more: Message, **sampling: object) -> GenerateRequest:
    options = {"temperature": 0.0, "max_tokens": 24} | sampling
    return GenerateRequest(
        messages=(Message("user", (TextPart(text),)), *more),
        sampling=Sampling(**options),  # type: ignore[arg-type]
    )


async def reply(thinker: LlamaThinker, request: GenerateRequest) -> tuple[str, Finished]:
    text, finished = "", None
    async with aclosing(thinker.think(request)) as thoughts:
        async for thought in thoughts:
            assert finished is None, "nothing may follow Finished"
            if isinstance(thought, TextDelta):
                text += thought.text
            elif isinstance(thought, Finished):
                finished = thought
    assert finished is not None
    return text, finished


async def test_a_question_is_answered_and_counted(thinker: LlamaThinker) -> None:
    text, finished = await reply(thinker, ask("What is the capital of France? One word."))
    assert "Paris" in text
    assert finished.reason == "stop"
    assert finished.usage.prompt_text_tokens == 10
    assert finished.usage.internal_tokens == thinker.count_prompt(
        ask("What is the capital of France? One word.")
    )
    assert finished.usage.completion_text_tokens >= thinker.count_tokens(text)


@pytest.mark.parametrize("max_tokens", [1, 2, 3])
async def test_a_limit_in_the_middle_of_a_character_ends_the_reply(
    thinker: LlamaThinker, max_tokens: int
) -> None:
    request = ask("Repeat this exactly: 🦜🦩🦚", max_tokens=max_tokens)
    async with asyncio.timeout(30):
        _, finished = await reply(thinker, request)
    assert finished.reason == "length"


async def test_a_reply_that_goes_in_circles_ends(thinker: LlamaThinker) -> None:
    request = ask("Write: " + "la " * 60 + "and go on for ever.", max_tokens=3000)
    text, finished = await reply(thinker, request)
    assert finished.reason == "length"
    assert finished.usage.completion_text_tokens < 1500
    assert text.rstrip().endswith("la")


async def test_penalties_do_not_keep_a_reply_from_ending(thinker: LlamaThinker) -> None:
    request = ask(
        "What is the capital of France? One word.",
        presence_penalty=2.0,
        frequency_penalty=2.0,
    )
    text, finished = await reply(thinker, request)
    assert "Paris" in text
    assert finished.reason == "stop"


async def test_tokens_are_those_of_the_library(thinker: LlamaThinker) -> None:
    hard = "Zürich’s  naïve\n\n\tcafé costs 12,50 €… I'LL say: 東京 🦄龘 e\u0301 — f(x): x**2\r\n"
    llama = thinker._model()
    for text in (hard, hard * 3, "    indented\n   code   "):
        data, ids = text.encode(), (ctypes.c_int32 * 1000)()
        count = llama._library.llama_tokenize(
            ctypes.c_void_p(llama._vocab), data, len(data), ids, len(ids), False, False
        )
        assert ids[:count] == thinker._words().encode(text)


async def test_the_prompt_is_that_of_the_models_own_template(thinker: LlamaThinker) -> None:
    template = read_metadata(model_file())["tokenizer.chat_template"]
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "Bye"},
    ]
    rendered = jinja2.Environment().from_string(template)
    expected = rendered.render(messages=turns, add_generation_prompt=True)
    history = ask("Hi", Message("assistant", (TextPart("Hello!"),)), ask("Bye").messages[0])
    assert "".join(prompt.render(history.messages)) == expected


async def test_an_interrupted_step_is_done_again_as_it_was(thinker: LlamaThinker) -> None:
    request = ask(COUNT, max_tokens=40)
    undisturbed, _ = await reply(thinker, request)
    disturbed = ""
    async with aclosing(thinker.think(request)) as thoughts:
        async for thought in thoughts:
            if isinstance(thought, TextDelta):
                disturbed += thought.text
                thinker._model().pause()
    assert disturbed == undisturbed


async def test_what_another_conversation_read_is_not_read_again(thinker: LlamaThinker) -> None:
    opening = "The house rules: be brief, be kind, name your sources. " * 8
    await reply(thinker, ask(opening + "Say yes."))
    _, finished = await reply(thinker, ask(opening + "Say no."))
    assert finished.usage.cached_tokens > 0.8 * finished.usage.internal_tokens


async def test_what_was_read_ahead_is_not_read_again(thinker: LlamaThinker) -> None:
    opening = "This is what somebody has said so far, in many words. " * 8
    text, finished = await reply(thinker, ask(opening + "And", max_tokens=0))
    assert not text and finished.usage.completion_text_tokens <= 1
    _, finished = await reply(thinker, ask(opening + "And what is next?"))
    assert finished.usage.cached_tokens > 0.9 * finished.usage.internal_tokens


async def test_a_paused_run_goes_on_as_if_nothing_happened(
    thinker: LlamaThinker, arbiter: Arbiter
) -> None:
    request = ask(COUNT, max_tokens=60)
    undisturbed, _ = await reply(thinker, request)
    disturbed = asyncio.create_task(reply(thinker, request))
    pauses = 0
    while not disturbed.done():
        await asyncio.sleep(0.2)
        async with arbiter.exclusive():
            pauses += not disturbed.done()
    assert pauses > 1
    text, finished = disturbed.result()
    assert text == undisturbed
    assert finished.usage.completion_text_tokens == 60


async def test_a_seeded_run_repeats_though_it_is_paused(
    thinker: LlamaThinker, arbiter: Arbiter
) -> None:
    request = ask("Invent a name for a cat.", temperature=1.5, top_p=1.0, seed=7)
    first, _ = await reply(thinker, request)
    running = asyncio.create_task(reply(thinker, request))
    while not running.done():
        await asyncio.sleep(0.2)
        async with arbiter.exclusive():
            pass
    assert (await running)[0] == first


async def test_unseeded_runs_differ(thinker: LlamaThinker) -> None:
    request = ask("Invent a story about a fox.", temperature=1.5, top_p=1.0, top_k=0)
    texts = {(await reply(thinker, request))[0] for _ in range(3)}
    assert len(texts) > 1


async def test_a_stop_text_ends_the_reply_and_is_not_shown(thinker: LlamaThinker) -> None:
    text, finished = await reply(thinker, ask(COUNT, stop=("5,", "never")))
    assert "4" in text
    assert "5" not in text
    assert finished.reason == "stop"


async def test_stop_tokens_end_the_reply(thinker: LlamaThinker) -> None:
    (comma,) = thinker._words().encode(",")
    text, finished = await reply(thinker, ask(COUNT, stop_token_ids=((comma,),)))
    assert text.strip() == "1"
    assert finished.reason == "stop"


async def test_the_token_limit_is_kept_and_reported(thinker: LlamaThinker) -> None:
    text, finished = await reply(thinker, ask(COUNT, max_tokens=5))
    assert finished.reason == "length"
    assert finished.usage.completion_text_tokens == 5
    assert thinker.count_tokens(text) == 5


async def test_characters_of_several_tokens_arrive_whole(thinker: LlamaThinker) -> None:
    request = ask("Repeat exactly: 🦄龘🦄龘🦄龘", max_tokens=30)
    async with aclosing(thinker.think(request)) as thoughts:
        async for thought in thoughts:
            assert not isinstance(thought, TextDelta) or "\ufffd" not in thought.text


async def test_a_prompt_that_does_not_fit_names_the_numbers(thinker: LlamaThinker) -> None:
    with pytest.raises(PromptTooLong, match=r"4080.*has \d{4,} tokens") as refused:
        await reply(thinker, ask("word " * 5000))
    assert refused.value.num_tokens > 5000
    assert (await reply(thinker, ask("Say yes.")))[0]


async def test_a_following_turn_reuses_what_the_model_has_read(thinker: LlamaThinker) -> None:
    first = ask("Remember the word marmalade. " * 12)
    text, _ = await reply(thinker, first)
    second = ask(
        "Remember the word marmalade. " * 12,
        Message("assistant", (TextPart(text),)),
        Message("user", (TextPart("Which word?"),)),
    )
    known, finished = await reply(thinker, second)
    assert "marmalade" in known.lower()
    assert finished.usage.cached_tokens > 0.7 * finished.usage.internal_tokens


async def test_closing_stops_the_model_within_a_few_tokens(thinker: LlamaThinker) -> None:
    thoughts = thinker.think(ask(COUNT, max_tokens=2000))
    await anext(thoughts)
    await thoughts.aclose()
    assert not [slot for slot in thinker._slots._slots if slot.leased]
    before = time.process_time()
    await asyncio.sleep(0.3)
    assert time.process_time() - before < 0.15, "the processor is still busy"


async def test_conversations_run_side_by_side(thinker: LlamaThinker) -> None:
    questions = ["Capital of Italy?", "Capital of Japan?", "Capital of Norway?", "2+2?"]
    replies = await asyncio.gather(*(reply(thinker, ask(question)) for question in questions))
    for (text, _), expected in zip(replies, ("Rome", "Tokyo", "Oslo", "4"), strict=True):
        assert expected in text


async def test_before_start_a_question_is_refused() -> None:
    idle = LlamaThinker(
        LIBRARIES,
        Path("absent.gguf"),
        name="absent",
        threads=1,
        parallel=1,
        window_tokens=2048,
        arbiter=Arbiter(alternate=True),
    )
    with pytest.raises(NotReady, match="absent is not loaded"):
        await reply(idle, ask("Hi"))


async def test_the_reading_of_a_long_prompt_shows_progress(thinker: LlamaThinker) -> None:
    numbers = " ".join(str(7919 * number % 100_003) for number in range(150))
    shares: list[float] = []
    async with aclosing(thinker.think(ask(f"Say hello. {numbers}"))) as thoughts:
        async for thought in thoughts:
            if isinstance(thought, Progress):
                shares.append(thought.fraction)
            else:
                break
    assert len(shares) >= 5
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.5 < shares[-1] < 1
