"""Token buckets per caller."""

from __future__ import annotations

import pytest

from thinktalk.errors import QuotaExceeded, RateLimited
from thinktalk.serving.rate import RateLimits


class Clock:
    """A clock that moves when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def limits(clock: Clock, requests: int | None = None, tokens: int | None = None) -> RateLimits:
    return RateLimits(requests_per_minute=requests, tokens_per_minute=tokens, clock=clock)


def test_a_minute_holds_its_number_of_requests_and_refills_evenly() -> None:
    clock = Clock()
    rates = limits(clock, requests=6)
    for _ in range(6):
        rates.admit("a")
    with pytest.raises(RateLimited) as refused:
        rates.admit("a")
    assert refused.value.retry_after_s == pytest.approx(10.0)
    clock.now += 10.0
    rates.admit("a")
    with pytest.raises(RateLimited):
        rates.admit("a")


def test_callers_do_not_share() -> None:
    rates = limits(Clock(), requests=1)
    rates.admit("a")
    rates.admit("b")
    with pytest.raises(RateLimited):
        rates.admit("a")


def test_tokens_are_booked_afterwards_and_may_go_into_debt() -> None:
    clock = Clock()
    rates = limits(clock, tokens=60)
    rates.admit("a")
    rates.spend_tokens("a", 90)
    with pytest.raises(QuotaExceeded) as refused:
        rates.admit("a")
    assert refused.value.retry_after_s == pytest.approx(31.0)
    assert rates.standings("a")["tokens"].remaining == 0
    clock.now += 31.0
    rates.admit("a")


def test_a_prompt_that_the_rest_does_not_cover_is_refused_without_cost() -> None:
    clock = Clock()
    rates = limits(clock, tokens=60)
    rates.spend_tokens("a", 50)
    with pytest.raises(QuotaExceeded):
        rates.check_tokens("a", 20)
    rates.check_tokens("a", 10)
    assert rates.standings("a")["tokens"].remaining == 10


def test_a_prompt_over_a_whole_minute_passes_on_a_full_bucket() -> None:
    limits(Clock(), tokens=60).check_tokens("a", 500)


def test_standings_tell_limit_rest_and_reset() -> None:
    rates = limits(Clock(), requests=6)
    rates.admit("a")
    standing = rates.standings("a")["requests"]
    assert (standing.limit, standing.remaining) == (6, 5)
    assert standing.reset_s == pytest.approx(10.0)


def test_without_limits_everything_passes_and_nothing_is_told() -> None:
    rates = limits(Clock())
    for _ in range(1000):
        rates.admit("a")
    rates.spend_tokens("a", 10**9)
    rates.check_tokens("a", 10**9)
    assert rates.standings("a") == {}


def test_the_number_of_remembered_callers_is_bounded() -> None:
    rates = limits(Clock(), requests=1)
    rates.admit("first")
    for number in range(10_000):
        rates.admit(f"caller {number}")
    rates.admit("first")  # forgotten, hence full again
