"""The openai SDK of the generation before, whose `delta.audio` is a plain dict.

It cannot share an environment with the present one, so it is installed into a folder beside it:

    python tests/support/old_sdk.py     # does nothing when it is there already
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSION = "2.30.0"
# distro is the one dependency that the present SDK has dropped.
_PINS = (f"openai=={VERSION}", "distro==1.9.0")


def folder() -> Path:
    """Where it lies: inside the running environment."""
    return Path(sys.prefix) / "sdk-2.30"


def is_installed() -> bool:
    return (folder() / "openai" / "__init__.py").is_file()


def install() -> None:
    """Install it; written beside its place and renamed, so that it is there whole or not at all."""
    if is_installed():
        return
    unfinished = folder().with_name(f"sdk-2.30.{os.getpid()}")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*command, "--target", str(unfinished), *_PINS], check=True)
    shutil.rmtree(folder(), ignore_errors=True)
    unfinished.rename(folder())


def run(script: str, *arguments: str) -> str:
    """Run a script with this SDK in a process of its own; returns what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(folder())}
    finished = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if finished.returncode:
        raise AssertionError(finished.stderr)
    return finished.stdout


if __name__ == "__main__":
    install()
