"""Cutting speech into pieces: at pauses, within the limit, nothing lost."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from thinktalk.engines.cascade.pieces import Piece, Span, cut


def never(start_s: float, end_s: float) -> float:
    raise AssertionError(f"asked for a quiet moment in {start_s}..{end_s}, yet there are pauses")


def middle(start_s: float, end_s: float) -> float:
    return (start_s + end_s) / 2


def spoken(pieces: list[Piece]) -> list[Span]:
    return [span for piece in pieces for span in piece.speech]


def test_no_speech_makes_no_piece() -> None:
    assert cut([], 5.0, never) == []


def test_one_utterance_is_one_piece_with_a_margin_inside_the_recording() -> None:
    [piece] = cut([(0.1, 3.0)], 3.1, never)
    assert (piece.start_s, piece.end_s) == (0.0, 3.1)


def test_sentences_share_a_piece_while_they_fit() -> None:
    pieces = cut([(0.0, 4.0), (4.5, 9.0), (9.5, 14.0)], 14.0, never)
    assert [len(piece.speech) for piece in pieces] == [2, 1]


def test_the_longest_pause_is_where_the_cut_goes() -> None:
    pieces = cut([(0.0, 5.5), (6.9, 8.0), (8.3, 11.0), (11.2, 14.0)], 14.0, never)
    assert [piece.speech[0][0] for piece in pieces] == [0.0, 6.9]


def test_long_pauses_are_left_out() -> None:
    pieces = cut([(0.0, 2.0), (30.0, 32.0)], 60.0, never)
    assert [(piece.start_s, piece.end_s) for piece in pieces] == [(0.0, 2.25), (29.75, 32.25)]


def test_speech_without_a_pause_is_cut_at_its_quietest_moment() -> None:
    pieces = cut([(0.0, 30.0)], 30.0, middle, max_s=12.0)
    assert len(pieces) >= 3
    assert spoken(pieces)[0][0] == 0.0
    assert spoken(pieces)[-1][1] == 30.0
    assert all(a[1] == b[0] for a, b in pairwise(spoken(pieces)))


def test_margins_of_neighbours_do_not_overlap() -> None:
    pieces = cut([(0.0, 7.0), (7.1, 14.0)], 14.0, never)
    assert pieces[0].end_s <= pieces[1].start_s


@pytest.mark.parametrize("seed", range(30))
def test_all_speech_is_in_exactly_one_piece_and_no_piece_is_too_long(seed: int) -> None:
    rng = random.Random(seed)
    speech: list[Span] = []
    now = 0.0
    for _ in range(rng.randint(1, 60)):
        start = now + rng.uniform(0.1, 3.0)
        now = start + rng.uniform(0.2, 20.0 if rng.random() < 0.1 else 4.0)
        speech.append((start, now))
    pieces = cut(speech, now + 1.0, middle, max_s=12.0)
    assert sum(b - a for a, b in spoken(pieces)) == pytest.approx(sum(b - a for a, b in speech))
    assert spoken(pieces) == sorted(spoken(pieces))
    assert all(piece.speech[-1][1] - piece.speech[0][0] <= 12.0 + 1e-9 for piece in pieces)
    assert all(a.end_s <= b.start_s for a, b in pairwise(pieces))


def test_the_tail_of_a_piece_holds_the_speech_after_a_time() -> None:
    piece = Piece(0.0, 10.0, ((0.0, 4.0), (5.0, 9.0)))
    assert piece.tail(4.5) == Piece(4.5, 10.0, ((5.0, 9.0),))
    assert piece.tail(6.0) == Piece(6.0, 10.0, ((6.0, 9.0),))
    assert piece.tail(9.5) is None


def test_a_piece_is_halved_at_its_longest_pause() -> None:
    piece = Piece(0.0, 10.0, ((0.5, 3.0), (3.4, 5.0), (6.0, 9.0)))
    assert piece.halves() == (
        Piece(0.0, 5.5, ((0.5, 3.0), (3.4, 5.0))),
        Piece(5.5, 10.0, ((6.0, 9.0),)),
    )
    assert Piece(0.0, 3.0, ((0.5, 3.0),)).halves() is None
