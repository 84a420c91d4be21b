"""Version numbers in English words."""

from __future__ import annotations

import re

from thinktalk.engines.cascade.speakable.numbers import version

_PRODUCT = (
    r"(?:[Vv]ersions?|[Rr]eleases?|Python|Node(?: J-S)?|Java|Ruby|Go|Rust|PHP|OAuth|TLS|SSL|HTTP"
    r"|CUDA|Ubuntu|Debian|Windows|macOS|iOS|Android|Django|React|Angular|Vue|PyTorch|TensorFlow|Bluetooth"
    r"|USB|PCIe|HDMI|OpenAPI|Kubernetes|Postgres|PostgreSQL|MySQL|Redis|SemVer|Llama|Qwen|Gemini"
    r"|Claude|GPT)"
)


def _version(match: re.Match[str], numbers: str) -> str:
    before = match.string[: match.start()].rstrip().rpartition(" ")[2]
    named = not match[0][0].isdecimal() and before.lower() != "version"
    rest = re.match(r"-(?=[a-z])", match.string[match.end() :])
    return ("version " if named else "") + version(numbers) + (" " if rest else "")


_RULES = (
    (re.compile(r"\b[Vv]?(?P<v>\d+(?:\.\d+){2,})(?![\w.]*\d)"), lambda m: _version(m, m["v"])),
    (re.compile(r"(?<![\w.])[Vv](?P<v>\d+(?:\.\d+)*)(?!\w)"), lambda m: _version(m, m["v"])),
    (
        re.compile(rf"\b(?P<product>{_PRODUCT})[ /-](?P<v>\d+\.\d+)(?![\w.%]*\d|%)"),
        lambda m: f"{m['product']} {version(m['v'])}",
    ),
)


def read_versions(text: str) -> str:
    """Replace version numbers in `text` by words."""
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return text
