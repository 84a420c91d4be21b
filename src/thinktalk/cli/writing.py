"""Text on a terminal as it comes, with one progress line before it; clean in a pipe."""

from __future__ import annotations

import json
import sys

from thinktalk.events import Event, Progress, Report, TextDelta, ToolCallDelta

_CLEAR_LINE = "\r\x1b[K"


class Writing:
    """Prints the deltas of one reply to standard output, everything else to standard error."""

    def __init__(self, *, silent: bool = False) -> None:
        self._silent = silent
        self._has_progress_line = sys.stderr.isatty() and not silent
        self._in_call = False
        self._show_progress("thinking …")

    def show(self, event: Event) -> None:
        if self._silent:
            return
        if isinstance(event, Progress):
            self._show_progress(f"{event.stage} … {event.fraction:.0%}")
        elif isinstance(event, TextDelta):
            self._clear_progress()
            print(event.text, end="", flush=True)
        elif isinstance(event, ToolCallDelta):
            self._clear_progress()
            start = f"\n{event.name} " if event.name and self._in_call else f"{event.name or ''} "
            print((start if event.name else "") + event.arguments, end="", flush=True)
            self._in_call = True
        elif isinstance(event, Report):
            self._clear_progress()
            for line in _told(event):
                print(f"{event.kind}: {line}", file=sys.stderr)

    def end(self) -> None:
        if not self._silent:
            self._clear_progress()
            print(flush=True)

    def _show_progress(self, state: str) -> None:
        if self._has_progress_line:
            print(_CLEAR_LINE + state, end="", file=sys.stderr, flush=True)

    def _clear_progress(self) -> None:
        if self._has_progress_line:
            print(_CLEAR_LINE, end="", file=sys.stderr, flush=True)
            self._has_progress_line = False


def _told(report: Report) -> list[str]:
    """What a report says in words, or all of it where it has none."""
    window = report.data.get("window", {})
    lines = [part["summary"] for part in (report.data, window) if "summary" in part]
    return lines or [json.dumps(report.data, ensure_ascii=False)]
