"""`thinktalk doctor`: what is installed, what each tier runs on, and what is missing."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import re
import shutil
import sys
from typing import Any

from thinktalk.cli import engine_choice
from thinktalk.errors import ThinktalkError
from thinktalk.settings import Settings

_GOOD, _BAD = "ok", "missing"
# Of a line of the package's own metadata: the library's name, and the extra that asks for it.
_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)[^;]*(?:.*extra == ['\"](?P<extra>[\w-]+)['\"])?")
# For developers, or for settings that name them: then building the engines says what is missing.
_NOT_NEEDED = ("denoise", "dev", "pocket-tts", "qwen-omni")
_QWEN_OMNI = ("", "qwen-omni")  # its libraries, beside those of every installation


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("doctor", help="say what is installed and what is missing")
    engine_choice.add_arguments(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Returns 1 when a tier cannot be served as things stand."""
    from thinktalk import app
    from thinktalk.weights.catalog import Catalog

    settings = engine_choice.apply(args, settings)
    cores = len(os.sched_getaffinity(0))
    print(f"machine   {platform.machine()}, {cores} cores, Python {platform.python_version()}")
    if {profile.engine for profile in settings.profiles.values()} == {"qwen_omni"}:
        return _qwen_omni(settings)
    missing = _libraries()
    catalog = Catalog(settings.weights)
    free = shutil.disk_usage(_existing(catalog)).free
    print(f"cache     {settings.weights.cache} ({free / 1e9:.0f} GB free)")
    try:
        parts = app.build(settings, catalog)
    except ThinktalkError as failure:
        print(f"engines   {failure}")
        return 1
    for entry in catalog.entries():
        state = _GOOD if catalog.is_present(entry.name) else _BAD
        when = "at start" if entry.name in parts.weights else "on first use"
        print(f"weights   {entry.name:26} {state:8} {entry.size_bytes / 1e6:6.0f} MB  ({when})")
    for tier, engine in parts.services.engines.items():
        does = ", ".join(f"{part}: {name}" for part, name in engine.capabilities.parts.items())
        print(f"tier      qwen3.5-omni-{tier}: {engine.capabilities.name} ({does})")
        for note in engine.capabilities.notes:
            print(f"          {note}")
    if any(not catalog.is_present(name) for name in parts.weights):
        print("to do     thinktalk weights pull")
        return 1
    return 1 if missing else 0


def _qwen_omni(settings: Settings) -> int:
    """What the checkpoint takes, and what the released ones take; nothing is loaded."""
    from thinktalk.engines.qwen_omni import released

    missing = _libraries(only=_QWEN_OMNI)
    try:
        plan = engine_choice.show_plan(settings, sys.stdout)
    except ThinktalkError as failure:
        print(f"weights   {failure}")
        return 1
    finally:
        print(f"\n{released.table()}")
    return 1 if missing or not plan.fits else 0


def _libraries(only: tuple[str, ...] = ()) -> bool:
    """List what is installed; whether anything is missing, of `only` these extras if given."""
    missing = False
    for line in importlib.metadata.requires("thinktalk") or ():
        required = _REQUIREMENT.match(line)
        if required is None:
            continue
        name, extra = required["name"], required["extra"]
        if (extra or "") not in only if only else extra in _NOT_NEEDED:
            continue
        try:
            print(f"library   {name:26} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing = True
            wanted = f"thinktalk[{extra}]" if extra else "thinktalk"
            print(f"library   {name:26} {_BAD}: pip install '{wanted}'")
    return missing


def _existing(catalog: Any) -> str:
    path = catalog.cache
    while not path.exists():
        path = path.parent
    return str(path)
