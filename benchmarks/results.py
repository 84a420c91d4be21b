"""Prints a table of figures and writes them as JSON beside the machine they were measured on."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """What a figure depends on: processor, cores, memory."""
    model = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory_kib = int(Path("/proc/meminfo").read_text().split()[1])
    return {
        "processor": model or platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory_kib / 2**20, 1),
        "python": platform.python_version(),
    }


def report(name: str, rows: Sequence[dict[str, Any]], details: Any = None) -> None:
    """Print `rows` (same keys each) and write `results/<name>.json`."""
    table = Table(title=name)
    for key in rows[0]:
        table.add_column(key)
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    Console(width=150).print(table)
    FOLDER.mkdir(exist_ok=True)
    content = {"machine": machine(), "rows": list(rows), "details": details}
    (FOLDER / f"{name}.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 3)


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)


def _cell(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
