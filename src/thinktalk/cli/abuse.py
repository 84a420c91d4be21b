"""`thinktalk abuse URL`: hostile requests against a server of your own, and how it takes them."""

from __future__ import annotations

import argparse
import ipaddress
import json
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from thinktalk.settings import Settings

if TYPE_CHECKING:
    from thinktalk.abuse.case import Case, Limits, Target
    from thinktalk.abuse.runner import Result

_MISUSED = 2


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("abuse", help="try a server of yours with hostile requests")
    parser.add_argument("url", help="of the server, such as http://127.0.0.1:8000/v1")
    parser.add_argument("--key", default="none", help="API key of that server")
    parser.add_argument("--model", default="qwen3.5-omni-flash", help="(default %(default)s)")
    parser.add_argument(
        "--only",
        metavar="PATTERN",
        action="append",
        default=[],
        help="families or cases, such as 'picture' or 'wire/slow*'; may be repeated",
    )
    parser.add_argument("--list", action="store_true", help="name the cases, and send nothing")
    parser.add_argument("--pid", type=int, help="of the server's process here: watches its memory")
    parser.add_argument(
        "--patience",
        type=float,
        default=1.0,
        metavar="FACTOR",
        help="multiplies all time limits, for slow or busy machines (default %(default)g)",
    )
    parser.add_argument(
        "--anywhere",
        action="store_true",
        help="also a server that is not on this machine: only one that you may attack",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per case")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Returns 1 when a case failed, 2 when nothing was sent."""
    from thinktalk.abuse.catalogue import chosen, families

    cases = chosen(args.only)
    if not cases:
        return _misused(f"no case is called so; the families are {', '.join(families())}")
    if args.list:
        print("\n".join(case.label for case in cases))
        return 0
    place = urlsplit(args.url)
    if place.scheme not in ("http", "https") or not place.hostname:
        return _misused(f"{args.url} is no address of a server, such as http://127.0.0.1:8000/v1")
    if not args.anywhere and not _is_loopback(place.hostname):
        return _misused(
            f"{place.hostname} is not this machine, and what follows is an attack. If the server "
            "is yours to attack, say so with --anywhere"
        )
    results = _tried(_target(args), cases, _limits(args.patience), args.pid, args.json)
    if results is None:
        return _misused(f"the server at {args.url} does not answer as it should: nothing was tried")
    failed = sum(not result.is_passed for result in results)
    if not args.json:
        _print_table(results, with_memory=args.pid is not None)
        print(f"{len(results) - failed} of {len(results)} cases passed", file=sys.stderr)
    return 1 if failed else 0


def _misused(message: str) -> int:
    print(f"thinktalk: {message}", file=sys.stderr)
    return _MISUSED


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _target(args: argparse.Namespace) -> Target:
    from thinktalk.abuse.case import Target

    place = urlsplit(args.url)
    path = place.path.rstrip("/")
    return Target(
        url=f"{place.scheme}://{place.netloc}",
        prefix=path if path.endswith("/v1") else f"{path}/v1",
        key=args.key,
        model=args.model,
    )


def _limits(patience: float) -> Limits:
    from thinktalk.abuse.case import Limits

    usual = Limits()
    return Limits(
        header_s=patience * usual.header_s,
        work_s=patience * usual.work_s,
        fetch_s=patience * usual.fetch_s,
        stall_s=patience * usual.stall_s,
        answer_s=patience * usual.answer_s,
    )


def _tried(
    target: Target, cases: list[Case], limits: Limits, pid: int | None, as_json: bool
) -> list[Result] | None:
    """The results, shown as they come; None for a server that does not even take an honest one."""
    from thinktalk.abuse.runner import Memory, Runner, serving_files

    memory = Memory(pid) if pid is not None else None
    results = []
    with serving_files(target) as (aimed, canary):
        runner = Runner(aimed, limits, canary=canary, memory=memory)
        if fault := runner.ordinary_fault():
            print(f"thinktalk: {fault}", file=sys.stderr)
            return None
        for number, result in enumerate(runner.run(cases), 1):
            results.append(result)
            if as_json:
                print(json.dumps(result.as_json(), ensure_ascii=False), flush=True)
            elif sys.stderr.isatty():
                print(
                    f"\r\033[K{number} of {len(cases)}: {result.case.label}",
                    end="",
                    file=sys.stderr,
                )
    if not as_json and sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return results


def _print_table(results: list[Result], *, with_memory: bool) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="hostile requests")
    for name in ("case", "status", "ms", *(["MB"] if with_memory else []), "verdict"):
        is_number = name in ("status", "ms", "MB")
        table.add_column(name, justify="right" if is_number else "left", no_wrap=name == "case")
    for result in results:
        answer, growth = result.answer, result.growth_bytes
        status = str(answer.status or ("none" if answer.has_hung else "closed"))
        memory = [f"{(growth or 0) / 1e6:.0f}"] if with_memory else []
        verdict = escape("; ".join(result.faults)) or "passed"
        style = None if result.is_passed else "red"
        row = (escape(result.case.label), status, f"{answer.took_s * 1000:.0f}", *memory, verdict)
        table.add_row(*row, style=style)
    Console().print(table)
