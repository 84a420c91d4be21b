"""Engine name -> factory, imported on first use.

A factory builds a *suite*: the engines of the tiers that name it, and what they share. Third
parties add one by the entry point group `thinktalk.engines`.
"""

from __future__ import annotations

import importlib.metadata
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from thinktalk.engines.base import Engine, Glance, Recognizer, Synthesizer
from thinktalk.errors import MissingExtra, UnknownEngine
from thinktalk.settings import ProfileSettings, Settings, Tier
from thinktalk.voices.fitting import VoiceFitter
from thinktalk.weights.catalog import Catalog


class Suite(Protocol):
    """The engines of one kind, by tier, and the parts they share (None where there is none)."""

    @property
    def engines(self) -> Mapping[Tier, Engine]: ...
    @property
    def recognizer(self) -> Recognizer | None: ...
    @property
    def glance(self) -> Glance | None: ...
    @property
    def synthesizer(self) -> Synthesizer | None: ...
    @property
    def fitter(self) -> VoiceFitter | None: ...
    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the weights that `start` needs; the rest are pulled on first use."""
        ...

    async def start(self) -> None:
        """Load and warm what the default tier needs; idempotent. Pulls missing weights."""
        ...

    async def stop(self) -> None: ...


Factory = Callable[[Settings, Catalog, Mapping[Tier, ProfileSettings]], Suite]


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """`target` is `module:attribute`; `extra` is what to install when its imports fail."""

    target: str
    extra: str = ""


BUILTIN = {
    "cascade": EngineSpec("thinktalk.engines.cascade.suite:build", extra="cascade"),
    "qwen_omni": EngineSpec("thinktalk.engines.qwen_omni.suite:build", extra="qwen-omni"),
    "scripted": EngineSpec("thinktalk.testing:build"),
}


def load(name: str) -> Factory:
    """Import the factory of engine `name`.

    Raises:
        UnknownEngine: as `find`.
        MissingExtra: its libraries are not installed.
    """
    return cast(Factory, imported(name, find(name)))


def find(name: str) -> EngineSpec:
    """What engine `name` is; nothing of it is imported.

    Raises:
        UnknownEngine: neither built in nor an installed entry point.
    """
    spec = BUILTIN.get(name) or installed("thinktalk.engines", name)
    if spec is None:
        raise UnknownEngine(name, known=sorted(BUILTIN))
    return spec


def imported(name: str, spec: EngineSpec) -> Any:
    """What `spec` points to. Raises `MissingExtra` where its libraries are not installed."""
    try:
        return pkgutil.resolve_name(spec.target)
    except ModuleNotFoundError as missing:
        # A typo in our own module must surface as itself.
        if (missing.name or "").startswith("thinktalk") or not spec.extra:
            raise
        raise MissingExtra(name, extra=spec.extra) from missing


def installed(group: str, name: str) -> EngineSpec | None:
    """The entry point `name` of `group`, if any installed package has it."""
    for entry in importlib.metadata.entry_points(group=group, name=name):
        return EngineSpec(entry.value)
    return None
