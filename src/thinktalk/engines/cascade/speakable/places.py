"""Street addresses in English words, as they are read in the United States."""

from __future__ import annotations

import re

from thinktalk.engines.cascade.speakable.numbers import digits, grouped

_STREETS = {
    "St": "Street", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Ln": "Lane", "Dr": "Drive",
    "Ct": "Court", "Pl": "Place", "Sq": "Square", "Hwy": "Highway", "Pkwy": "Parkway",
}  # fmt: skip
_SIDES = {
    "N": "North", "S": "South", "E": "East", "W": "West", "NE": "Northeast", "NW": "Northwest",
    "SE": "Southeast", "SW": "Southwest",
}  # fmt: skip
_UNITS = {"Apt": "Apartment", "Ste": "Suite", "Fl": "Floor"}
_STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California",
    "CO": "Colorado", "CT": "Connecticut", "DE": "Delaware", "DC": "D-C", "FL": "Florida",
    "GA": "Georgia", "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana",
    "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine",
    "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota",
    "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada",
    "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York",
    "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon",
    "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota",
    "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia",
    "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip
_STARTS = "(?:The|This|It|In|He|She|We|They|You|But|And)"
_KINDS = "|".join([*_STREETS, *_STREETS.values()])
_SIDE = "|".join(sorted(_SIDES, key=len, reverse=True))


def _street(match: re.Match[str]) -> str:
    side, kind, to = match["side"], match["kind"], match["to"]
    return " ".join(
        filter(
            None,
            (
                _house(match["house"]),
                side and _SIDES[side],
                match["name"],
                _STREETS.get(kind, kind),
                to and _SIDES[to],
            ),
        )
    )


def _named_street(match: re.Match[str]) -> str:
    ends = re.match(r"\s*$|\s+[A-Z]", match.string[match.end() :])
    return f"{match['name']} {_STREETS[match['kind']]}{match['stop'] if ends else ''}"


def _house(number: str) -> str:
    """Up to four figures in pairs, more one by one."""
    figures, letter = re.fullmatch(r"(\d+)([A-Z]?)", number).groups()  # type: ignore[union-attr]
    said = digits(figures) if len(figures) > 4 else grouped(figures)
    return f"{said} {letter}".strip()


def _zip(match: re.Match[str]) -> str:
    return f"{_STATES[match['state']]} {digits(match['zip'])}"


_RULES = (
    (
        re.compile(
            rf"\b(?P<house>\d{{1,5}}[A-Z]?) (?:(?P<side>{_SIDE})\.? )?"
            rf"(?P<name>(?:[A-Z][\w']*|\d+(?:st|nd|rd|th))(?: [A-Z][\w']*){{0,2}}?)"
            rf" (?P<kind>{_KINDS})\b"
            # The stop of "St." may end the sentence.
            rf"(?:\.(?!\s*$|\s+[A-Z]))?(?: (?P<to>{_SIDE})\b)?"
        ),
        _street,
    ),
    # Without a number: "Main St.", but "St. Louis".
    (
        re.compile(
            r"\b(?P<name>[A-Z][a-z]+|\d+(?:st|nd|rd|th)) (?P<kind>St|Ave|Blvd|Rd)\b"
            rf"(?P<stop>\.(?=\s*$|\s+{_STARTS}\b)|\.(?!\s+[A-Z])|(?!\.|\s+[A-Z]))"
        ),
        _named_street,
    ),
    (
        re.compile(r"\b(?P<unit>Apt|Ste|Fl)\b\.? ?#?(?=\d)"),
        lambda m: _UNITS[m["unit"]] + " ",
    ),
    (re.compile(rf"\b(?P<state>{'|'.join(_STATES)}),? (?P<zip>\d{{5}}(?:-\d{{4}})?)\b"), _zip),
    (
        re.compile(
            r"(?i)(?P<call>\b(?:call|dial|text|ring|phone|ending in) )(?P<n>\d{3,6})\b"
            r"(?![-–,.]\d| [a-z])"
        ),
        lambda m: m["call"] + digits(m["n"]),
    ),
)


def read_places(text: str) -> str:
    """Replace street addresses and short numbers to call in `text` by words."""
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return text
