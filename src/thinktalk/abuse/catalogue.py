"""All cases, and the choice of some by name."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from thinktalk.abuse import (
    addresses,
    bodies,
    damage,
    downloads,
    fields,
    forms,
    pictures,
    polyglots,
    recordings,
    tools,
    videos,
    wire,
)
from thinktalk.abuse.case import Case

_SOURCES = (
    *(addresses, downloads, pictures, polyglots, recordings, videos),
    *(damage, bodies, fields, tools, forms, wire),
)


def all_cases() -> list[Case]:
    """Family by family; the slow ones of `wire` last."""
    return [case for source in _SOURCES for case in source.cases()]


def families() -> list[str]:
    return list(dict.fromkeys(case.family for case in all_cases()))


def chosen(patterns: Iterable[str]) -> list[Case]:
    """Those whose family, or `family/name`, fits one of the patterns; all without patterns."""
    wanted = [pattern.lower() for pattern in patterns]
    cases = all_cases()
    if not wanted:
        return cases
    return [
        case
        for case in cases
        if any(
            fnmatchcase(case.family, pattern) or fnmatchcase(case.label.lower(), pattern)
            for pattern in wanted
        )
    ]
