from __future__ import annotations

from collections.abc import Sequence

import pytest

from thinktalk.conversation import Message, TextPart, Tool, ToolCall
from thinktalk.engines.base import GenerateRequest
from thinktalk.engines.cascade.tool_calls import (
    CallReader,
    FollowUps,
    calls_done,
    decision_turns,
    describe,
    example_turns,
)

OSLO = 'get_weather {"city": "Oslo"}'
ROME = 'get_weather {"city": "Rome"}'


def read(
    pieces: Sequence[str], done: Sequence[tuple[str, str]] = ()
) -> tuple[list[tuple[str, str]], list[str]]:
    """The calls that came out, and the argument pieces as they came."""
    reader = CallReader(done)
    deltas = [delta for piece in pieces for delta in reader.feed(piece)] + list(reader.finish())
    calls: list[tuple[str, str]] = []
    for delta in deltas:
        if delta.name is not None:
            assert delta.index == len(calls)
            assert delta.id is not None
            assert delta.id.startswith("call_")
            calls.append((delta.name, ""))
        name, arguments = calls[delta.index]
        calls[delta.index] = (name, arguments + delta.arguments)
    assert reader.num_calls == len(calls)
    return calls, [delta.arguments for delta in deltas if delta.arguments]


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_calls_are_the_same_however_the_answer_is_cut(size: int) -> None:
    answer = f"{OSLO}\n{ROME}"
    pieces = [answer[i : i + size] for i in range(0, len(answer), size)]
    calls, _ = read(pieces)
    assert calls == [("get_weather", '{"city": "Oslo"}'), ("get_weather", '{"city": "Rome"}')]


def test_the_first_calls_arguments_arrive_in_pieces() -> None:
    _, pieces = read(["get_", "weather ", '{"city": ', '"Oslo"', "}"])
    assert pieces == ['{"city": ', '"Oslo"', "}"]


def test_none_is_no_call() -> None:
    assert read(["no", "ne"]) == ([], [])


def test_a_tool_whose_name_begins_with_none_is_called() -> None:
    assert read(["none_of {}"])[0] == [("none_of", "{}")]


def test_the_same_call_is_not_made_twice() -> None:
    assert read([f"{OSLO}\n{OSLO}\n{ROME}"])[0] == read([f"{OSLO}\n{ROME}"])[0]


def test_a_call_that_was_made_before_is_dropped_whatever_its_spacing() -> None:
    calls, _ = read([OSLO, "\n", ROME], done=[("get_weather", '{"city":"Oslo"}')])
    assert calls == [("get_weather", '{"city": "Rome"}')]


def test_an_answer_cut_short_still_gives_what_there_was() -> None:
    assert read(['get_weather {"ci'])[0] == [("get_weather", '{"ci')]


def _say(role: str, text: str, **more: object) -> Message:
    return Message(role, (TextPart(text),), **more)  # type: ignore[arg-type]


def _question(*messages: Message, longest: int = 10**6) -> str:
    request = GenerateRequest(messages=messages, tools=(Tool("now", "The time.", {}),))
    turns = decision_turns(request, lambda turns: len(turns[-1].text) <= longest)
    assert turns[:-1] == example_turns()
    return turns[-1].text


def test_the_question_has_the_tools_the_history_the_message_and_what_was_done() -> None:
    call = ToolCall("a", "now", "{}")
    assert _question(
        _say("system", "Today is Monday."),
        _say("user", "Hi"),
        _say("assistant", "Hello"),
        _say("user", "What time is it?"),
        _say("assistant", "", tool_calls=(call,)),
        _say("tool", "12:30", tool_call_id="a"),
    ) == (
        "Functions:\n- now {}: The time.\n\n"
        "Before:\nNote: Today is Monday.\nUser: Hi\nAssistant: Hello\n\n"
        "Message: What time is it?\nDone: now {}\nResult: 12:30\n"
        "Closest: now"
    )


def _asked(message: str, *answers: str) -> list[str]:
    """What is asked after each answer, and at last nothing."""
    weather = Tool("get_weather", "The weather.", {})
    follow_ups = FollowUps((weather, Tool("say", "Says a word.", {})), message)
    turns = [follow_ups.after(answer) for answer in answers]
    assert all(turn[0].text == answer for turn, answer in zip(turns, answers, strict=True) if turn)
    return [turn[1].text if turn else "" for turn in turns]


