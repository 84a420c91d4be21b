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


def read_comparators(text: str) -> str:
    """Replace ranges of versions in `text` by words: ~1.2.3, >=1.2,<2.0."""
    for pattern, said in _COMPARATORS:
        text = pattern.sub(said, text)
    return text


def _version(match: re.Match[str], numbers: str) -> str:
    before = match.string[: match.start()].rstrip().rpartition(" ")[2]
    named = not match[0][0].isdecimal() and before.lower() != "version"
    said = ("version " if named else "") + version(numbers)
    before_release = match.groupdict().get("pre") or ""
    return " ".join([said, *re.findall(r"[a-z]+|\d+", before_release)])


_OPERATORS = {
    "^": "caret", "~": "tilde", "~=": "compatible with", "==": "exactly", "<": "below",
    "<=": "at most", ">": "above", ">=": "at least",
}  # fmt: skip
_OPERATOR = r"(?:(?<![=<>!])(?=[<>=~]=)|(?<![\w=<>!]))(?P<operator>[<>=~]=|[<>^~]) ?"


def _compared(match: re.Match[str]) -> str:
    product = match.groupdict().get("product") or ""
    said = f"{product} {_OPERATORS[match['operator']]} {version(match['v'])}"
    return said if match.string[: match.start()][-1:].isalnum() else said.strip()


_COMPARATORS = (
    (
        re.compile(
            rf"{_OPERATOR}(?P<v>\d+(?:\.\d+)*), ?(?P<other>[<>]=?) ?(?P<w>\d+(?:\.\d+)*)"
            r"(?![\w.]*\d)"
        ),
        lambda m: f"{_compared(m)} and {_OPERATORS[m['other']]} {version(m['w'])}",
    ),
    (re.compile(rf"{_OPERATOR}(?P<v>\d+(?:\.\d+){{2,}})\b"), _compared),
    (re.compile(rf"\b(?P<product>{_PRODUCT}) ?{_OPERATOR}(?P<v>\d+(?:\.\d+)?)\b"), _compared),
)
_RULES = (
    *_COMPARATORS,
    (
        re.compile(r"\b802\.(?P<n>\d{1,2})(?P<letters>[a-z]{0,2})\b"),
        lambda m: f"eight oh two dot {version(m['n'])} {'-'.join(m['letters'].upper())}".strip(),
    ),
    (re.compile(r"\b(?P<v>\d+(?:\.\d+)*)\.x\b"), lambda m: f"{version(m['v'])} point x"),
    (
        re.compile(r"\b[Vv]?(?P<v>\d+(?:\.\d+){2,})(?P<pre>-[a-z]+\.?\d*)?(?![\w.]*\d)"),
        lambda m: _version(m, m["v"]),
    ),
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
