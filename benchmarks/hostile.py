"""Every hostile request of `thinktalk abuse` against a server whose file server is allowed.

Times are judged strictly: what a header reveals within 0.3 s, the rest within its limit and 0.3 s.

python -m benchmarks.hostile
"""

from __future__ import annotations

import json
import time

from benchmarks.results import median, report
from benchmarks.server import running_server
from benchmarks.speech import Rows
from thinktalk.abuse.case import Limits, Target
from thinktalk.abuse.catalogue import all_cases, families
from thinktalk.abuse.runner import Memory, Result, Runner, serving_files

_PATIENCE_S = 3.0
_DECODING_S = 8.0
_SLACK_S = 0.3
_LIMITS = Limits(
    header_s=_SLACK_S,
    work_s=_DECODING_S + _SLACK_S,
    fetch_s=_PATIENCE_S + _SLACK_S,
    stall_s=_PATIENCE_S + _SLACK_S,
    answer_s=30.0,
)


def settings(files: str) -> dict[str, str]:
    """A server without a model, with the usual limits but for those that are seconds."""
    tiers = ("PLUS", "FLASH", "LIGHT")
    return {
        **{f"THINKTALK_PROFILES__{tier}__ENGINE": "scripted" for tier in tiers},
        "THINKTALK_SERVER__READ_TIMEOUT_S": str(_PATIENCE_S),
        "THINKTALK_MEDIA__FETCH_TIMEOUT_S": str(_PATIENCE_S),
        "THINKTALK_MEDIA__WORKER_TIMEOUT_S": str(_DECODING_S),
        "THINKTALK_MEDIA__ALLOW_HOSTS": json.dumps([files.removeprefix("http://")]),
    }


def measure() -> list[Result]:
    with (
        serving_files(Target(url="")) as (target, canary),
        running_server(**settings(target.files)) as server,
    ):
        aimed = Target(url=server.url, files=target.files, canary=target.canary)
        runner = Runner(aimed, _LIMITS, canary=canary, memory=Memory(server.pid))
        time.sleep(1)  # the second decoding process starts meanwhile
        return list(runner.run(all_cases()))


def row(name: str, results: list[Result]) -> dict[str, object]:
    at_once = [
        result.answer.took_s
        for result in results
        if result.case.pace == "header" and (result.answer.status or 0) >= 400
    ]
    all_s = [result.answer.took_s for result in results]
    growth = max(result.growth_bytes or 0 for result in results)
    return {
        "family": name,
        "cases": len(results),
        "passed": sum(result.is_passed for result in results),
        "median ms": round(1000 * median(all_s), 1),
        "worst refused by header ms": round(1000 * max(at_once, default=0.0), 1),
        "worst ms": round(1000 * max(all_s), 1),
        "worst growth MB": round(growth / 1e6, 1),
    }


def main() -> None:
    results = measure()
    rows: Rows = [
        row(family, [result for result in results if result.case.family == family])
        for family in families()
    ]
    rows.append(row("all", results))
    report("hostile", rows, [result.as_json() for result in results])
    for result in results:
        if not result.is_passed:
            print(f"{result.case.label}: {'; '.join(result.faults)}")


if __name__ == "__main__":
    main()
