"""Units of measure as data: the sign that is written, and how one and how many are called."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PREFIXES = {"k": "kilo", "M": "mega", "G": "giga", "T": "tera", "P": "peta"}
_UNITS = {
    "B": ("byte", "bytes"), "bit": ("bit", "bits"), "b": ("bit", "bits"),
    "Hz": ("hertz", "hertz"), "m": ("meter", "meters"), "g": ("gram", "grams"),
    "s": ("second", "seconds"), "sec": ("second", "seconds"), "secs": ("second", "seconds"),
    "min": ("minute", "minutes"), "mins": ("minute", "minutes"), "h": ("hour", "hours"),
    "hr": ("hour", "hours"), "hrs": ("hour", "hours"), "L": ("liter", "liters"),
    "l": ("liter", "liters"), "W": ("watt", "watts"), "V": ("volt", "volts"),
    "J": ("joule", "joules"), "N": ("newton", "newtons"), "Pa": ("pascal", "pascals"),
    "Wh": ("watt hour", "watt hours"), "ft": ("foot", "feet"), "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"), "oz": ("ounce", "ounces"), "mi": ("mile", "miles"),
    "yd": ("yard", "yards"), "mph": ("mile per hour", "miles per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"), "px": ("pixel", "pixels"),
    "fps": ("frame per second", "frames per second"), "dB": ("decibel", "decibels"),
    "rpm": ("revolution per minute", "revolutions per minute"),
    "dpi": ("dot per inch", "dots per inch"), "kcal": ("kilocalorie", "kilocalories"),
    "bps": ("bit per second", "bits per second"), "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"), "°": ("degree", "degrees"),
    "ha": ("hectare", "hectares"), "yr": ("year", "years"), "yrs": ("year", "years"),
    "wk": ("week", "weeks"), "wks": ("week", "weeks"), "mos": ("month", "months"),
    "eV": ("electron volt", "electron volts"),
    "mA": ("milliamp", "milliamps"), "mAh": ("milliamp hour", "milliamp hours"),
    "tsp": ("teaspoon", "teaspoons"), "tbsp": ("tablespoon", "tablespoons"),
    "atm": ("atmosphere", "atmospheres"), "ppm": ("part per million", "parts per million"),
    "Ω": ("ohm", "ohms"),
    "A": ("amp", "amps"), "F": ("farad", "farads"), "mol": ("mole", "moles"),
    "mmHg": ("millimeter of mercury", "millimeters of mercury"), "¢": ("cent", "cents"),
    "mpg": ("mile per gallon", "miles per gallon"), "gal": ("gallon", "gallons"),
    "bpm": ("beat per minute", "beats per minute"), "lm": ("lumen", "lumens"),
    "psi": ("pound per square inch", "pounds per square inch"), "cal": ("calorie", "calories"),
    "sq ft": ("square foot", "square feet"), "sqft": ("square foot", "square feet"),
    "Tsp": ("teaspoon", "teaspoons"), "Tbsp": ("tablespoon", "tablespoons"),
    "pp": ("percentage point", "percentage points"), "hPa": ("hectopascal", "hectopascals"),
}  # fmt: skip
_BINARY = {"Ki": "kibi", "Mi": "mebi", "Gi": "gibi", "Ti": "tebi"}


def _prefixed() -> dict[str, tuple[str, str]]:
    units = dict(_UNITS)
    for letter, prefix in _PREFIXES.items():
        for base in ("B", "bit", "Hz", "W", "Wh", "bps", "V", "J", "Pa", "eV"):
            units[letter + base] = (prefix + _UNITS[base][0], prefix + _UNITS[base][1])
        # GB is bytes and Gb is bits; both are seen.
        units[letter + "b"] = (prefix + "bit", prefix + "bits")
    units["KB"] = units["kB"]
    for letters, prefix in _BINARY.items():
        units[letters + "B"] = (prefix + "byte", prefix + "bytes")
    small = {
        "m": "milli", "µ": "micro", "μ": "micro", "n": "nano", "p": "pico", "k": "kilo",
        "c": "centi", "d": "deci",
    }  # fmt: skip
    for letter, prefix in small.items():
        for base in ("m", "g", "s", "L", "l", "W", "V", "A", "F", "J", "mol"):
            units[letter + base] = (prefix + _UNITS[base][0], prefix + _UNITS[base][1])
    units["us"] = units["µs"]
    # Alone these are words and names: "5 A", "400 F".
    del units["A"], units["F"]
    for base in ("m", "cm", "mm", "km", "ft"):
        one, many = units[base]
        for power, name in (("²", "square"), ("³", "cubic"), ("^2", "square"), ("^3", "cubic")):
            units[base + power] = (f"{name} {one}", f"{name} {many}")
    return units


UNITS = _prefixed()
PER = {
    "s": "second", "sec": "second", "s²": "second squared", "min": "minute", "h": "hour",
    "hr": "hour", "d": "day", "mo": "month", "yr": "year", "kg": "kilogram", "km": "kilometer",
    "m²": "square meter", "m³": "cubic meter", "L": "liter", "l": "liter", "mL": "milliliter",
    "dL": "deciliter", "mol": "mole", "night": "night", "share": "share", "lb": "pound",
    "oz": "ounce", "ft": "foot",
    "mi": "mile", "gal": "gallon", "unit": "unit", "item": "item", "call": "call", "seat": "seat",
    "second": "second", "minute": "minute", "hour": "hour", "day": "day", "week": "week",
    "month": "month", "year": "year", "user": "user", "person": "person", "token": "token",
    "request": "request", "GB": "gigabyte", "MB": "megabyte",
}  # fmt: skip


def either(names: Iterable[str]) -> str:
    """Return a pattern for any of `names`, the longest first."""
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
