"""Dates, times of day and years in English words."""

# ruff: noqa: SIM905 - long lists of words read better as lines of words

from __future__ import annotations

import re

from thinktalk.engines.cascade.speakable.numbers import cardinal, ordinal, year

_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_MONTH_OF = {name[:3].lower(): name for name in _MONTHS} | {"sept": "September"}
# "May" and "March" are words too, but before a number they are months.
_MONTH = (
    r"(?P<month>January|February|March|April|May|June|July|August|September|October|November"
    r"|December|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\b\.?)"
)
_YEAR = r"(?P<year>[12]\d{3})"
_CLOCK = r"(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?:\.\d+)?)?"
_HALF = r"(?P<half>[AaPp])(?P<dots>\.?)[Mm](?:(?P=dots)(?!\w))"
_ISO_DAY = r"(?P<year>[12]\d{3})-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01])"
WEEKDAYS = {
    day[:3]: day
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
}
_DAY = "|".join(WEEKDAYS)
_SHORT_MONTHS = "Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec"
_FATES = {"b": "born ", "d": "died "}
_DECADES = "twenties thirties forties fifties sixties seventies eighties nineties".split()
_YEAR_BEFORE = (
    r"(?:©|(?i:\b(?:in|since|until|till|by|from|of|during|before|after|year|early|mid|late|circa|ad|born|died|spring"
    r"|summer|autumn|fall|winter|copyright|around|[qh][1-4]))) ?"
)


def _month(text: str) -> str:
    return _MONTH_OF[text.rstrip(".").lower()[:3]]


def _day(month: str, day: str | int, year_text: str | None) -> str:
    said = f"{month} {ordinal(int(day))}"
    return f"{said}, {year(int(year_text))}" if year_text else said


def clock(hour: str, minute: str, second: str | None, half: str | None) -> str:
    """Return a time of day; `half` is "a" or "p" on a twelve-hour clock."""
    h, m = int(hour), int(minute)
    suffix = f" {half.upper()}-M" if half else ""
    if m:
        said = f"{cardinal(h)} {f'oh {cardinal(m)}' if m < 10 else cardinal(m)}"
    elif half:
        said = cardinal(h)
    elif h == 0:
        said = "midnight"
    else:
        said = f"{cardinal(h)} o'clock" if h <= 12 else f"{cardinal(h)} hundred"
    if second and int(second):
        said += f" and {cardinal(int(second))} seconds"
    return said + suffix


def _iso(match: re.Match[str]) -> str:
    said = _day(_MONTHS[int(match["month"]) - 1], match["day"], match["year"])
    if match["hour"]:
        said += f" at {clock(match['hour'], match['minute'], None, None)}"
        said += " U-T-C" if match["zone"] == "Z" else ""
    return said


def _logged(match: re.Match[str]) -> str:
    """10/Oct/2000:13:55:36 -0700, as web servers write it."""
    if match["month"].lower() not in _MONTH_OF:
        return match[0]
    day = _day(_month(match["month"]), match["day"], match["year"])
    return f"{day} at {clock(match['hour'], match['minute'], None, None)}"


def _slashed(match: re.Match[str]) -> str:
    first, second = int(match["a"]), int(match["b"])
    day_first = first > 12 or match["sep"] == "."
    day, month = (first, second) if day_first else (second, first)
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return match[0]
    return _day(_MONTHS[month - 1], day, match["year"])


def _timed(match: re.Match[str]) -> str:
    groups = match.groupdict()
    said = clock(match["hour"], groups.get("minute") or "00", groups.get("second"), match["half"])
    return said + _kept_stop(match)


def _kept_stop(match: re.Match[str]) -> str:
    """The stop of "p.m." may also end the sentence."""
    rest = match.string[match.end() :]
    return "." if match["dots"] and re.match(r"\s*$|\s+[A-Z]", rest) else ""


