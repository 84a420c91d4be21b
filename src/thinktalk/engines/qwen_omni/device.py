"""Which device is meant, and how much memory it has free."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from thinktalk.errors import NoSuchDevice


def resolve(device: str) -> str:
    """`cpu`, `cuda` or `cuda:N` for a setting; auto is a card where there is one.

    Without PyTorch auto is cpu, and a card is taken at its word.

    Raises:
        NoSuchDevice: PyTorch finds no such card.
    """
    if find_spec("torch") is None:
        return "cpu" if device == "auto" else device
    import torch

    num_cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        return "cuda:0" if num_cards else "cpu"
    kind, _, number = device.partition(":")
    if kind == "cuda" and int(number or 0) >= num_cards:
        raise NoSuchDevice(device, num_cards)
    return f"cuda:{number or 0}" if kind == "cuda" else device


def free_bytes(device: str, *, is_spread: bool = False) -> int | None:
    """Memory that is free on a resolved device, on all cards together if `is_spread`.

    None where it cannot be known: a card, and no PyTorch to ask.
    """
    if device == "cpu":
        return free_ram()
    if find_spec("torch") is None:
        return None
    import torch

    cards = range(torch.cuda.device_count()) if is_spread else (torch.device(device),)
    return sum(int(torch.cuda.mem_get_info(card)[0]) for card in cards)


def free_ram(root: Path = Path("/")) -> int | None:
    """What the system can give without swapping, and the process's control group allows.

    Source: proc(5), MemAvailable; the kernel's cgroup-v2.rst, memory.max and memory.stat.
    """
    numbers = _numbers(root / "proc/meminfo")
    if "MemAvailable" not in numbers:
        return None
    available = numbers["MemAvailable"] * 1024
    group = root / "sys/fs/cgroup"
    limit, used = _number(group / "memory.max"), _number(group / "memory.current")
    if limit is None or used is None:
        return available
    reclaimable = _numbers(group / "memory.stat").get("inactive_file", 0)
    return min(available, limit - used + reclaimable)


def _numbers(file: Path) -> dict[str, int]:
    """Of each line its first word and its number, as both files have them."""
    if not file.is_file():
        return {}
    lines = (line.replace(":", " ").split() for line in file.read_text().splitlines())
    return {words[0]: int(words[1]) for words in lines if len(words) > 1 and words[1].isdigit()}


def _number(file: Path) -> int | None:
    text = file.read_text().strip() if file.is_file() else ""
    return int(text) if text.isdigit() else None
