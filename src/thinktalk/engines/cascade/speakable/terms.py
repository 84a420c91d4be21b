"""Status codes, acronyms, abbreviations, identifiers and roman numerals in English."""

# ruff: noqa: SIM905 - long lists of words read better as lines of words

from __future__ import annotations

import re

from thinktalk.engines.cascade.speakable.code import name, spell
from thinktalk.engines.cascade.speakable.numbers import (
    cardinal,
    digits,
    grouped,
    ordinal,
    roman,
)

_ABBREVIATIONS = {
    "Dr.": "Doctor", "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Mizz", "Prof.": "Professor",
    "Jr.": "Junior", "Sr.": "Senior", "vs.": "versus", "approx.": "approximately",
    "Inc.": "Incorporated", "Ltd.": "Limited", "Corp.": "Corporation", "Dept.": "Department",
    "dept.": "department", "e.g.": "for example", "i.e.": "that is", "est.": "estimated",
    "incl.": "including", "excl.": "excluding", "cf.": "compare", "Gen.": "General",
    "Sen.": "Senator", "Rep.": "Representative", "Gov.": "Governor", "Mt.": "Mount",
    "Ave.": "Avenue", "Blvd.": "Boulevard", "a.k.a.": "also known as", "w.r.t.": "with respect to",
    "max.": "maximum", "min.": "minimum", "avg.": "average", "resp.": "respectively",
}  # fmt: skip
_SPOONS = {"tsp": "teaspoon", "tbsp": "tablespoon"}
_FUNCTIONS = {"sin": "sine", "cos": "cosine", "tan": "tangent", "ln": "natural log"}
_KEYS = {"Ctrl": "Control", "Cmd": "Command", "Esc": "Escape", "Del": "Delete"}
_SPANS = {"Y": "year", "Q": "quarter", "M": "month"}
_WORDS = frozenset(
    "A I AM AN AND ANY ARE AS AT BE BUT BY CAN DO FOR GET GO HAS HE HER HIM HIS HOW IF IN IS IT ITS"
    " LET MAY ME MY NEW NO NOT NOW OF OFF OH ON ONE OR OUR OUT PUT RUN SAY SEE SET SHE SO THE TO"
    " TOO TWO UP US USE WAS WAY WE WHO WHY YES YET YOU ALL ADD END OLD TOP DAY BIG TRY HEY HI OKAY"
    " NOTE TRUE FALSE NULL NONE POST PUT HEAD PATCH DELETE TRACE OPTIONS REST WARNING ERROR".split()
)
_NAMES = ("US", "IT", "WHO")  # but words where other words are in capitals too
_AS_WORDS = frozenset(
    "NASA NATO JSON YAML TOML ASCII GUI SIM RAM ROM LAN WAN POSIX UNICEF UNESCO AIDS SCUBA LASER"
    " CUDA BERT CRUD SHA MIDI JPEG PING MIME SOAP CORS RAID BIOS VRAM LIDAR NASDAQ FIFO LIFO ONNX"
    " OPEC REPL SAML SOTA LORA DAG GIF PIN VAT COVID IKEA NUMA SLAM DIMM".split()
)
_SPELLED_LONG = frozenset(
    "IEEE NYSE ISBN IBAN ESPN UCLA USPS AFAIK UUID HDMI SATA AWS ISO USDA UTC ASAP DIY FAQ IOS AJAX"
    " IDE UEFI OAUTH EOF".split()
)
_STATUS_PHRASE = (
    r"(?:OK|Created|Accepted|No Content|Moved|Found|Not Modified|Bad Request|Unauthorized|Forbidden"
    r"|Not Found|Method Not|Conflict|Gone|Too Many|Unprocessable|Internal Server|Not Implemented"
    r"|Bad Gateway|Service Unavailable|Gateway Time|errors?\b|responses?\b|status\b|codes?\b)"
)
_KINGS = (
    r"(?:Henry|Louis|Elizabeth|Charles|George|William|Edward|Richard|James|John Paul|Pius|Benedict"
)
_KINGS += r"|Philip|Alexander|Nicholas|Catherine|Napoleon|Frederick|Ramesses)"
_ROMAN = r"(?=[IVX])(?:X{0,3})(?:IX|IV|V?I{0,3})"
_NUMBERED = (
    r"(?:World War|War|Chapter|Part|Volume|Section|Phase|Type|Appendix|Act|Scene|Level|Title"
)
_NUMBERED += r"|Article|Book|Season|Rocky|Final Fantasy|Super Bowl)"
_PLAIN_LETTERS = re.compile(r"(?<![\w'-])(?P<caps>[A-Z]{2,})(?P<plural>s?)(?![\w])")


