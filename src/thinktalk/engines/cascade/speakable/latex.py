"""Formulas in LaTeX: commands become the signs and words that later rules read."""

from __future__ import annotations

import re

_LATEX = (
    (re.compile(r"\\[dt]?frac\s*\{(\d+)\}\s*\{(\d+)\}"), r" \1/\2 "),
    (re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}"), r" \1 over \2 "),
    (re.compile(r"_\{([^{}]*)\}\^\{([^{}]*)\}"), r" from \1 to \2 of "),
    (re.compile(r"\b([fghFGHPO]'?)\(([^()]*)\)"), r"\1 of \2"),
    (re.compile(r"\b([fghFGH])'"), r"\1 prime"),
    (re.compile(r"(?<=[A-Za-z0-9)])\("), r" times ("),
    (re.compile(r"[()]"), " "),
    (re.compile(r"\\sqrt\s*\{([^{}]*)\}"), r"√\1"),
    (re.compile(r"\\(?:text|mathrm|mathbf|operatorname|textbf|mathbb)\s*\{([^{}]*)\}"), r" \1 "),
    (re.compile(r"\\(?:times|cdot)\b"), " × "),
    (re.compile(r"\\div\b"), " ÷ "),
    (re.compile(r"\\(?:leq?)\b"), " ≤ "),
    (re.compile(r"\\(?:geq?)\b"), " ≥ "),
    (re.compile(r"\\neq?\b"), " ≠ "),
    (re.compile(r"\\approx\b"), " ≈ "),
    (re.compile(r"\\pm\b"), " ± "),
    (re.compile(r"\\infty\b"), " ∞ "),
    (re.compile(r"\\(?:to|rightarrow|Rightarrow)\b"), " → "),
    (re.compile(r"\\(?:left|right|quad|qquad|displaystyle|,|;|!|:)"), " "),
    (re.compile(r"\^\{([^{}]*)\}"), r"^\1"),
    (re.compile(r"_\{([^{}]*)\}"), r" \1"),
    (re.compile(r"(?<=\w)_(?=\w)"), " "),
    (re.compile(r"\\([A-Za-z]+)"), r" \1 "),
    (re.compile(r"[{}\\$]"), " "),
)


def read_latex(text: str) -> str:
    """Return the inside of a formula with its commands as symbols and words."""
    for pattern, said in _LATEX:
        text = pattern.sub(said, text)
    return text.strip()
