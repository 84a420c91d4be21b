"""`thinktalk serve` as a process of its own: started, awaited, stopped by pid."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

_IDLE_SHARE = 0.1  # of one core, over one look
_LOOK_S = 0.05
_TICK_HZ = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers at `url`; `ready_s` is how long it took from its start to ready."""

    pid: int
    url: str
    ready_s: float

    def cpu_s(self) -> float:
        """Processor seconds used so far by the server and its workers."""
        ticks = 0
        for pid in self._family():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            ticks += int(fields[11]) + int(fields[12])
        return ticks / _TICK_HZ

    def resident_bytes(self) -> int:
        """Resident memory of the server and its workers; pages that they share count once."""
        total = 0
        for pid in self._family():
            try:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            (kilobytes,) = re.findall(r"^Pss: +(\d+) kB$", rollup, re.MULTILINE)
            total += int(kilobytes) * 1024
        return total

    def _family(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [self.pid, *map(int, children)]


@contextmanager
def running_server(**environment: str) -> Iterator[RunningServer]:
    """Serve on a free port until the block ends; `environment` holds `THINKTALK_*` settings."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "thinktalk", "serve", "--port", str(port)],
        env={**os.environ, "THINKTALK_LOG_LEVEL": "warning", **environment},
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_until_ready(process, url)
        yield RunningServer(process.pid, url, time.perf_counter() - started)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def seconds_until_idle(server: RunningServer, since: float) -> float:
    """Seconds from `since` until the server's processes do nothing more; 30 at most."""
    idle_since: float | None = None
    used = server.cpu_s()
    while idle_since is None or time.perf_counter() - idle_since < 3 * _LOOK_S:
        await asyncio.sleep(_LOOK_S)
        now_used = server.cpu_s()
        if now_used - used > _IDLE_SHARE * _LOOK_S:
            idle_since = None
        elif idle_since is None:
            idle_since = time.perf_counter() - _LOOK_S
        used = now_used
        if time.perf_counter() - since > 30:
            return 30.0
    return max(0.0, idle_since - since)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, limit_s: float = 300) -> None:
    give_up = time.perf_counter() + limit_s
    with httpx.Client(trust_env=False) as client:
        while time.perf_counter() < give_up:
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with status {process.returncode}")
            try:
                if client.get(f"{url}/ready", timeout=1).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.02)
    raise TimeoutError(f"the server was not ready within {limit_s:.0f} s")
