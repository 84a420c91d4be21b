from __future__ import annotations

from thinktalk.conversation import Message, TextPart, ToolCall
from thinktalk.engines.cascade.tool_results import retell


def say(role: str, text: str, **more: object) -> Message:
    return Message(role, (TextPart(text),), **more)  # type: ignore[arg-type]


def call(number: str, city: str) -> ToolCall:
    return ToolCall(number, "get_weather", f'{{"city": "{city}"}}')


def texts(*messages: Message) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in retell(messages)]


def test_results_are_told_in_the_turn_that_asked_for_them() -> None:
    [(role, text)] = texts(
        say("user", "Oslo and Rome?"),
        say("assistant", "", tool_calls=(call("a", "Oslo"), call("b", "Rome"))),
        say("tool", "sun", tool_call_id="b"),
        say("tool", "snow", tool_call_id="a"),
    )
    assert role == "user"
    assert text.startswith("My request: Oslo and Rome?\n\n")
    assert 'get_weather {"city": "Oslo"}: snow\nget_weather {"city": "Rome"}: sun\n' in text


def test_calls_one_after_the_other_are_told_together() -> None:
    [(_, text)] = texts(
        say("user", "Q"),
        say("assistant", "", tool_calls=(call("a", "Oslo"),)),
        say("tool", "snow", tool_call_id="a"),
        say("assistant", "", tool_calls=(call("b", "Rome"),)),
        say("tool", "sun", tool_call_id="b"),
    )
    assert text.index("snow") < text.index("sun")
    assert text.count("What was done") == 1


def test_what_the_assistant_said_with_its_call_stays() -> None:
    told = texts(
        say("user", "Q"),
        say("assistant", "I will look.", tool_calls=(call("a", "Oslo"),)),
        say("tool", "snow", tool_call_id="a"),
        say("assistant", "It snows."),
        say("user", "Thanks"),
    )
    assert [role for role, _ in told] == ["user", "assistant", "user", "assistant", "user"]
    assert told[0] == ("user", "Q")
    assert "snow" in told[2][1]
    assert told[3:] == [("assistant", "It snows."), ("user", "Thanks")]


def test_a_call_without_a_result_is_told_too() -> None:
    told = texts(
        say("user", "Q"), say("assistant", "", tool_calls=(call("a", "Oslo"),)), say("user", "So?")
    )
    assert "Oslo" in told[0][1]
    assert "nothing came back" in told[0][1]
    assert told[1] == ("user", "So?")


def test_a_conversation_without_tools_stays_as_it_is() -> None:
    messages = [say("system", "S"), say("user", "Q"), say("assistant", ""), say("user", "R")]
    assert retell(messages) == messages
