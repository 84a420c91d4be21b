"""Tools and JSON with real weights."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
import pytest_asyncio
from jsonschema.validators import validator_for

from thinktalk import settings
from thinktalk.conversation import Message, TextPart, Tool, ToolCall
from thinktalk.engines.base import GenerateRequest, ResponseFormat, Sampling, ToolChoice
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.thinker import LlamaThinker
from thinktalk.errors import InvalidField, InvalidToolSchema
from thinktalk.events import Finished, TextDelta, ToolCallDelta

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

WEIGHTS = settings.load().weights.cache / "weights"
FOLDER = WEIGHTS / "qwen2.5-coder-1.5b"
SCORE = Tool(
    "get_score",
    "Get the latest result of a football team.",
    {
        "type": "object",
        "properties": {"team": {"type": "string"}, "season": {"type": "integer"}},
        "required": ["team"],
    },
)
ORDER = Tool(
    "order_food",
    "Order food for delivery.",
    {
        "type": "object",
        "properties": {
            "dishes": {"type": "array", "items": {"$ref": "#/$defs/dish"}, "minItems": 1},
            "when": {"enum": ["now", "later"]},
        },
        "required": ["dishes", "when"],
        "$defs": {
            "dish": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "count": {"type": "integer"}},
                "required": ["name", "count"],
            }
        },
    },
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def thinker() -> AsyncIterator[LlamaThinker]:
    found = sorted(FOLDER.glob("*.gguf"))
    if not found:
        pytest.skip(f"no model in {FOLDER}: thinktalk weights pull qwen2.5-coder-1.5b")
    thinker = LlamaThinker(
        WEIGHTS / "llama-cpp",
        found[0],
        name="qwen2.5-coder-1.5b",
        threads=2,
        parallel=2,
        window_tokens=4096,
        arbiter=Arbiter(alternate=True),
    )
    await thinker.start()
    yield thinker
    await thinker.stop()


def say(role: Any, text: str, **more: Any) -> Message:
    return Message(role, (TextPart(text),), **more)


def ask(*messages: Message, max_tokens: int = 120, **more: Any) -> GenerateRequest:
    return GenerateRequest(
        messages=messages, sampling=Sampling(temperature=0, max_tokens=max_tokens), **more
    )


async def answer(
    thinker: LlamaThinker, request: GenerateRequest
) -> tuple[str, list[tuple[str, Any]], str]:
    """Text, calls with their arguments parsed, finish reason."""
    text, calls, reason = "", [], ""
    async with aclosing(thinker.think(request)) as thoughts:
        async for thought in thoughts:
            if isinstance(thought, TextDelta):
                text += thought.text
            elif isinstance(thought, ToolCallDelta):
                if thought.name is not None:
                    calls.append((thought.name, ""))
                calls[thought.index] = (
                    calls[thought.index][0],
                    calls[thought.index][1] + thought.arguments,
                )
            elif isinstance(thought, Finished):
                reason = thought.reason
    return text, [(name, json.loads(arguments)) for name, arguments in calls], reason


TOOLS = (SCORE, ORDER)


async def test_a_question_for_a_tool_becomes_a_call(thinker: LlamaThinker) -> None:
    request = ask(say("user", "How did Liverpool play?"), tools=TOOLS)
    text, calls, reason = await answer(thinker, request)
    assert (text, reason) == ("", "tool_calls")
    [(name, arguments)] = calls
    assert name == "get_score"
    assert arguments["team"] == "Liverpool"


async def test_a_question_for_no_tool_becomes_text(thinker: LlamaThinker) -> None:
    request = ask(say("user", "What is the capital of Italy?"), tools=TOOLS)
    text, calls, reason = await answer(thinker, request)
    assert "Rome" in text
    assert (calls, reason) == ([], "stop")


@pytest.mark.parametrize("result", ["Liverpool 4 - 1 Everton", '{"score": "4-1", "home": true}'])
async def test_the_turn_after_a_result_uses_it(thinker: LlamaThinker, result: str) -> None:
    call = ToolCall("c", "get_score", '{"team": "Liverpool"}')
    request = ask(
        say("user", "How did Liverpool play?"),
        say("assistant", "", tool_calls=(call,)),
        say("tool", result, tool_call_id="c"),
        tools=TOOLS,
    )
    text, calls, reason = await answer(thinker, request)
    assert (calls, reason) == ([], "stop")
    assert "4" in text
    assert "1" in text
    assert "get_score" not in text


async def test_several_calls_come_in_one_turn_if_allowed(thinker: LlamaThinker) -> None:
    question = say("user", "How did Liverpool play, and how did Everton play?")
    _, both, _ = await answer(thinker, ask(question, tools=TOOLS, parallel_tool_calls=True))
    assert {arguments["team"] for _, arguments in both} == {"Liverpool", "Everton"}
    _, one, _ = await answer(thinker, ask(question, tools=TOOLS))
    assert len(one) == 1


async def test_required_calls_even_where_text_would_do(thinker: LlamaThinker) -> None:
    request = ask(say("user", "Hello!"), tools=TOOLS, tool_choice=ToolChoice("required"))
    text, calls, reason = await answer(thinker, request)
    assert (text, reason) == ("", "tool_calls")
    assert calls


async def test_a_named_tool_is_called_by_its_nested_schema(thinker: LlamaThinker) -> None:
    request = ask(
        say("user", "Liverpool fans are hungry: two pizzas and a salad."),
        tools=TOOLS,
        tool_choice=ToolChoice("named", "order_food"),
    )
    _, [(name, arguments)], _ = await answer(thinker, request)
    assert name == "order_food"
    schema = ORDER.parameters
    validator_for(schema)(schema).validate(arguments)
    assert any(dish["count"] == 2 for dish in arguments["dishes"])


async def test_none_forbids_calls(thinker: LlamaThinker) -> None:
    request = ask(
        say("user", "How did Liverpool play?"), tools=TOOLS, tool_choice=ToolChoice("none")
    )
    text, calls, _ = await answer(thinker, request)
    assert text
    assert calls == []


async def test_a_tool_without_parameters_is_called_with_an_empty_object(
    thinker: LlamaThinker,
) -> None:
    clock = Tool("what_time", "Tells the current time.", {})
    request = ask(
        say("user", "What time is it?"), tools=(clock,), tool_choice=ToolChoice("required")
    )
    _, calls, _ = await answer(thinker, request)
    assert calls == [("what_time", {})]


@pytest.mark.parametrize(
    "parameters",
    [
        {"type": "objekt"},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/no"}}},
        {"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}},
    ],
)
async def test_a_tool_whose_schema_cannot_be_followed_is_refused_by_name(
    thinker: LlamaThinker, parameters: dict[str, Any]
) -> None:
    request = ask(say("user", "Hi"), tools=(SCORE, Tool("broken", "", parameters)))
    with pytest.raises(InvalidToolSchema, match="tool 'broken'"):
        await answer(thinker, request)
    assert (await answer(thinker, ask(say("user", "Say yes."))))[0]


async def test_a_choice_of_an_unknown_tool_is_refused(thinker: LlamaThinker) -> None:
    request = ask(say("user", "Hi"), tools=TOOLS, tool_choice=ToolChoice("named", "fly"))
    with pytest.raises(InvalidField, match=r"'fly'.*get_score, order_food"):
        await answer(thinker, request)


async def test_json_mode_gives_one_object_and_ends(thinker: LlamaThinker) -> None:
    request = ask(
        say("user", "Describe the city of Oslo as json with its country and river."),
        response_format=ResponseFormat("json_object"),
        max_tokens=400,
    )
    text, _, reason = await answer(thinker, request)
    assert isinstance(json.loads(text), dict)
    assert reason == "stop"


async def test_an_answer_follows_its_schema(thinker: LlamaThinker) -> None:
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "continent": {"enum": ["Europe", "Asia", "Africa"]},
            "sights": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 3},
        },
        "required": ["city", "continent", "sights"],
    }
    request = ask(
        say("user", "Tell me about the capital of Japan."),
        response_format=ResponseFormat("json_schema", schema),
        max_tokens=400,
    )
    text, _, reason = await answer(thinker, request)
    value = json.loads(text)
    validator_for(schema)(schema).validate(value)
    assert value["city"] == "Tokyo"
    assert value["continent"] == "Asia"
    assert reason == "stop"


async def test_a_schema_that_no_value_follows_is_refused_before_the_start(
    thinker: LlamaThinker,
) -> None:
    form = ResponseFormat("json_schema", {"type": "string", "pattern": "("})
    with pytest.raises(InvalidField) as refused:
        await answer(thinker, ask(say("user", "Hi"), response_format=form))
    assert refused.value.param == "response_format.json_schema.schema"


async def test_calls_and_conversations_run_side_by_side(thinker: LlamaThinker) -> None:
    calling = ask(say("user", "How did Arsenal play?"), tools=TOOLS)
    plain = ask(say("user", "What is the capital of Spain?"), max_tokens=20)
    (_, calls, _), (text, _, _) = await asyncio.gather(
        answer(thinker, calling), answer(thinker, plain)
    )
    assert calls[0][1]["team"] == "Arsenal"
    assert "Madrid" in text


async def test_a_decision_that_was_read_ahead_comes_sooner(thinker: LlamaThinker) -> None:
    asked = say("user", "Tell me this: what is the score of the")
    text, calls, _ = await answer(thinker, ask(asked, tools=TOOLS, max_tokens=0))
    assert not text and not calls
    more = say("user", "Tell me this: what is the score of the Lakers?")
    async with aclosing(thinker.think(ask(more, tools=TOOLS))) as thoughts:
        finished = [thought async for thought in thoughts][-1]
    assert isinstance(finished, Finished)
    assert finished.usage.cached_tokens > 0.9 * finished.usage.internal_tokens
