from __future__ import annotations

import itertools

import pytest

from thinktalk.engines.cascade.loops import LoopWatch


def fed(tokens: list[int]) -> LoopWatch:
    watch = LoopWatch()
    for token in tokens:
        watch.feed(token)
    return watch


@pytest.mark.parametrize("period", [1, 2, 37, 100])
def test_what_only_repeats_is_noticed(period: int) -> None:
    circle = list(itertools.islice(itertools.cycle(range(period)), 700))
    assert fed([*range(1000, 1400), *circle]).looping


def test_what_repeats_for_a_while_is_not() -> None:
    assert not fed([7] * 450).looping
    assert not fed([*([7] * 450), *range(1000), *([8] * 450)]).looping


def test_what_goes_on_is_not() -> None:
    counted = [token for number in range(400) for token in (11, number % 10, number // 10, number)]
    assert not fed(counted).looping
