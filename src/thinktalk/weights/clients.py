"""Runs package clients (pip, npm) as processes and watches the bytes that they write.

Each run has a folder of its own: `out/` takes the result, `tmp/` everything else, so that a cut run
leaves nothing anywhere else. Knows nothing of wheels or tarballs.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_POLL_S = 0.1
_STALL_S = 300.0  # longer than the clients' own timeouts and retries
_STOP_S = 5.0
_FULL_DISK_WORDS = ("no space left", "enospc", "disk quota exceeded")


class ClientFailed(Exception):
    """A client gave up, or stood still; the message is its own."""

    def __init__(self, reason: str, *, is_disk_full: bool = False) -> None:
        super().__init__(reason)
        self.is_disk_full = is_disk_full


@dataclass(frozen=True, slots=True)
class ClientRun:
    """One command; it is started in `folder/out` with `folder/tmp` for its temporary files."""

    command: tuple[str, ...]
    folder: Path

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def tmp(self) -> Path:
        return self.folder / "tmp"


class _Running:
    def __init__(self, run: ClientRun) -> None:
        shutil.rmtree(run.folder, ignore_errors=True)
        run.out.mkdir(parents=True)
        run.tmp.mkdir()
        self.run = run
        self._log = run.folder / "log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                run.command,
                cwd=run.out,
                # All of the caller's environment: proxies, indexes and certificates live there.
                env={**os.environ, "TMPDIR": str(run.tmp)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def failure(self) -> ClientFailed:
        text = self._log.read_text("utf-8", errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        errors = [line for line in lines if line.lower().startswith(("error", "npm err"))]
        reason = " / ".join((errors or lines[-1:])[:2])[:400]
        status = f"exit status {self.process.returncode}"
        is_disk_full = any(words in text.lower() for words in _FULL_DISK_WORDS)
        return ClientFailed(f"{status}: {reason}" if reason else status, is_disk_full=is_disk_full)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def run_clients(
    runs: Iterable[ClientRun],
    *,
    parallel: int,
    on_bytes: Callable[[int], None],
    on_finished: Callable[[ClientRun], None],
) -> None:
    """Run all, at most `parallel` at a time; whatever ends this also ends the processes.

    Args:
        on_bytes: hears, several times a second, how many bytes unfinished runs have written.
        on_finished: is given each run that succeeded, so that it can move the result away.
    Raises:
        ClientFailed: a run failed, or none wrote anything for 300 s. No other is started then, but
            those under way may finish, so that their bytes need not be fetched again.
    """
    waiting, running = deque(runs), list[_Running]()
    failure: ClientFailed | None = None
    seen, last_change_s = 0, time.monotonic()
    try:
        while waiting or running:
            while waiting and len(running) < parallel:
                running.append(_Running(waiting.popleft()))
            for client in [client for client in running if client.process.poll() is not None]:
                running.remove(client)
                if client.process.returncode:
                    failure = failure or client.failure()
                    waiting.clear()
                else:
                    on_finished(client.run)
            num_bytes = _written(running)
            if num_bytes != seen:
                seen, last_change_s = num_bytes, time.monotonic()
            elif time.monotonic() - last_change_s > _STALL_S:
                raise ClientFailed(f"nothing was downloaded for {_STALL_S:.0f} s")
            on_bytes(num_bytes)
            time.sleep(_POLL_S)
    finally:
        for client in running:
            client.stop()
    if failure is not None:
        raise failure


def _written(running: Sequence[_Running]) -> int:
    # Not `out`: clients copy there what already lies in `tmp`.
    num_bytes = 0
    for client in running:
        for folder, _, names in os.walk(client.run.tmp):  # passes over folders that vanish
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    num_bytes += os.lstat(Path(folder, name)).st_size
    return num_bytes
