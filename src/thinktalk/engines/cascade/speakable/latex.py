"""Formulas in LaTeX: commands become the signs and words that later rules read."""

from __future__ import annotations

import re

_COMMANDS = {
    "times": "×", "cdot": "×", "div": "÷", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠",
    "neq": "≠", "approx": "≈", "pm": "±", "infty": "∞", "to": "→", "rightarrow": "→",
    "Rightarrow": "→", "in": "∈", "notin": "∉", "cup": "∪", "cap": "∩", "forall": "∀",
    "exists": "∃", "subset": "⊂", "subseteq": "⊆", "equiv": "≡", "propto": "∝", "emptyset": "∅",
    "land": "∧", "lor": "∨", "neg": "¬", "partial": "∂", "implies": "implies",
    "iff": "if and only if", "mid": "given", "sim": "is distributed as", "circ": "composed with",
    "int": "integral of", "sum": "sum of", "prod": "product of", "sin": "sine", "cos": "cosine",
    "tan": "tangent", "ln": "natural log of", "pmod": "mod", "bmod": "mod", "ldots": "and so on",
    "dots": "and so on", "cdots": "and so on", "lfloor": "floor of", "rfloor": "",
    "lceil": "ceiling of", "rceil": "", "vec": "vector", "ell": "l",
}  # fmt: skip
_UNSPOKEN = "left|right|quad|qquad|displaystyle|mathcal|limits|big|Big|bigl|bigr|,|;|!|:"
_BOUND = r"(?:\{([^{}]*)\}|(\w+|\\[a-z]+))"

# What is in braces is read from the inside out, as long as one of these finds something.
_NESTED = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"\\sqrt\s*\{([^{}]*)\}", r"√\1"),
        (
            r"\\(?:text|textbf|textit|math(?:rm|bf|bb|it|sf|cal)|operatorname|boxed)\s*\{([^{}]*)\}",
            r" \1 ",
        ),
        (r"([_^])\{(\w+)\}", r"\1\2"),
        (r"\\(hat|bar|tilde|dot)\s*\{?([A-Za-z])\}?", r" \2 \1 "),
        (r"\\binom\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r" \1 choose \2 "),
        (r"\\[dt]?frac\s*\{(\d+)\}\s*\{(\d+)\}", r" \1/\2 "),
        (r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r" \1 over \2 "),
    )
)
_RULES = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"\\lim_\{([^{}]*?)\\to([^{}]*)\}", r" limit as \1 goes to \2 of "),
        (rf"(\\(?:int|sum|prod))_{_BOUND}\^{_BOUND}", r"\1 from \2\3 to \4\5 of "),
        (rf"(\\(?:int|sum|prod))_{_BOUND}", r"\1 over \2\3 of "),
        (r"\\(int|sum|prod) (?=from|over)", lambda m: f"{_COMMANDS[m[1]][:-3]} "),
        (rf"\\log_{_BOUND}", r" log base \1\2 of "),
        (r"\^\{?\\circ\}?", " degrees "),
        (rf"\\(?:{_UNSPOKEN})(?![A-Za-z])", " "),
        (r"\bP\(([^()|]*?)(?:\||\\mid\b)([^()]*)\)", r"P of \1 given \2"),
        (r"\|([^|]{1,40})\|", r" absolute value of \1 "),
        (r"(?<=[\w)])!(?!=)", " factorial "),
        (r"\b([fghFGHPO]'?)\s*\(([^()]*)\)", r"\1 of \2"),
        (r"\b([fghFGH])'", r"\1 prime"),
        (r"(?<![\\A-Za-z])d([rstuvxyz])\b", r"d \1"),
        (r"(?<![\\A-Za-z])(\d+)([a-z])([a-z])(?![A-Za-z])", r"\1 \2 \3"),
        (r"(?<=[\w)}]) *[-−] *(?=[\w(\\√])", " minus "),
        (r"^\s*[-−] *(?=[A-Za-z\\])", "minus "),
        (r"(?<=[A-Za-z0-9)])\(", r" times ("),
        (r"[()]", " "),
        (r"\^\{([^{}]*)\}", r"^\1"),
        (r"_\{([^{}]*)\}", r" \1"),
        (r"(?<=\w)_(?=\w)", " "),
        (r"\\([A-Za-z]+)", lambda m: f" {_COMMANDS.get(m[1], m[1])} "),
        (r"[{}\\$]", " "),
        (r" {2,}", " "),
    )
)


def read_latex(text: str) -> str:
    """Return the inside of a formula with its commands as signs and words."""
    before = ""
    while before != text:
        before = text
        for pattern, nested in _NESTED:
            text = pattern.sub(nested, text)
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return text.strip()
