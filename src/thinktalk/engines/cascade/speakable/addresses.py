"""Web addresses, e-mail, file paths, network addresses and phone numbers in English words."""

from __future__ import annotations

import re

from thinktalk.engines.cascade.speakable.code import SPELLED, name, spell
from thinktalk.engines.cascade.speakable.numbers import decimal, digits, grouped

_TLD = r"(?:com|org|net|io|dev|ai|app|edu|gov|co|uk|de|fr|es|it|eu|info|cloud|tech|me)"
_EXTENSION = (
    r"(?:py|js|ts|tsx|jsx|json|ya?ml|toml|txt|md|sh|bash|c|h|cpp|hpp|rs|go|java|rb|php|html?|css"
    r"|csv|xml|sql|log|conf|cfg|ini|env|lock|pdf|png|jpe?g|gif|svg|wav|mp3|mp4|zip|gz|tar|exe|dll"
    r"|so|bin|onnx|gguf|ipynb|docx?|xlsx?|pptx?)"
)
_SPOKEN_SEGMENTS = 2  # of a long web path; the rest is noise to a listener
_HASH = r"(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}"
_HASH_CHARACTERS = 8


def _segment(text: str) -> str:
    """One part of a path or host: words, with extension and separators spoken."""
    stem, dot, extension = text.rpartition(".")
    if dot:
        return f"{_segment(stem)} dot {_extension(extension)}".strip()
    pieces = re.split(r"[-_+\s%=]+", text)
    return " ".join(re.sub(r"^v(?=\d+$)", "v ", name(piece)) for piece in pieces if piece)


def _extension(text: str) -> str:
    bare = text.lower()
    return spell(text) if bare in SPELLED else name(text)


def _host(text: str) -> str:
    text = re.sub(r"(?i)^www\.", "", text).replace("-", " dash ").replace(".", " dot ")
    return re.sub(r"\b\d+\b", lambda match: grouped(match[0]), text)


def _port(text: str | None) -> str:
    return f" port {grouped(text)}" if text else ""


def _url(match: re.Match[str]) -> str:
    address = match[0].rstrip(".,;:!?'*_")
    tail = match[0][len(address) :]
    rest = re.sub(r"^[a-zA-Z]+://", "", address)
    rest = re.split(r"[?#]", rest)[0]
    place, *path = rest.split("/")
    host, _, port = place.rpartition("@")[2].partition(":")
    said = _host(host) + (_port(port) if port.isdecimal() else "")
    for segment in [part for part in path if part][:_SPOKEN_SEGMENTS]:
        said += f" slash {_segment(segment)}"
    return said + tail.strip("'*_")


def _email(match: re.Match[str]) -> str:
    user = match["user"]
    for mark, said in ((".", " dot "), ("_", " underscore "), ("-", " dash "), ("+", " plus ")):
        user = user.replace(mark, said)
    return f"{user} at {_host(match['host'])}"


def _path(match: re.Match[str]) -> str:
    text = match[0]
    stop = "." if text.endswith(".") else ""
    text = re.sub(r"^(?:\.{1,2}/)+", "", text.rstrip("."))
    home = text.startswith("~/")
    text = text.removeprefix("~")
    parts = [_segment(part) for part in text.split("/")]
    said = " slash ".join(parts) if parts[0] else "slash " + " slash ".join(parts[1:])
    return ("home " if home else "") + said.removesuffix(" slash ").strip() + stop


def _windows(match: re.Match[str]) -> str:
    parts = [_segment(part) for part in match["path"].split("\\") if part]
    return f"{match['drive']} drive, " + " backslash ".join(parts)


def _address(match: re.Match[str]) -> str:
    octets = " dot ".join(grouped(octet) for octet in match["ip"].split("."))
    return (
        octets + _port(match["port"]) + (f" slash {decimal(match['net'])}" if match["net"] else "")
    )


def _wide_address(match: re.Match[str]) -> str:
    """An IPv6 address, character by character."""
    address, _, net = match[0].partition("/")
    if not re.search(r"\d", address) or ("::" not in address and address.count(":") < 7):
        return match[0]
    groups = [_spelled(re.sub(r"^0+(?=.)", "", group)) for group in address.split(":")]
    said = re.sub(" +", " ", " colon ".join(groups)).strip()
    return said + (f" slash {decimal(net)}" if net else "")


def _spelled(text: str) -> str:
    figures = text.isdecimal() and len(text) > 2
    said = (digits(character) if character.isdecimal() else character.upper() for character in text)
    return (" " if figures else "-").join(said)