def _is_shouted(text: str) -> bool:
    """Whether plain words of it are in capitals."""
    return any(word in _WORDS and word not in _NAMES for word in re.findall(r"\b[A-Z]{2,}\b", text))


def _acronym(match: re.Match[str]) -> str:
    caps, plural = match["caps"], match["plural"]
    if caps in _AS_WORDS:
        return match[0]
    if caps == "OK":
        return "okay"
    if caps in _NAMES and not _is_shouted(match.string):
        return spell(caps) + plural
    if caps in _WORDS:
        return match[0].lower()
    has_vowel = re.search(r"[AEIOUY]", caps)
    if caps in _SPELLED_LONG or len(caps) <= 3 or (not has_vowel and len(caps) <= 8):
        return spell(caps) + plural
    return match[0].lower()


def _abbreviation(match: re.Match[str]) -> str:
    return _ABBREVIATIONS[match[0]]


def _et_cetera(match: re.Match[str]) -> str:
    rest = match.string[match.end() :]
    return "et cetera" + (
        "." if match[0].endswith(".") and re.match(r"\s*$|\s+[A-Z]", rest) else ""
    )


def _initials(match: re.Match[str]) -> str:
    rest = match.string[match.end() :]
    stop = "." if re.match(r"\s*$|\s+(?:The|This|It|In|He|She|We|They|But|And)\b", rest) else ""
    return "-".join(re.findall(r"[A-Za-z]", match[0])).upper() + stop


def _function(match: re.Match[str]) -> str:
    base = f" base {match[2]}" if match[2] else ""
    return f"{_FUNCTIONS.get(match[1], match[1])}{base} of {match[3]}"


def _called(text: str) -> str:
    return "-".join(digits(c) if c.isdecimal() else c.upper() for c in text)


def _mixed(match: re.Match[str]) -> str:
    """H100, MP3, utf8mb4, x86_64: letters as they are called, numbers as they are called out."""
    parts = re.findall(r"\d+|[^\W\d_]+", match[0])
    return " ".join(grouped(part) if part.isdecimal() else part for part in parts)


