"""All figures, one table after the other: `python -m benchmarks`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
    ("qwen_omni",),
)
# Of the environment with PyTorch; without one it says so and measures nothing.
_OMNI = Path(__file__).parents[1] / ".venv-qwen-omni" / "bin" / "python"


def main() -> int:
    """Each in a process of its own, so that none warms another; returns how many failed."""
    failed = 0
    for name, *arguments in _COMMANDS:
        python = _OMNI if name == "qwen_omni" and _OMNI.exists() else sys.executable
        command = [str(python), "-m", f"benchmarks.{name}", *arguments]
        failed += subprocess.run(command, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