def _phone(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    plus = "plus " if match[0].startswith("+") else ""
    extension = f" extension {digits(groups.pop())}" if match["extension"] else ""
    return plus + ", ".join(digits(group) for group in groups) + extension


def _hash(match: re.Match[str]) -> str:
    said = "-".join(
        digits(character) if character.isdecimal() else character.upper()
        for character in match[0][:_HASH_CHARACTERS]
    )
    return said if len(match[0]) <= _HASH_CHARACTERS else f"{said} and so on"


_RULES = (
    (
        re.compile(r"(?i)\b(?:https?|ftp|wss?|file)://[^\s<>()\[\]\"`]+|\bwww\.[^\s<>()\[\]\"`]+"),
        _url,
    ),
    (re.compile(r"(?P<user>[\w.+-]{1,64})@(?P<host>[\w-]+(?:\.[\w-]+){1,4})\b"), _email),
    (
        re.compile(
            r"(?<![\w.])(?P<ip>(?:[12]?\d?\d\.){3}[12]?\d?\d)(?::(?P<port>\d{2,5}))?"
            r"(?:/(?P<net>\d\d?))?(?![\w.]\d)"
        ),
        _address,
    ),
    (
        re.compile(
            r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?:/\d{1,3})?(?![\w:.]\w)"
        ),
        _wide_address,
    ),
    (
        re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:])"),
        lambda m: ", ".join(map(_spelled, m[0].split(":"))),
    ),
    (re.compile(r"\blocalhost:(?P<port>\d{2,5})"), lambda m: "localhost" + _port(m["port"])),
    (
        re.compile(r"(?<!\w)(?P<drive>[A-Z]):\\(?P<path>[\w .-]*\w(?:\\[\w.-]+)*)"),
        _windows,
    ),
    (
        re.compile(
            r"(?<![\w/.~])(?:~|\.{1,2})?(?:/[\w.@+-]+){2,}/?|(?<![\w/.])(?:~|\.{1,2})/[\w.-]+"
            r"|(?<![^\s(\[\"'`=:,])/[A-Za-z][\w.-]*"
        ),
        _path,
    ),
    (re.compile(rf"(?<![\w/])(?:[\w-]+/)+[\w-]+(?:\.[\w-]+)*\.{_EXTENSION}\b"), _path),
    (
        re.compile(rf"(?<!\S)\*\.(?P<extension>{_EXTENSION})\b"),
        lambda m: f"star dot {_extension(m[1])}",
    ),
    (re.compile(r"\b(?P<name>[A-Z][a-z]+)\.js\b"), lambda m: f"{m['name']} J-S"),
    (
        re.compile(rf"(?<![\w.@])[\w-]+(?:\.[\w-]+)*\.{_EXTENSION}\b(?![\w(]|\.\w)"),
        lambda m: _segment(m[0]),
    ),
    (
        re.compile(rf"(?<![\w.@])(?:[a-z0-9-]+\.)+{_TLD}\b(?::\d+)?(?:/[\w./-]*\w)?"),
        _url,
    ),
    (re.compile(r"(?<![\w.])\.(?=[A-Za-z]{2,}\b)"), lambda m: "dot "),
    (
        re.compile(
            r"(?:\+\d{1,3}[ .-]?\(?\d{2,4}\)?[ .-]?\d{2,4}(?:[ .-]?\d{2,4}){1,3}\b"
            r"|(?<![\w-])(?:1[ .-])?\(?\d{3}\)?[ .-]\d{3}[.-]\d{4}\b)"
            r"(?P<extension>,? ?(?:ext\.?|x) ?\d{1,5}\b)?"
        ),
        _phone,
    ),
    (re.compile(rf"\b[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}\b|\b{_HASH}\b"), _hash),
    (re.compile(r"(?<!\w)@(?=[A-Za-z])"), lambda m: "at "),
    (
        re.compile(r"\b(?P<what>ISBN|SSN)(?:-1[03])?:? (?P<n>\d[\d-]{8,16}\b)"),
        lambda m: f"{m['what']} " + ", ".join(map(digits, m["n"].split("-"))),
    ),
    (re.compile(r"(?<!\w)#(?=[A-Z]+\d)"), lambda m: "number "),
    (re.compile(r"(?<!\w)#(?=[A-Za-z])"), lambda m: "hashtag "),
)


def read_addresses(text: str) -> str:
    """Replace addresses, paths, phone numbers and hashes in `text` by words."""
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return text
