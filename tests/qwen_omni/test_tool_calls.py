from __future__ import annotations

import json

import pytest

from thinktalk.engines.qwen_omni.tool_calls import ToolCallParser
from thinktalk.events import TextDelta, ToolCallDelta

CALL = '<tool_call>\n{"name": "weather", "arguments": {"city": "Öl", "days": [1, 2]}}\n</tool_call>'
ARGUMENTS = {"city": "Öl", "days": [1, 2]}


def test_calls_are_found_however_the_text_is_cut() -> None:
    reply = f"I look. a <b> < \n{CALL}\n{CALL}\nThere."
    for size in (1, 2, 3, 7, 11, 12, 40, len(reply)):
        text, calls = _parsed([reply[at : at + size] for at in range(0, len(reply), size)])
        assert text == "I look. a <b> <There."
        assert [(call.index, call.name) for call in calls] == [(0, "weather"), (1, "weather")]
        assert [json.loads(call.arguments) for call in calls] == [ARGUMENTS, ARGUMENTS]
        assert calls[0].id and calls[0].id.startswith("call_") and calls[0].id != calls[1].id


def test_text_is_passed_on_unless_a_call_may_be_starting() -> None:
    parser = ToolCallParser()
    assert parser.feed("Hello wor") == [TextDelta("Hello wor")]
    assert parser.feed("ld <tool_") == [TextDelta("ld")]
    assert parser.feed("box>") == [TextDelta(" <tool_box>")]
    assert parser.feed("end\n") == [TextDelta("end")]
    assert parser.close() == [TextDelta("\n")]


@pytest.mark.parametrize(
    "body", ["{", "[1]", '{"name": 3}', '{"arguments": {}}', '{"name": "f", "arguments": "no"}', ""]
)
def test_what_is_no_call_comes_out_as_the_text_that_it_is(body: str) -> None:
    reply = f"So \n<tool_call>{body}</tool_call> it is"
    assert _parsed([reply]) == (reply, [])
    assert _parsed(list(reply)) == (reply, [])


def test_the_last_call_may_lack_its_end() -> None:
    text, calls = _parsed([CALL.removesuffix("</tool_call>")])
    assert (text, [call.name for call in calls]) == ("", ["weather"])
    cut = CALL[:40]
    assert _parsed([cut]) == (cut, [])


def test_arguments_may_be_a_text_that_holds_them_or_be_left_out() -> None:
    written = json.dumps({"name": "f", "arguments": json.dumps(ARGUMENTS)})
    _, calls = _parsed([f'<tool_call>{written}</tool_call><tool_call>{{"name": "g"}}</tool_call>'])
    assert [json.loads(call.arguments) for call in calls] == [ARGUMENTS, {}]


def _parsed(pieces: list[str]) -> tuple[str, list[ToolCallDelta]]:
    parser = ToolCallParser()
    deltas = [delta for piece in pieces for delta in parser.feed(piece)] + parser.close()
    calls = [delta for delta in deltas if isinstance(delta, ToolCallDelta)]
    assert parser.num_calls == len(calls)
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)), calls
