"""The documents stay in step with the code."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def generator(name: str) -> Any:
    """The script of docs/ called `name`."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_configuration_page_is_what_the_settings_say() -> None:
    rendered = generator("generate_configuration").render()
    assert (ROOT / "docs" / "configuration.md").read_text() == rendered, (
        "run: python docs/generate_configuration.py"
    )


def test_the_table_of_voices_is_what_the_catalogue_says() -> None:
    table = generator("generate_voices").render()
    assert table in (ROOT / "docs" / "voices.md").read_text(), "run: python docs/generate_voices.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_command_in_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text()
    named = set(re.findall(r"\.venv/bin/thinktalk (\w+)", readme))
    assert named
    shown = subprocess.run(
        [sys.executable, "-m", "thinktalk", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for command in named:
        assert re.search(rf"^\s+{command}\b", shown, re.MULTILINE), command


def test_every_make_target_in_the_readme_exists() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        for name in re.findall(r"^make (\w+)", page.read_text(), re.MULTILINE):
            assert name in targets


def test_every_direct_dependency_has_its_row() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = (ROOT / "docs" / "dependencies.md").read_text().lower()
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    for requirement in (name for group in groups for name in group):
        name = re.split(r"[<>=;\[ ]", requirement)[0].lower()
        assert f"| {name} |" in listed, f"{name} has no row in docs/dependencies.md"
