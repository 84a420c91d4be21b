"""Addresses that lead into the server's own machine or network. Family `address`.

The canary listens on loopback, and every form below that can reach it is aimed at it: a server that
was talked into a request is found out even if its answer hides it.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from thinktalk.abuse.case import Case, Target
from thinktalk.abuse.sending import Body, audio_part, data_url, image_part, parts, video_part

# {port} is the canary's.
_FORMS = {
    "loopback": "http://127.0.0.1:{port}/picture.png",
    "loopback, other": "http://127.8.8.8:{port}/picture.png",
    "localhost": "http://localhost:{port}/picture.png",
    "localhost, trailing dot": "http://localhost.:{port}/picture.png",
    "localhost, capitals": "http://LOCALHOST:{port}/picture.png",
    "short": "http://127.1:{port}/picture.png",
    "zero": "http://0:{port}/picture.png",
    "unspecified": "http://0.0.0.0:{port}/picture.png",
    "octal": "http://0177.0.0.1:{port}/picture.png",
    "octal, padded": "http://00000177.0.0.01:{port}/picture.png",
    "hexadecimal": "http://0x7f000001:{port}/picture.png",
    "hexadecimal, dotted": "http://0x7f.0x0.0x0.0x1:{port}/picture.png",
    "decimal": "http://2130706433:{port}/picture.png",
    "decimal, overflowing": "http://425510584937:{port}/picture.png",
    "full-width digits": "http://１２７.０.０.１:{port}/picture.png",
    "circled digits": "http://①②⑦.⓪.⓪.①:{port}/picture.png",
    "ideographic dots": "http://127。0。0。1:{port}/picture.png",
    "percent-encoded": "http://%31%32%37.0.0.1:{port}/picture.png",
    "IPv6": "http://[::1]:{port}/picture.png",
    "IPv6, long": "http://[0:0:0:0:0:0:0:1]:{port}/picture.png",
    "IPv6, unspecified": "http://[::]:{port}/picture.png",
    "IPv6, mapped": "http://[::ffff:127.0.0.1]:{port}/picture.png",
    "IPv6, mapped, hexadecimal": "http://[::ffff:7f00:1]:{port}/picture.png",
    "IPv6, compatible": "http://[::127.0.0.1]:{port}/picture.png",
    "IPv6, translated": "http://[64:ff9b::7f00:1]:{port}/picture.png",
    "IPv6, 6to4": "http://[2002:7f00:1::]:{port}/picture.png",
    "IPv6, zone": "http://[::1%25lo]:{port}/picture.png",
    "IPv6, link-local": "http://[fe80::1]:{port}/picture.png",
    "IPv6, unique local": "http://[fd00::1]:{port}/picture.png",
    "private, 10/8": "http://10.0.0.1/picture.png",
    "private, 172.16/12": "http://172.16.0.1/picture.png",
    "private, 192.168/16": "http://192.168.0.1/picture.png",
    "shared, 100.64/10": "http://100.64.0.1/picture.png",
    "link-local": "http://169.254.1.1/picture.png",
    "multicast": "http://224.0.0.1/picture.png",
    "broadcast": "http://255.255.255.255/picture.png",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "metadata, decimal": "http://2852039166/latest/meta-data/",
    "metadata, mapped": "http://[::ffff:169.254.169.254]/latest/meta-data/",
    "metadata, IPv6": "http://[fd00:ec2::254]/latest/meta-data/",
    "metadata of containers": "http://169.254.170.2/v2/credentials",
    "metadata, 100.100.100.200": "http://100.100.100.200/latest/meta-data/",
    "metadata, 168.63.129.16": "http://168.63.129.16/machine/",
    "userinfo": "http://example.com@127.0.0.1:{port}/picture.png",
    "userinfo, two": "http://example.com:80@example.com@127.0.0.1:{port}/picture.png",
    "userinfo, fragment": "http://127.0.0.1:{port}#@example.com/picture.png",
    "userinfo, backslash": "http://127.0.0.1:{port}\\@example.com/picture.png",
    "backslash": "http:\\\\127.0.0.1:{port}\\picture.png",
    "one slash": "http:/127.0.0.1:{port}/picture.png",
    "no slash": "http:127.0.0.1:{port}/picture.png",
    "three slashes": "http:///127.0.0.1:{port}/picture.png",
    "no scheme": "//127.0.0.1:{port}/picture.png",
    "space": "http://127.0.0.1 :{port}/picture.png",
    "tab": "ht\ttp://127.0.0.1:{port}/picture.png",
    "line feed": "http://127.0.0.1:{port}/picture.png\r\nx-injected: yes",
    "NUL": "http://127.0.0.1\x00.example.com:{port}/picture.png",
    "port 0": "http://127.0.0.1:0/picture.png",
    "port 65536": "http://127.0.0.1:65536/picture.png",
    "port 22": "http://127.0.0.1:22/",
    "no host": "http:///picture.png",
    "host of 70,000 characters": "http://" + "a" * 70_000 + "/picture.png",
    "file": "file:///etc/passwd",
    "file, host": "file://127.0.0.1/etc/passwd",
    "path": "/etc/passwd",
    "path, upwards": "../../../../etc/passwd",
    "ftp": "ftp://127.0.0.1:{port}/picture.png",
    "gopher": "gopher://127.0.0.1:{port}/_GET%20/picture.png",
    "dict": "dict://127.0.0.1:{port}/info",
    "ldap": "ldap://127.0.0.1:{port}/",
    "javascript": "javascript:alert(1)",
    "jar": "jar:http://127.0.0.1:{port}/a.jar!/picture.png",
    "concat": "concat:http://127.0.0.1:{port}/picture.png|file:///etc/passwd",
    "subfile": "subfile,,start,0,end,100,,:/etc/passwd",
    "pipe": "pipe:0",
    "oss": "oss://bucket/picture.png",
    "empty": "",
    "data URL without a comma": "data:image/png;base64",
    "data URL without data": "data:image/png;base64,",
    "base64, half a byte": "data:image/png;base64,A",
    "base64, padding within": "data:image/png;base64,AA==AA==",
    "base64, only padding": "data:image/png;base64," + "=" * 100_000,
}
_KINDS: dict[str, Callable[[str], Body]] = {
    "audio": audio_part,
    "video": video_part,
    "frames": lambda address: {"type": "video", "video": [address, address]},
}
_OF_OTHER_KINDS = ("loopback", "decimal", "metadata", "file", "concat")
# A playlist names the files that a careless decoder opens by itself.
_PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:{port}/a.ts\n"
_CONCAT = "ffconcat version 1.0\nfile http://127.0.0.1:{port}/a.ts\n"
_DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">'
    '<image href="http://127.0.0.1:{port}/a.png" width="64" height="64"/></svg>'
)


def cases() -> list[Case]:
    forms = [_case(name, image_part, form) for name, form in _FORMS.items()]
    others = [
        _case(f"{name}, as {kind}", part, _FORMS[name])
        for kind, part in _KINDS.items()
        for name in _OF_OTHER_KINDS
    ]
    files = [
        _file("playlist, as video", video_part, _PLAYLIST),
        _file("playlist, as audio", audio_part, _PLAYLIST),
        _file("list of files, as video", video_part, _CONCAT),
        _file("drawing, as image", image_part, _DRAWING),
    ]
    return [*forms, *others, *files]


def _case(name: str, part: Callable[[str], Body], form: str) -> Case:
    def content(target: Target) -> list[Body]:
        return [part(form.replace("{port}", _port(target)))]

    return Case(family="address", name=name, send=parts(content))


def _file(name: str, part: Callable[[str], Body], text: str) -> Case:
    def content(target: Target) -> list[Body]:
        return [part(data_url(text.replace("{port}", _port(target)).encode()))]

    return Case(family="address", name=name, send=parts(content), pace="work")


def _port(target: Target) -> str:
    return str(urlsplit(target.canary).port)
