"""Runs cases against a server, one by one, and looks after each whether it still serves."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from thinktalk.abuse import file_server
from thinktalk.abuse.case import Answer, Case, Limits, Target, faults
from thinktalk.abuse.recordings import silent_opus
from thinktalk.abuse.samples import sample
from thinktalk.abuse.sending import CHAT, ordinary, post

_LARGE_BYTES = 25_000_000
FILES: dict[str, Callable[[], bytes]] = {
    "picture.png": lambda: sample("png"),
    "hours.opus": lambda: silent_opus(_LARGE_BYTES),
    "hidden-hours.opus": lambda: silent_opus(_LARGE_BYTES, is_hidden=True),
}
# Past its limit a case is given so much longer, to tell slow from hanging.
_GRACE_S = 2.0
_TOO_MANY = 429
_RESET_PEAK = "5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one case went. `growth_bytes` is None where the server's memory cannot be seen."""

    case: Case
    answer: Answer
    faults: tuple[str, ...]
    growth_bytes: int | None = None

    @property
    def is_passed(self) -> bool:
        return not self.faults

    def as_json(self) -> dict[str, Any]:
        return {
            "case": self.case.label,
            "status": self.answer.status,
            "ms": round(self.answer.took_s * 1000, 1),
            "growth_bytes": self.growth_bytes,
            "passed": self.is_passed,
            "faults": list(self.faults),
        }


class Memory:
    """The resident memory of a process of this machine."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        self._before = self._field("VmRSS")

    def begin(self) -> None:
        """Forget the peak so far. Raises `OSError` where the process is not ours."""
        (self._folder / "clear_refs").write_text(_RESET_PEAK)
        self._before = self._field("VmRSS")

    def growth_bytes(self) -> int:
        """From `begin` to the peak since."""
        return max(0, self._field("VmHWM") - self._before)

    def _field(self, name: str) -> int:
        for line in (self._folder / "status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
        raise OSError(f"{self._folder}: {name} is not told")


class Runner:
    """Tries one server. Use `serving_files` to make the target it takes.

    Args:
        memory: of the server, where it can be seen.
        retry_s: a server that says 429 is asked again for so long, since that tests nothing.
    """

    def __init__(
        self,
        target: Target,
        limits: Limits,
        *,
        canary: file_server.FileServer | None = None,
        memory: Memory | None = None,
        retry_s: float = 30.0,
    ) -> None:
        self._target, self._limits = target, limits
        self._canary, self._memory, self._retry_s = canary, memory, retry_s

    def run(self, cases: Iterable[Case]) -> Iterator[Result]:
        for case in cases:
            yield self._try(case)

    def ordinary_fault(self) -> str | None:
        """What is wrong with the answer to a request that nothing is wrong with."""
        target = replace(self._target, give_up_s=self._limits.answer_s)
        answer = self._patient(lambda: post(target, CHAT, json=ordinary(target)))
        if answer.status == 200:
            return None
        return f"an ordinary request got {answer.status or 'no answer'}: {answer.body[:200]!r}"

    def _try(self, case: Case) -> Result:
        give_up_s = self._limits.longest(case) + _GRACE_S
        target = replace(self._target, give_up_s=give_up_s)
        heard = len(self._canary.requests) if self._canary else 0
        if self._memory is not None:
            self._memory.begin()
        answer = self._patient(lambda: case.send(target))
        growth = self._memory.growth_bytes() if self._memory is not None else None
        found = faults(case, answer, self._limits)
        if self._canary and len(self._canary.requests) > heard:
            found.append("the server was talked into a request to its own machine")
        if growth is not None and growth > self._limits.growth_bytes:
            found.append(f"memory grew by {growth / 1e6:.0f} MB")
        if fault := self.ordinary_fault():
            found.append(f"afterwards {fault}")
        return Result(case=case, answer=answer, faults=tuple(found), growth_bytes=growth)

    def _patient(self, send: Callable[[], Answer]) -> Answer:
        until = time.monotonic() + self._retry_s
        while (answer := send()).status == _TOO_MANY and time.monotonic() < until:
            time.sleep(1.0)
        return answer


@contextlib.contextmanager
def serving_files(
    target: Target,
) -> Generator[tuple[Target, file_server.FileServer], None, None]:
    """The target with a hostile file server and a canary beside it, while the block runs."""
    with (
        file_server.serving(FILES) as canary,
        file_server.serving(FILES, canary.url) as files,
    ):
        yield replace(target, files=files.url, canary=canary.url), canary
