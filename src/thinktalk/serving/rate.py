"""Per-key limits: token buckets of requests and of tokens, refilled evenly over a minute.

A bucket holds one minute's worth. Costs that are known only afterwards may push it below zero; it
then has to refill before the next request. State is bounded: the least recently seen keys are
forgotten, which only ever favours a caller.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from thinktalk.errors import QuotaExceeded, RateLimited

_MAX_KEYS = 10_000
_MINUTE_S, _HOUR_S = 60.0, 3600.0


class Bucket:
    """`capacity` units in `period_s`. Times are in seconds on any steady clock."""

    def __init__(self, capacity: int, now: float, period_s: float = _MINUTE_S) -> None:
        self.capacity = capacity
        self._period_s = period_s
        self._level = float(capacity)
        self._at = now

    def level(self, now: float) -> float:
        self._level = min(self.capacity, self._level + (now - self._at) * self._per_second)
        self._at = now
        return self._level

    def spend(self, amount: float, now: float) -> None:
        self._level = self.level(now) - amount

    def wait_s(self, amount: float, now: float) -> float:
        """Seconds until `amount` can be spent; 0 when it can be now."""
        needed = min(amount, self.capacity) - self.level(now)
        return max(0.0, needed / self._per_second)

    def full_in_s(self, now: float) -> float:
        return (self.capacity - self.level(now)) / self._per_second

    @property
    def _per_second(self) -> float:
        return self.capacity / self._period_s


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands with one limit."""

    limit: int
    remaining: int
    reset_s: float


@dataclass(slots=True)
class _Caller:
    requests: Bucket | None
    tokens: Bucket | None


class RateLimits:
    """Counts by caller. Without limits it lets everything pass and reports nothing."""

    def __init__(
        self,
        *,
        requests_per_minute: int | None,
        tokens_per_minute: int | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._requests_per_minute = requests_per_minute
        self._tokens_per_minute = tokens_per_minute
        self._clock = clock
        self._callers: OrderedDict[str, _Caller] = OrderedDict()

    def admit(self, caller: str) -> None:
        """Spend one request.

        Raises:
            RateLimited: no request is left.
            QuotaExceeded: earlier answers have used up the tokens.
        """
        if not self._is_limited:
            return
        now = self._clock()
        buckets = self._caller(caller, now)
        if buckets.requests and (wait_s := buckets.requests.wait_s(1, now)):
            raise RateLimited(
                "Requests rate limit exceeded, try again later. The limit is "
                f"{buckets.requests.capacity} requests per minute",
                retry_after_s=wait_s,
            )
        if buckets.tokens and (wait_s := buckets.tokens.wait_s(1, now)):
            raise self._over_quota(buckets.tokens, wait_s)
        if buckets.requests:
            buckets.requests.spend(1, now)

    def spend_tokens(self, caller: str, num_tokens: int) -> None:
        """Book tokens that an answer has cost; never refuses."""
        now = self._clock()
        if self._is_limited and (bucket := self._caller(caller, now).tokens):
            bucket.spend(num_tokens, now)

    def check_tokens(self, caller: str, num_tokens: int) -> None:
        """Refuse a prompt that the caller's tokens do not cover; spends nothing.

        Raises:
            QuotaExceeded
        """
        now = self._clock()
        bucket = self._caller(caller, now).tokens if self._is_limited else None
        if bucket and (wait_s := bucket.wait_s(num_tokens, now)):
            raise self._over_quota(bucket, wait_s)

    def standings(self, caller: str) -> dict[str, Standing]:
        """By `requests` and `tokens`; only limits that are set."""
        if not self._is_limited:
            return {}
        now = self._clock()
        buckets = self._caller(caller, now)
        return {
            name: Standing(bucket.capacity, max(0, int(bucket.level(now))), bucket.full_in_s(now))
            for name, bucket in (("requests", buckets.requests), ("tokens", buckets.tokens))
            if bucket
        }

    @property
    def _is_limited(self) -> bool:
        return self._requests_per_minute is not None or self._tokens_per_minute is not None

    def _caller(self, caller: str, now: float) -> _Caller:
        known = self._callers.get(caller)
        if known is None:
            known = self._callers[caller] = _Caller(
                Bucket(self._requests_per_minute, now) if self._requests_per_minute else None,
                Bucket(self._tokens_per_minute, now) if self._tokens_per_minute else None,
            )
        self._callers.move_to_end(caller)
        while len(self._callers) > _MAX_KEYS:
            self._callers.popitem(last=False)
        return known

    @staticmethod
    def _over_quota(bucket: Bucket, wait_s: float) -> QuotaExceeded:
        return QuotaExceeded(
            "You exceeded your current quota, please check your plan and billing details. The "
            f"limit is {bucket.capacity} tokens per minute",
            retry_after_s=wait_s,
        )


class HourlyLimit:
    """`capacity` of something an hour and caller, such as enrolments."""

    def __init__(
        self, what: str, capacity: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what, self._capacity = what, capacity
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def spend(self, caller: str) -> None:
        """Spend one.

        Raises:
            RateLimited: none is left.
        """
        now = self._clock()
        bucket = self._buckets.setdefault(caller, Bucket(self._capacity, now, _HOUR_S))
        self._buckets.move_to_end(caller)
        while len(self._buckets) > _MAX_KEYS:
            self._buckets.popitem(last=False)
        if wait_s := bucket.wait_s(1, now):
            raise RateLimited(
                "Requests rate limit exceeded, try again later. The limit is "
                f"{self._capacity} {self._what} per hour",
                retry_after_s=wait_s,
            )
        bucket.spend(1, now)
