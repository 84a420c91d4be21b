"""`thinktalk weights list | pull | verify | where`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from thinktalk.errors import WeightsError
from thinktalk.settings import Settings
from thinktalk.weights.catalog import Catalog
from thinktalk.weights.progress import ProgressReport

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_LINE_INTERVAL_S = 2.0  # without a terminal, between two lines of one stage


def add_parser(subparsers: Subparsers) -> None:
    """Add the command; its parser sets `func` to `run`."""
    parser = subparsers.add_parser("weights", help="list, fetch and check model files")
    parser.set_defaults(func=run)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="what there is, and what of it is here")
    pull = actions.add_parser("pull", help="fetch what is missing (all, unless named)")
    verify = actions.add_parser("verify", help="read every file and compare its SHA-256")
    where = actions.add_parser("where", help="print the directory of an entry, or the cache")
    for action in (pull, verify):
        action.add_argument("names", nargs="*", metavar="NAME", help="an entry of `list`")
    where.add_argument("names", nargs="?", metavar="NAME", help="an entry of `list`")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Do what the command line says; 1 if any entry could not be had or is wrong."""
    catalog = Catalog(settings.weights)
    names: list[str] = args.names or [] if args.action in ("pull", "verify") else []
    actions: dict[str, Callable[[], int]] = {
        "list": lambda: _list(catalog),
        "pull": lambda: _pull(catalog, names),
        "verify": lambda: _verify(catalog, names),
        "where": lambda: _where(catalog, args.names),
    }
    try:
        return actions[args.action]()
    except WeightsError as error:
        _complain(error)
        return 1


def pull_with_bars(catalog: Catalog, names: Iterable[str]) -> None:
    """Fetch those of `names` that are not here, showing how far it is; silent when all are."""
    missing = [name for name in names if not catalog.is_present(name)]
    if not missing:
        return
    with progress_display() as display:
        for name in missing:
            catalog.pull(name, display.show)


def _list(catalog: Catalog) -> int:
    table = Table(box=None, pad_edge=False)
    for heading in ("NAME", "STATE", "SIZE", "LICENCE", "UPSTREAM", "ABOUT"):
        table.add_column(heading, no_wrap=heading != "ABOUT")
    for entry in catalog.entries():
        size = f"{entry.size_bytes / 1e6:,.0f} MB"
        presence = catalog.presence(entry.name)
        table.add_row(entry.name, presence, size, entry.licence, entry.upstream, entry.about)
    # In a pipe nothing is known of the width, and a cut name is of no use.
    width = None if sys.stdout.isatty() else 200
    Console(width=width).print(table)
    return 0


def _pull(catalog: Catalog, names: list[str]) -> int:
    entries = [catalog.entry(name) for name in names] or list(catalog.entries())
    with progress_display() as display:
        for entry in entries:
            start_s = time.monotonic()
            was_present = catalog.is_present(entry.name)
            directory = catalog.pull(entry.name, display.show)
            took = "" if was_present else f" in {time.monotonic() - start_s:.1f} s"
            display.tell(f"{entry.name}: present{took}: {directory}")
    return 0


def _verify(catalog: Catalog, names: list[str]) -> int:
    """Checks every entry even when one is wrong; without names, those that are here."""
    chosen = names or [e.name for e in catalog.entries() if catalog.presence(e.name) != "missing"]
    if not chosen:
        print(f"nothing to verify in {catalog.cache}", file=sys.stderr)
        return 0
    num_wrong = 0
    with progress_display() as display:
        for name in chosen:
            try:
                catalog.verify(name, display.show)
            except WeightsError as error:
                _complain(error)
                num_wrong += 1
            else:
                display.tell(f"{name}: as it should be")
    return 1 if num_wrong else 0


def _where(catalog: Catalog, name: str | None) -> int:
    directory: Path = catalog.directory(name) if name else catalog.cache
    print(directory)
    return 0


def _complain(error: WeightsError) -> None:
    print(f"thinktalk: {error}", file=sys.stderr)


class ProgressDisplay(AbstractContextManager["ProgressDisplay"], Protocol):
    """Shows reports while work goes on, and finished lines for good."""

    def show(self, report: ProgressReport) -> None: ...
    def tell(self, line: str) -> None: ...


def progress_display() -> ProgressDisplay:
    """Bars on a terminal, lines elsewhere; both on standard error."""
    console = Console(stderr=True)
    return _Bars(console) if console.is_terminal else _Lines()


class _Bars:
    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._stage: tuple[str, str] | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, report: ProgressReport) -> None:
        if report.stage == "done":
            self._clear()
            return
        # A task of its own for each stage, or the speed of one would be taken for the other's.
        if self._task is None or self._stage != (report.entry, report.stage):
            self._clear()
            self._stage = (report.entry, report.stage)
            self._task = self._progress.add_task(
                f"{report.entry} {report.stage}", total=report.total_bytes
            )
        self._progress.update(self._task, completed=report.done_bytes)

    def tell(self, line: str) -> None:
        self._clear()
        self._progress.console.print(line, highlight=False, soft_wrap=True)

    def _clear(self) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None


class _Lines:
    def __init__(self) -> None:
        self._stage: tuple[str, str] | None = None
        self._shown_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to put back."""

    def show(self, report: ProgressReport) -> None:
        stage, now_s = (report.entry, report.stage), time.monotonic()
        is_due = stage != self._stage or now_s - self._shown_s >= _LINE_INTERVAL_S
        if report.stage == "done" or not is_due:
            return
        self._stage, self._shown_s = stage, now_s
        done, total = report.done_bytes / 1e6, report.total_bytes / 1e6
        print(f"{report.entry}: {report.stage} {done:.0f} of {total:.0f} MB", file=sys.stderr)

    def tell(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)
