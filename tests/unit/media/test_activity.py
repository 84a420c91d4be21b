"""The rules that turn probabilities into spans; the model itself is tested with its weights."""

from __future__ import annotations

import numpy as np
import pytest

from thinktalk.media.activity import WINDOW_S, SpanRules, speech_spans

EXACT = SpanRules(
    threshold=0.5, hysteresis=0.2, min_speech_s=0.0, min_silence_s=3 * WINDOW_S, padding_s=0.0
)


def spans_of(probabilities: list[float], rules: SpanRules = EXACT) -> list[tuple[float, float]]:
    """Spans in windows rather than seconds."""
    duration_s = len(probabilities) * WINDOW_S
    spans = speech_spans(np.array(probabilities, np.float32), duration_s, rules)
    return [(start_s / WINDOW_S, end_s / WINDOW_S) for start_s, end_s in spans]


def test_silence_holds_no_speech() -> None:
    assert spans_of([0.1] * 10) == []
    assert spans_of([]) == []


def test_speech_ends_where_the_silence_began() -> None:
    assert spans_of([0.1, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1]) == [(1, 3)]


def test_a_short_pause_does_not_part_speech() -> None:
    assert spans_of([0.9, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.9]) == [(0, 4), (7, 8)]


def test_doubt_neither_begins_nor_ends_speech() -> None:
    assert spans_of([0.4] * 5) == []
    assert spans_of([0.9] + [0.4] * 5 + [0.1] * 3) == [(0, 6)]


def test_doubt_within_a_pause_does_not_break_it() -> None:
    assert spans_of([0.9, 0.1, 0.4, 0.1, 0.1]) == [(0, 1)]


def test_speech_may_last_to_the_end() -> None:
    assert spans_of([0.1, 0.9, 0.9]) == [(1, 3)]
    assert spans_of([0.9, 0.9, 0.1]) == [(0, 2)]


def test_a_click_is_no_speech() -> None:
    rules = SpanRules(min_speech_s=2.5 * WINDOW_S, padding_s=0.0)

    assert spans_of([0.1] + [0.9] * 2 + [0.1] * 20 + [0.9] * 3 + [0.1] * 20, rules) == [(23, 26)]


def test_padding_stays_within_the_recording() -> None:
    rules = SpanRules(min_speech_s=0.0, padding_s=10 * WINDOW_S)

    assert spans_of([0.9] * 5, rules) == [(0, 5)]
    assert spans_of([0.1] * 15 + [0.9] * 5 + [0.1] * 15, rules) == [pytest.approx((5, 30))]


def test_padded_neighbours_share_the_pause_between_them() -> None:
    rules = SpanRules(min_speech_s=0.0, min_silence_s=3 * WINDOW_S, padding_s=10 * WINDOW_S)

    first, second = spans_of([0.9] * 5 + [0.1] * 4 + [0.9] * 5, rules)

    assert first == pytest.approx((0, 7))
    assert second == pytest.approx((7, 14))
