"""Chemical formulas in English words: the symbols are spelled, the numbers called.

Knows nothing of reactions: arrows and signs between formulas are symbols like others.
"""

# ruff: noqa: SIM905 - long lists of words read better as lines of words

from __future__ import annotations

import re

from thinktalk.engines.cascade.speakable.code import spell
from thinktalk.engines.cascade.speakable.numbers import decimal

_ELEMENTS = (
    "Ac Ag Al Am Ar As At Au Ba Be Bi Br Ca Cd Ce Cl Co Cr Cs Cu Dy Er Eu Fe Fr Ga Gd Ge He Hf Hg"
    " Ho In Ir Kr La Li Lu Mg Mn Mo Na Nb Nd Ne Ni Np Os Pa Pb Pd Pm Po Pr Pt Pu Ra Rb Re Rh Rn Ru"
    " Sb Sc Se Si Sm Sn Sr Ta Tb Tc Te Th Ti Tl Tm Xe Yb Zn Zr B C F H I K N O P S U V W Y"
).split()
_PLAIN = frozenset("NaCl NaOH NaF KCl KBr KOH HCl HBr LiCl CaO MgO ZnO ZnS CuO FeS".split())
"""Formulas without a number that are no other words."""
_ELEMENT = "|".join(_ELEMENTS)
_GROUP = rf"(?:{_ELEMENT})\d{{0,2}}"
_FORMULA = re.compile(
    rf"(?<![\w.-])(?P<count>\d{{1,2}})?(?P<formula>(?:{_GROUP}|\((?:{_GROUP}){{1,4}}\)\d?){{1,8}})"
    r"(?P<charge>(?:(?<=\d)|(?<=\w)\^)\d?[-+−](?!\w))?(?!\w)"
)
_PART = re.compile(rf"\d+|(?:{_ELEMENT})+")


def _said(match: re.Match[str]) -> str:
    formula, charge = match["formula"].strip("()"), match["charge"] or ""
    symbols = re.findall("[A-Z]", formula)
    is_formula = len(symbols) > 1 and (formula in _PLAIN or re.search(r"\d", formula))
    if not charge and not is_formula:
        return match[0]
    parts = _PART.findall(formula)
    words = [decimal(part) if part.isdecimal() else spell(part) for part in parts]
    number = re.search(r"\d", charge)
    sign = ("plus" if "+" in charge else "minus") if charge else None
    said = [match["count"] and decimal(match["count"]), *words, number and decimal(number[0]), sign]
    return " ".join(filter(None, said))


def read_chemistry(text: str) -> str:
    """Replace chemical formulas in `text` by words."""
    return _FORMULA.sub(_said, text)
