"""Draws follow the probabilities that are asked for, and nothing but their numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from thinktalk.engines.base import Sampling
from thinktalk.engines.qwen_omni.sampling import Drawing, TextSampler, draw, numbers, repelled

_SCORES = torch.log(torch.tensor([0.4, 0.3, 0.2, 0.08, 0.02]))


def _shares(drawing: Drawing, count: int = 4000) -> list[float]:
    """How often each is drawn, by numbers spread evenly."""
    even = (torch.arange(count) + 0.5) / count
    drawn = draw(_SCORES.expand(count, -1), even, drawing)
    return (drawn.bincount(minlength=5) / count).tolist()


def test_all_are_drawn_as_often_as_they_are_likely() -> None:
    assert _shares(Drawing()) == pytest.approx([0.4, 0.3, 0.2, 0.08, 0.02], abs=0.001)


def test_temperature_flattens_and_sharpens() -> None:
    squared = np.array([0.4, 0.3, 0.2, 0.08, 0.02]) ** 2
    assert _shares(Drawing(temperature=0.5)) == pytest.approx(squared / squared.sum(), abs=0.001)
    assert _shares(Drawing(temperature=0.0)) == [1, 0, 0, 0, 0]


def test_top_k_and_then_top_p_narrow_the_choice() -> None:
    assert _shares(Drawing(top_k=2)) == pytest.approx([4 / 7, 3 / 7, 0, 0, 0], abs=0.001)
    # 0.4 and 0.3 reach 0.65, of which the second is a part.
    assert _shares(Drawing(top_p=0.65)) == pytest.approx([4 / 7, 3 / 7, 0, 0, 0], abs=0.001)
    # Of three, 0.4 alone is less than 0.45 of 0.9.
    assert _shares(Drawing(top_k=3, top_p=0.44)) == [1, 0, 0, 0, 0]
    assert _shares(Drawing(top_p=0.0001)) == [1, 0, 0, 0, 0]


def test_what_cannot_be_is_never_drawn_even_by_the_last_number() -> None:
    scores = torch.tensor([[0.0, -torch.inf, 0.0, -torch.inf]])
    for number in (0.0, 0.4999, 0.5, 1 - 2**-24, 1.0):
        assert int(draw(scores, torch.tensor([number]), Drawing())) in (0, 2)


def test_a_seed_draws_the_same_whatever_its_sign_and_size() -> None:
    scores = torch.randn(200, generator=torch.Generator().manual_seed(0))
    for seed in (-1, 0, 7, 2**70):
        one, other = (TextSampler(Sampling(seed=seed, temperature=1.0)) for _ in range(2))
        assert [one(scores) for _ in range(20)] == [other(scores) for _ in range(20)]
    assert numbers(7).random() != numbers(7, of=1).random()


def test_penalties_make_what_was_said_less_likely() -> None:
    scores = torch.tensor([2.0, 1.9, -1.0])

    def said(**how: float) -> list[int]:
        sampler = TextSampler(Sampling(temperature=0.0, **how))  # type: ignore[arg-type]
        return [sampler(scores) for _ in range(3)]

    assert said() == [0, 0, 0]
    assert said(presence_penalty=0.2) == [0, 1, 0]
    assert said(frequency_penalty=0.2) == [0, 1, 0]
    assert said(repetition_penalty=1.2) == [0, 1, 0]
    assert repelled(scores, 2.0).tolist() == pytest.approx([1.0, 0.95, -2.0])


def test_a_repetition_penalty_counts_the_prompt_as_said() -> None:
    sampler = TextSampler(Sampling(temperature=0.0, repetition_penalty=2.0))
    sampler.read(torch.tensor([0, 0, 2]))
    assert sampler(torch.tensor([2.0, 1.9, -1.0])) == 1