_KNOWN = "|".join(re.escape(short) for short in sorted(_ABBREVIATIONS, key=len, reverse=True))
_RULES = (
    (re.compile(rf"(?<![\w.])(?:{_KNOWN})(?!\w)"), _abbreviation),
    (re.compile(r"(?<![\w.])(?<!slash )etc\b\.?"), _et_cetera),
    (re.compile(r"\b(?P<a>[YQM])o(?P=a)\b"), lambda m: f"{_SPANS[m['a']]} over {_SPANS[m['a']]}"),
    (
        re.compile(r"\b(?P<n>40[13])\((?P<l>[a-z])\)"),
        lambda m: f"{grouped(m['n'])} {m['l'].upper()}",
    ),
    (re.compile(r"\bPh\.?D\b\.?"), lambda m: "P-H-D"),
    (re.compile(r"\bvs\b"), lambda m: "versus"),
    (re.compile(r"\b(?P<t>tsp|tbsp)\b\.?"), lambda m: _SPOONS[m["t"]]),
    (re.compile(r"\bWW(?P<n>I{1,2})\b"), lambda m: f"World War {cardinal(len(m['n']))}"),
    (re.compile(r"\b0x(?P<h>[0-9A-Fa-f]{1,16})\b"), lambda m: f"hex {_called(m['h'])}"),
    (re.compile(r"\b0o(?P<o>[0-7]{1,32})\b"), lambda m: f"octal {digits(m['o'])}"),
    (re.compile(r"\b0b(?P<b>[01]{1,64})\b"), lambda m: f"binary {digits(m['b'])}"),
    (
        re.compile(r"\b(?P<a>[A-Z]{1,3})&(?P<b>[A-Z]{1,3})\b"),
        lambda m: f"{spell(m['a'])} and {spell(m['b'])}",
    ),
    (re.compile(r"\b[Nn]/[Aa]\b"), lambda m: "not applicable"),
    (re.compile(r"\b(?P<a>[A-Z])/(?P<b>[A-Z])\b(?!/)"), lambda m: f"{m['a']} {m['b']}"),
    (re.compile(r"\bSt\. (?=[A-Z])"), lambda m: "Saint "),
    (re.compile(r"(?<![\w.])(?:[A-Za-z]\.){2,}(?!\w)"), _initials),
    (re.compile(r"\bHTTP/(?=\d)"), lambda m: "HTTP "),
    (
        re.compile(
            r"(?i)(?P<before>\b(?:http|status(?: codes?)?|codes?|errors?|returns?|responds? with"
            r"|returned|got an?|gives?) (?:an? |the )?)(?P<code>[1-5]\d\d)\b(?![.,:/%-]\d)"
            r"(?! ?(?:%|[a-z]+s\b))"
        ),
        lambda m: m["before"] + grouped(m["code"]),
    ),
    (re.compile(rf"\b(?P<code>[1-5]\d\d)(?= {_STATUS_PHRASE})"), lambda m: grouped(m["code"])),
    (re.compile(r"\b(?P<n>[1-5])xx\b"), lambda m: f"{cardinal(int(m['n']))} x x"),
    (
        re.compile(r"(?P<what>\b[Pp]orts?) (?P<n>\d{2,5})\b"),
        lambda m: f"{m['what']} {grouped(m['n'])}",
    ),
    (
        re.compile(
            r"\b(?P<what>ISO|RFC|UTF|SHA|AES|GPT|RSA|IEEE|RTX|GTX|RX|Boeing|Flight|Route)[ -]?"
            r"(?P<n>\d{1,5})\b(?!\.\d)"
        ),
        lambda m: f"{m['what']} {grouped(m['n'])}",
    ),
    (
        re.compile(rf"\b(?P<what>{_NUMBERED}) (?P<roman>{_ROMAN})\b(?!')"),
        lambda m: f"{m['what']} {cardinal(roman(m['roman']))}",
    ),
    (
        re.compile(rf"\b(?P<king>{_KINGS}) (?P<roman>(?!I\b){_ROMAN})\b(?!')"),
        lambda m: f"{m['king']} the {ordinal(roman(m['roman']))}",
    ),
    (re.compile(r"\bC\+\+"), lambda m: "C plus plus"),
    (re.compile(r"\b(?P<l>[CF])#"), lambda m: f"{m['l']} sharp"),
    (re.compile(r"\bb/c\b"), lambda m: "because"),
    (re.compile(r"\bw/in\b"), lambda m: "within"),
    (re.compile(r"\bIPv(?=\d)"), lambda m: "I-P v "),
    (re.compile(r"\b(?P<key>Ctrl|Cmd|Esc|Del)\b"), lambda m: _KEYS[m["key"]]),
    (re.compile(r"\bw/o\b"), lambda m: "without"),
    (re.compile(r"\bw/(?=\s|\w)"), lambda m: "with "),
    (re.compile(r"\b(?P<a>[A-Z]{2,})/(?P<b>[A-Z]{2,})\b"), lambda m: f"{m['a']} {m['b']}"),
    (re.compile(r"\b(log|ln|sin|cos|tan|exp)(\d*)\(([^()]{1,20})\)"), _function),
    (re.compile(r"\bOAuth\b"), lambda m: "O Auth"),
    (re.compile(r"(?<![\w-])--(?=[a-z][\w-]*)"), lambda m: "dash dash "),
    (re.compile(r"(?<=[A-Za-z0-9_])\(\)"), lambda m: ""),
    (re.compile(r"(?<=\w)::(?=\w)"), lambda m: " "),
    (re.compile(r"(?<=[a-z_])\.(?=[a-z_]{2,})(?!\w*://)"), lambda m: " dot "),
    (re.compile(r"\b(?:__)?[^\W\d_]+\d*(?:_+\w+)+"), lambda m: _identifier(m[0])),
    (re.compile(r"\b[a-z]{2,}(?:[A-Z][a-z0-9]*)+\b"), lambda m: name(m[0])),
    (re.compile(r"(?<![\w-])(?P<a>[a-z])[-−](?=\d+(?![\w-]))"), lambda m: f"{m['a']} minus "),
    (
        re.compile(
            r"\b(?:[^\W\d_]{1,6}-?\d{1,4}(?:[^\W\d_]{1,3}\d*)?|\d{1,4}[^\W\d_]{1,3}\d+)\b(?!\.\d)"
        ),
        lambda m: _mixed(m),
    ),
    (_PLAIN_LETTERS, _acronym),
)


def _identifier(text: str) -> str:
    if re.search(r"\d", text):
        return _mixed_name(text)
    return name(text)


def _mixed_name(text: str) -> str:
    return " ".join(
        grouped(part) if part.isdecimal() else name(part)
        for word in text.split("_")
        for part in re.findall(r"\d+|[^\W\d_]+", word)
    )


def read_terms(text: str) -> str:
    """Replace technical terms and abbreviations in `text` by words."""
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return text
