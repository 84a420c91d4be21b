from __future__ import annotations

from collections.abc import Sequence

import pytest

from thinktalk.engines.reply_text import ReplyText


def show(chunks: Sequence[str], stop: Sequence[str] = ()) -> tuple[list[str], bool]:
    reply = ReplyText(stop)
    shown = [reply.feed(chunk, number) for number, chunk in enumerate(chunks)]
    return [*shown, reply.finish()], reply.stopped


def test_without_stops_every_chunk_is_shown_at_once() -> None:
    assert show(["a", "b"]) == (["a", "b", ""], False)


@pytest.mark.parametrize(
    "chunks", [["one. END two"], ["one. E", "ND two"], ["one. ", "E", "N", "D", " two"]]
)
def test_a_stop_text_is_never_shown_however_it_is_split(chunks: list[str]) -> None:
    shown, stopped = show(chunks, ["END"])
    assert "".join(shown) == "one. "
    assert stopped


def test_the_earliest_of_several_stops_counts() -> None:
    shown, _ = show(["a;b.c"], [".", ";"])
    assert "".join(shown) == "a"


def test_what_looked_like_a_stop_is_shown_once_it_is_not() -> None:
    assert show(["EN", "ORMOUS"], ["END"])[0] == ["", "ENORMOUS", ""]


def test_a_stop_that_never_came_is_shown_at_the_end() -> None:
    assert show(["go E", "N"], ["END"]) == (["go ", "", "EN"], False)


def test_a_stop_token_and_its_text_are_not_shown() -> None:
    reply = ReplyText(stop_token_ids=[(7,)])
    assert reply.feed("hello", 1) == "hello"
    assert reply.feed("!", 7) == ""
    assert reply.stopped
    assert reply.finish() == ""


def test_a_sequence_of_stop_tokens_is_held_back_until_it_is_complete_or_broken() -> None:
    reply = ReplyText(stop_token_ids=[(7, 8)])
    assert reply.feed("a", 7) == ""
    assert reply.feed("b", 9) == "ab"
    assert reply.feed("c", 7) == ""
    assert reply.feed("d", 8) == ""
    assert reply.stopped
