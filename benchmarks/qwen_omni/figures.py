"""Rows of the table, with the targets that there are for shapes on a device."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

_EARLIER, _FASTER = "text prompt: first audio, times earlier", "text prompt: total, times faster"
_ON_CPU = {_EARLIER: "≥ 25", _FASTER: "≥ 1.4"}
_ON_CARD = {  # of an H100
    "thinker token, as served": "≤ 3.4",
    "audio frame, as served": "≤ 2.2",
    "text prompt: first audio": "≤ 0.12",
    "5 s audio prompt: first audio": "≤ 0.18",
    "8 at once: real-time factor, worst": "≤ 0.5",
    "8 at once: first audio, p95": "≤ 0.6",
}
_TARGETS = {("mid", "cpu"): _ON_CPU, ("released", "cuda"): _ON_CARD}
EQUAL = "ids and codes are those of generate"


class Figure(NamedTuple):
    name: str
    value: float | bool
    unit: str = ""


def rows(figures: Iterable[Figure], shapes: str, device: str) -> list[dict[str, Any]]:
    """What `report` prints."""
    targets = _TARGETS.get((shapes, device), {})
    return [
        {
            "name": figure.name,
            "value": round(figure.value, 4) if isinstance(figure.value, float) else figure.value,
            "unit": figure.unit,
            "target": targets.get(figure.name, ""),
        }
        for figure in figures
    ]
