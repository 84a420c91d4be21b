"""What needs PyTorch, which the default install has not: run in an environment of its own.

`make setup-qwen-omni` makes it, in `.venv-qwen-omni`.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from thinktalk.engines.qwen_omni.prompt import PromptReader

_HAS_EXTRA = all(find_spec(name) for name in ("torch", "transformers"))
if _HAS_EXTRA:  # read on import, and for no other tests: some ask a hub of their own
    os.environ.setdefault("HF_HUB_OFFLINE", "1")


class _Skipped(pytest.Module):
    """A module that is not imported, since its imports would fail."""

    def collect(self) -> NoReturn:
        pytest.skip("needs the extra qwen-omni: make setup-qwen-omni")


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    return None if _HAS_EXTRA else _Skipped.from_parent(parent, path=module_path)


@pytest.fixture(scope="session")
def input_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that tells how a checkpoint's inputs are made, without its model."""
    from support import small_omni_files

    directory = tmp_path_factory.mktemp("inputs")
    small_omni_files.write(directory)
    return directory


@pytest.fixture(scope="session")
def reader(input_files: Path) -> PromptReader:
    from thinktalk.engines.qwen_omni.prompt import PromptReader

    return PromptReader.load(input_files)
