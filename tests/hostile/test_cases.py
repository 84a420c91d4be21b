"""Every hostile request against our own server: told so, in time, and nobody else is the worse."""

from __future__ import annotations

import pytest

from thinktalk.abuse.case import Case
from thinktalk.abuse.catalogue import all_cases
from thinktalk.abuse.runner import Runner

# They use up a limit in seconds, or decode for as long.
_SLOW_NAMES = (
    *(
        "hidden",
        "JPEG of 3,000 scans",
        "9,900 x 9,900",
        "2,500",
        "5,000",
        "1,000 frames",
        "endless body",
    ),
)


def _marked(case: Case) -> object:
    is_slow = case.pace in ("fetch", "both", "stall") or any(
        name in case.name for name in _SLOW_NAMES
    )
    return pytest.param(case, id=case.label, marks=[pytest.mark.slow] if is_slow else [])


@pytest.mark.parametrize("case", [_marked(case) for case in all_cases()])
def test_a_hostile_request_is_taken_well(runner: Runner, case: Case) -> None:
    (result,) = runner.run([case])
    assert result.faults == ()