def test_what_no_call_has_taken_up_is_asked_about_part_by_part() -> None:
    message = "Weather in Oslo, Rome and Bonn, please, and say hello."
    bonn, hello = 'get_weather {"city": "Bonn"}', 'say {"word": "hello"}'
    assert _asked(message, OSLO, ROME, bonn, hello) == [
        "Left: Rome",
        "Left: Bonn",
        "Left: say hello\nClosest: say",
        "",
    ]


def test_a_part_that_needs_no_call_is_asked_about_once_and_not_many_are() -> None:
    assert _asked("Oslo, Rome, Bonn and Bern", OSLO, "none", ROME) == [
        "Left: Rome",
        "Left: Bonn",
        "Left: Bern",
    ]
    assert _asked("Oslo, Rome, Bonn and Bern", OSLO, "none", "none")[-1] == ""


def test_no_more_calls_are_asked_for_than_an_answer_may_have() -> None:
    cities = [f"city{number}" for number in range(12)]
    calls = [f'get_weather {{"city": "{city}"}}' for city in cities]
    asked = _asked(", ".join(cities), *calls)
    assert [question != "" for question in asked] == [True] * 7 + [False] * 5


def test_long_messages_are_clipped_in_the_middle_until_they_fit() -> None:
    text = _question(_say("user", "START " + "x" * 50_000 + " END"), longest=2000)
    assert len(text) <= 2000
    assert "START" in text
    assert " … " in text
    assert text.endswith("END\nClosest: none")


def test_clipping_gives_up_before_nothing_is_left() -> None:
    assert "START" in _question(_say("user", "START " + "x" * 1000), longest=1)


def test_only_calls_since_the_user_last_spoke_count_as_done() -> None:
    old, new = ToolCall("a", "now", "{}"), ToolCall("b", "now", '{"zone": 1}')
    messages = [
        _say("assistant", "", tool_calls=(old,)),
        _say("user", "And now?"),
        _say("assistant", "", tool_calls=(new,)),
    ]
    assert calls_done(messages) == [("now", '{"zone": 1}')]


def test_a_tool_is_described_with_every_kind_of_argument() -> None:
    tool = Tool(
        "book",
        "Books\n a table.",
        {
            "type": "object",
            "required": ["at"],
            "properties": {
                "at": {"type": "string", "description": "HH:MM"},
                "room": {"enum": ["bar", "hall"]},
                "guests": {"type": "array", "items": {"$ref": "#/$defs/guest"}},
                "floor": {"type": ["integer", "null"]},
                "pay": {"anyOf": [{"const": "cash"}, {"type": "number"}]},
            },
            "$defs": {"guest": {"type": "object", "properties": {"name": {"type": "string"}}}},
        },
    )
    assert describe(tool) == (
        '- book {"at": string (HH:MM), "room" if mentioned: "bar" | "hall", '
        '"guests" if mentioned: [{"name" if mentioned: string}, ...], '
        '"floor" if mentioned: integer | null, "pay" if mentioned: "cash" | number}: '
        "Books a table."
    )


def test_a_schema_that_refers_to_itself_is_described_to_a_depth() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
    tool = Tool("walk", "Walk.", {"$ref": "#/$defs/node", "$defs": {"node": node}})
    assert describe(tool).count("next") <= 4


def test_the_oldest_turns_are_left_out_where_clipping_is_not_enough() -> None:
    history = [_say("user" if n % 2 == 0 else "assistant", f"turn {n}") for n in range(400)]
    request = GenerateRequest(
        messages=(*history, _say("user", "Weather?")), tools=(Tool("now", "The time.", {}),)
    )

    def length(turns: Sequence[Message]) -> int:
        return sum(len(turn.text) for turn in turns)

    limit = length(decision_turns(request, lambda _: True)) - 4000
    turns = decision_turns(request, lambda turns: length(turns) <= limit)
    assert length(turns) <= limit
    assert "turn 399" in turns[-1].text
    assert "turn 1\n" not in turns[-1].text
    assert turns[-1].text.endswith("Message: Weather?\nClosest: none")