def _short_range(match: re.Match[str]) -> str:
    """1914–18, and 2024/25 for the year that begins in one and ends in the next."""
    first, second = int(match["a"]), int(match["b"])
    if match["sign"] == "/":
        is_range = second == (first + 1) % 100
    else:
        # 2010-12 is a month.
        is_range = second > first % 100 and (second > 12 or match["sign"] == "–")
    if not is_range:
        return match[0]
    return f"{year(first)} {'' if match['sign'] == '/' else 'to '}{cardinal(second)}"


def _days(match: re.Match[str]) -> str:
    stop = "." if match["stop"] and not match.string[match.end() :].lstrip(" ,") else ""
    return f"{WEEKDAYS[match['a']]} to {WEEKDAYS[match['b']]}{stop}"


def _decade(match: re.Match[str]) -> str:
    number = int(match["decade"])
    tens = number // 10 % 10
    if tens < 2:
        return f"{year(int((match['century'] or '') + match['decade']))}s"
    century = f"{cardinal(int(match['century']))} " if match["century"] else ""
    return century + _DECADES[tens - 2]


_HOURS = r"\d{1,2}(?::\d{2})?"
_RULES = (
    # From when to when; a plain range of numbers is not told by a clock or a month.
    (
        re.compile(
            rf"(?<![\w:.,-])(?P<a>\d{{1,2}}:\d{{2}}(?: ?[ap]m)?|{_HOURS} ?[ap]m"
            rf"|{_HOURS}(?=[-–]{_HOURS} ?[ap]m)) ?[-–] ?"
            rf"(?P<b>\d{{1,2}}:\d{{2}}|{_HOURS}(?= ?[ap]m))",
            re.IGNORECASE,
        ),
        lambda m: f"{m['a']} to {m['b']}",
    ),
    (re.compile(r"(?<=[A-Za-z.%°])–(?=[$€£]?\d)|(?<=\b[A-Z])–(?=[A-Z]\b)"), lambda m: " to "),
    (
        re.compile(rf"\b{_MONTH} ?[-–] ?(?={_MONTH.replace('month', 'to')}\b)"),
        lambda m: f"{_month(m['month'])} to ",
    ),
    (re.compile(rf"(?<=\bto )(?P<month>{_SHORT_MONTHS})\b"), lambda m: _month(m["month"])),
    (re.compile(rf"\b(?P<a>{_DAY})\b\.?[-–](?P<b>{_DAY})\b(?P<stop>\.?)"), _days),
    (re.compile(r"\b(?P<day>Tues|Thurs?|Weds)\b\.?"), lambda m: WEEKDAYS[m["day"][:3]]),
    (re.compile(r"(?<![\w.])ca?\. ?(?=\d{1,4} (?:BC|AD|CE))"), lambda m: "circa "),
    (re.compile(r"(?<![\w.])(?P<fate>[bd])\. (?=1\d{3}|20\d\d)"), lambda m: _FATES[m["fate"]]),
    (re.compile(r"\bT[-−](?=\d)"), lambda m: "T minus "),
    (re.compile(r"\b(?P<a>[Nn]oon|[Mm]idnight) ?[-–] ?(?=\d)"), lambda m: f"{m['a']} to "),
    (re.compile(r"(?<=\d:\d\d)Z\b"), lambda m: " UTC"),
    (re.compile(r"\b(?P<zone>UTC|GMT)[-−](?=\d)"), lambda m: f"{m['zone']} minus "),
    (re.compile(r"(?<![\w.])ca?\. ?(?=[12]\d{3}\b)"), lambda m: "circa "),
    (re.compile(r"(?<=[QH][1-4])'(?=\d\d\b)"), lambda m: " "),
    (
        re.compile(rf"\b(?P<day>{'|'.join(WEEKDAYS)})\b[.,]* (?=\d|the \d|{_MONTH})"),
        lambda m: f"{WEEKDAYS[m['day']]}, ",
    ),
    (
        re.compile(
            r"\b(?P<book>[A-Z][a-z]+ \d{1,3}):(?P<a>\d{1,3})[-–](?P<b>\d{1,3})(?![\d:]| ?[ap]m)"
        ),
        lambda m: f"{m['book']}, {cardinal(int(m['a']))} to {cardinal(int(m['b']))}",
    ),
    (
        re.compile(r"\b(?P<a>1[5-9]\d\d|20\d\d)(?P<sign>[-–/])(?P<b>\d\d)\b(?![-–/.\d])"),
        _short_range,
    ),
    (
        re.compile(
            rf"\b(?P<start>{_MONTH} \d{{1,2}}) ?[-–] ?(?P<end>\d{{1,2}})(?:, {_YEAR})?"
            r"(?![\d:%-])"
        ),
        lambda m: (
            f"{m['start']} to the {ordinal(int(m['end']))}"
            + (f", {year(int(m['year']))}" if m["year"] else "")
        ),
    ),
    (
        re.compile(
            rf"\b{_ISO_DAY}(?:[T ](?P<hour>\d\d):(?P<minute>\d\d)(?::\d\d(?:\.\d+)?)?"
            r"(?P<zone>Z|[+-]\d\d:?\d\d)?)?(?![\d-])"
        ),
        _iso,
    ),
    (
        re.compile(
            r"\b(?P<day>\d\d)/(?P<month>[A-Z][a-z]{2})/(?P<year>[12]\d{3}):(?P<hour>\d\d)"
            r":(?P<minute>\d\d):\d\d(?: [+-]\d{4})?\b"
        ),
        _logged,
    ),
    (re.compile(r"\b(?P<a>\d\d?)(?P<sep>[/.])(?P<b>\d\d?)(?P=sep)(?P<year>[12]\d{3})\b"), _slashed),
    (
        re.compile(
            rf"\b{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? {_YEAR})?(?![\d.:%]\d|\d)"
        ),
        lambda m: _day(_month(m["month"]), m["day"], m["year"]),
    ),
    (
        re.compile(
            rf"\b(?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{_MONTH}(?:,? {_YEAR}\b)?"
        ),
        lambda m: (
            f"the {ordinal(int(m['day']))} of {_month(m['month'])}"
            + (f", {year(int(m['year']))}" if m["year"] else "")
        ),
    ),
    (
        re.compile(rf"\b{_MONTH},? {_YEAR}\b"),
        lambda m: f"{_month(m['month'])} {year(int(m['year']))}",
    ),
    # "30s" alone is a duration; a decade has a century, an apostrophe or a word before it.
    (
        re.compile(
            r"(?<![\w.])(?:'|(?=(?:1\d|20)\d0|\d0's)|(?<=\bthe )|(?<=\bhis )|(?<=\bher )"
            r"|(?<=\btheir )|(?<=\bmy )|(?<=\bmid-)|(?<=\bearly )|(?<=\blate ))"
            r"(?P<century>1\d|20)?(?P<decade>\d0)'?s\b"
        ),
        _decade,
    ),
    (re.compile(rf"(?<![\d:.]){_CLOCK} ?{_HALF}"), _timed),
    (re.compile(rf"(?<![\d:.$])(?P<hour>1[0-2]|0?[1-9]) ?{_HALF}"), _timed),
    (
        re.compile(rf"(?<![\d:.]){_CLOCK}(?![\d:])"),
        lambda m: clock(m["hour"], m["minute"], m["second"], None),
    ),
    (
        re.compile(r"\b(?P<a>1[5-9]\d\d|20\d\d) ?[-–—] ?(?P<b>1[5-9]\d\d|20\d\d)\b(?![-–.\d])"),
        lambda m: f"{year(int(m['a']))} to {year(int(m['b']))}",
    ),
    (
        re.compile(
            rf"(?P<before>{_YEAR_BEFORE})(?P<y>1[1-9]\d\d|20\d\d)\b(?![.,:/%-]\d| ?[a-z]+s\b)"
        ),
        lambda m: f"{m['before']}{year(int(m['y']))}",
    ),
    (re.compile(r"\((?P<y>1[1-9]\d\d|20\d\d)\)"), lambda m: f"({year(int(m['y']))})"),
)


def read_dates(text: str) -> str:
    """Replace dates, times and years in `text` by words."""
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return text
