"""Prompts are read out of what listeners have in hand, and never so slowly that they stand."""

from __future__ import annotations

from thinktalk.engines.qwen_omni.pacing import PIECE_TOKENS, WHOLE_TOKENS, Pacing


def _read(pacing: Pacing, *durations_s: float, num_tokens: int = PIECE_TOKENS) -> None:
    for duration_s in durations_s:
        pacing.has_read(num_tokens, duration_s)


def test_where_nobody_listens_each_round_reads() -> None:
    pacing = Pacing()
    for _ in range(5):
        assert pacing.may_read([], 0.0)
        _read(pacing, 30.0)


def test_a_piece_is_read_where_everybody_has_more_in_hand_than_it_takes() -> None:
    pacing = Pacing()
    _read(pacing, 0.4)
    assert pacing.may_read([0.5, 2.0], 0.0)
    _read(pacing, 0.4)
    assert not pacing.may_read([2.0, 0.3], 0.0)


def test_the_round_that_follows_is_reckoned_with() -> None:
    pacing = Pacing()
    _read(pacing, 0.4)
    assert not pacing.may_read([0.5], 0.2)
    assert pacing.may_read([0.7], 0.2)


def test_the_longest_of_the_last_pieces_is_reckoned_with() -> None:
    pacing = Pacing()
    _read(pacing, 0.9, *[0.1] * 7)
    assert not pacing.may_read([0.5], 0.0)
    _read(pacing, 0.1)
    assert pacing.may_read([0.5], 0.0)


def test_with_nothing_in_hand_a_piece_is_read_each_third_round() -> None:
    pacing = Pacing()
    _read(pacing, 0.4)
    assert [pacing.may_read([0.0], 0.0) for _ in range(3)] == [False, False, True]
    _read(pacing, 0.4)
    assert not pacing.may_read([0.0], 0.0)


def test_large_pieces_say_nothing_of_small_ones() -> None:
    pacing = Pacing()
    _read(pacing, 12.0, num_tokens=WHOLE_TOKENS)
    assert pacing.may_read([0.1], 0.0)
