"""What a hostile request is, what came back, and whether that will do. Pure values."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

# By when the server must have answered: as soon as the first bytes are in, once it has decoded,
# once a download has ended, once both have, or once a client that dawdles has used up its patience.
Pace = Literal["header", "work", "fetch", "both", "stall"]


class Expected(StrEnum):
    """`CLOSED` is a refusal that may also be a connection closed without a word."""

    REFUSED = "refused"
    ANSWERED = "answered"
    EITHER = "either"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The server that is tried.

    Args:
        url: its address without a path.
        prefix: the path that those of the API begin with.
        files: address of our file server, whose files are hostile.
        canary: address of another one, which nobody may be talked into asking.
        give_up_s: longest wait for an answer; what takes longer hangs.
    """

    url: str
    prefix: str = "/v1"
    key: str = "none"
    model: str = "qwen3.5-omni-flash"
    files: str = ""
    canary: str = ""
    give_up_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. `status` is None when the connection ended, or hung, without an answer."""

    status: int | None
    body: bytes = b""
    took_s: float
    has_hung: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One hostile request. `send` makes it first, and takes the time from its first byte on."""

    family: str
    name: str
    send: Callable[[Target], Answer]
    expected: Expected = Expected.REFUSED
    pace: Pace = "header"

    @property
    def label(self) -> str:
        return f"{self.family}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds by pace, for answers other than refusals, and bytes of memory.

    The defaults are those of a server with its usual settings.
    """

    header_s: float = 0.3
    work_s: float = 120.3
    fetch_s: float = 60.3
    stall_s: float = 60.3
    answer_s: float = 300.0
    growth_bytes: int = 64 * 1024 * 1024

    def of(self, case: Case) -> float:
        """The longest a refusal of this case may take."""
        if case.pace == "both":
            return self.fetch_s + self.work_s
        seconds: float = getattr(self, f"{case.pace}_s")
        return seconds

    def longest(self, case: Case) -> float:
        """The longest that any answer to this case may take."""
        return self.of(case) if case.expected in (REFUSED, CLOSED) else self.answer_s


REFUSED, ANSWERED, EITHER, CLOSED = (
    Expected.REFUSED,
    Expected.ANSWERED,
    Expected.EITHER,
    Expected.CLOSED,
)


def faults(case: Case, answer: Answer, limits: Limits) -> list[str]:
    """What is wrong with the answer, in words; nothing when it will do."""
    if answer.has_hung:
        return [f"no answer within {answer.took_s:.1f} s"]
    if answer.status is None:
        return [] if case.expected is CLOSED else ["the connection was closed without an answer"]
    if answer.status >= 500:
        return [f"status {answer.status}: {_excerpt(answer.body)}"]
    found = []
    is_refusal = answer.status >= 400
    if is_refusal and (fault := _shape_fault(answer.body)):
        found.append(fault)
    if is_refusal and case.expected is ANSWERED:
        found.append(f"refused, though nothing is wrong with it: {_excerpt(answer.body)}")
    if not is_refusal and case.expected in (REFUSED, CLOSED):
        found.append("let in")
    limit_s = limits.of(case) if is_refusal else limits.answer_s
    if answer.took_s > limit_s:
        found.append(f"took {answer.took_s:.2f} s; the limit is {limit_s:.2f} s")
    return found


def _shape_fault(body: bytes) -> str | None:
    """Whether a refusal reads as OpenAI's do: an error with a message, a type and a code."""
    try:
        error: Any = json.loads(body)["error"]
        is_error = isinstance(error["message"], str) and isinstance(error["type"], str)
    except (ValueError, LookupError, TypeError):
        is_error = False
    if is_error and error["message"]:
        return None
    return f"the body is no OpenAI error: {_excerpt(body)}"


def _excerpt(body: bytes) -> str:
    return repr(body[:120].decode("utf-8", "replace"))
