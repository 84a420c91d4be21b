"""What needs PyTorch, which the default install has not: run in an environment of its own.

`make setup-qwen-omni` makes it, in `.venv-qwen-omni`.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")


class _Skipped(pytest.Module):
    """A module that is not imported, since its imports would fail."""

    def collect(self) -> NoReturn:
        pytest.skip("needs the extra qwen-omni: make setup-qwen-omni")


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    has_extra = all(find_spec(name) for name in ("torch", "transformers"))
    return None if has_extra else _Skipped.from_parent(parent, path=module_path)
