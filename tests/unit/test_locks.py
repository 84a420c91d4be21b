"""What the lock files let into an installation."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def pins(name: str) -> dict[str, str]:
    """Package -> version, and under which conditions, of one lock file."""
    lines = re.findall(r"^([\w.-]+)(==.*)$", (ROOT / name).read_text(), re.MULTILINE)
    return {package: rest.rstrip("\\ ") for package, rest in lines}


def test_the_default_installation_has_no_pytorch() -> None:
    assert not {"torch", "transformers", "accelerate"} & pins("requirements.lock").keys()


def test_the_lock_of_qwen_omni_leaves_the_build_of_pytorch_to_the_machine() -> None:
    pinned = pins("requirements-qwen-omni.lock")
    assert "transformers" in pinned
    assert not [name for name in pinned if re.match(r"torch|nvidia|cuda|triton", name)]


def test_both_environments_have_the_same_versions() -> None:
    default, qwen_omni = pins("requirements.lock"), pins("requirements-qwen-omni.lock")
    assert {name: qwen_omni[name] for name in default.keys() & qwen_omni.keys()}.items() <= (
        default.items()
    )
