"""The command line of pip that fetches wheels and nothing else."""

from __future__ import annotations

import importlib.util
import sys

from thinktalk.weights.clients import ClientFailed


def pip_download(*requirements: str) -> tuple[str, ...]:
    """The command that puts the wheels of `requirements` into the directory it is started in.

    Raises:
        ClientFailed: this Python has no pip.
    """
    if importlib.util.find_spec("pip") is None:
        raise ClientFailed(
            f"pip is not installed in {sys.executable}; `python -m ensurepip` installs it"
        )
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")
    # No cache: the bytes end up in ours, and large files would be on the disk a third time.
    options = ("--no-deps", "--only-binary=:all:", "--no-cache-dir", "--dest", ".")
    return (*pip, "download", *options, *requirements)
