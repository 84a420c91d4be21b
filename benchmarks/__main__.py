"""All figures, one table after the other: `python -m benchmarks`."""

from __future__ import annotations

import subprocess
import sys

_COMMANDS = (
    ("speech",),
    ("speech", "--model", "qwen3.5-omni-light"),
    ("concurrent",),
    ("screenshot",),
    ("process",),
    ("tools",),
    ("recognition",),
    ("long_audio",),
    ("overhead",),
    ("media",),
    ("hostile",),
    ("cloning",),
    ("cloning_wait",),
    ("sample_check",),
    ("voices",),
    ("realtime",),
    ("end_of_turn",),
    ("interruptions",),
)


def main() -> int:
    """Each in a process of its own, so that none warms another; returns how many failed."""
    failed = 0
    for name, *arguments in _COMMANDS:
        command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
        failed += subprocess.run(command, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
