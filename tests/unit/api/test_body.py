"""What a body may cost before anybody has looked at its fields."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message

from support.server import serving
from support.wire import HELLO, chat_body, error_of, post
from thinktalk.api.body import MAX_JSON_VALUES, BodyBudget, read_body
from thinktalk.api.openai.schemas import ChatBody, parse
from thinktalk.errors import BodyTooLarge, InvalidField

MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def url() -> Any:
    with serving() as url:
        yield url


@pytest.mark.parametrize("value", [[], {}, 0])
def test_a_body_of_too_many_values_is_refused_with_their_number(url: str, value: object) -> None:
    refused = post(url, extra=[value] * MAX_JSON_VALUES)
    assert refused.status_code == 400
    assert f"the limit is {MAX_JSON_VALUES}" in error_of(refused)["message"]
    assert post(url).is_success


def test_a_long_text_and_a_large_file_are_no_matter_of_values(url: str) -> None:
    words = "one, two, three. " * 50_000
    data = "data:;base64," + "A" * 2_000_000
    assert post(url, messages=[{"role": "user", "content": words}], extra=data).is_success


async def test_a_body_without_end_is_not_held_in_memory() -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": bytes(64 * 1024), "more_body": True}

    request = Request({"type": "http", "headers": [], "state": {}}, receive)
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            await read_body(request, 160 * MEBIBYTE, BodyBudget(160 * MEBIBYTE))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 48 * MEBIBYTE


async def test_a_large_body_comes_out_as_it_was_sent() -> None:
    sent = [bytes([number]) * MEBIBYTE for number in range(40)]
    pieces = iter(sent)
    left = len(sent)

    async def receive() -> Message:
        nonlocal left
        left -= 1
        return {"type": "http.request", "body": next(pieces), "more_body": left > 0}

    request = Request({"type": "http", "headers": [], "state": {}}, receive)
    assert await read_body(request, 50 * MEBIBYTE, BodyBudget(50 * MEBIBYTE)) == b"".join(sent)


WRONG: dict[str, Callable[[int], dict[str, Any]]] = {
    "messages.0": lambda count: {"messages": [None] * count},
    "messages.0.content.0": lambda count: {
        "messages": [{"role": "user", "content": ["text"] * count}]
    },
    "tools.0": lambda count: {"messages": HELLO, "tools": [5] * count},
    "modalities.0": lambda count: {"messages": HELLO, "modalities": ["smell"] * count},
    "stop": lambda count: {"messages": HELLO, "stop": [None] * count},
}


@pytest.mark.parametrize("param", WRONG)
def test_a_list_of_wrong_items_costs_no_more_than_the_first(param: str) -> None:
    body = chat_body(**WRONG[param](200_000))
    tracemalloc.start()
    try:
        with pytest.raises(InvalidField) as refused:
            parse(ChatBody, body)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused.value.param == param
    assert peak_bytes < 4 * MEBIBYTE
