"""File servers that redirect, dawdle, never end or lie. Family `download`.

A server that refuses our file server's address, as it should unless its operator allowed it, passes
by that refusal: it was not talked into anything.
"""

from __future__ import annotations

from thinktalk.abuse.case import EITHER, REFUSED, Case, Expected, Pace
from thinktalk.abuse.file_server import BEHAVIOURS
from thinktalk.abuse.sending import PART_OF, image_part, parts

# Where reading on cannot help: what was declared, or where it was redirected, is enough.
_AT_ONCE = ("huge", "negative-length", "bad-chunks", "gzip-bomb", "no-http")
# HTTP leaves open whether such an answer may be used.
_EITHER_WAY = ("two-lengths", "understated", "redirect-itself", "redirect-relative")
_REDIRECTS = (
    *("redirect-canary", "redirect-metadata", "redirect-file", "redirect-loop"),
    *("redirect-itself", "redirect-userinfo", "redirect-backslash", "redirect-relative"),
    "redirect-long",
)
# Files of the runner's own, which hold what no small request can.
_LARGE = {
    "hours of silence": ("audio", "hours.opus"),
    "hours of silence, hidden": ("audio", "hidden-hours.opus"),
}


def cases() -> list[Case]:
    behaviours = [_case(name) for name in (*_REDIRECTS, *BEHAVIOURS)]
    missing = Case(
        family="download", name="missing", send=parts(lambda at: [image_part(f"{at.files}/gone")])
    )
    large = [
        Case(
            family="download",
            name=f"25 MB that unpack to {name}",
            send=parts(lambda at, p=PART_OF[kind], f=file: [p(f"{at.files}/{f}")]),  # type: ignore[misc]
            expected=EITHER,
            pace="both",
        )
        for name, (kind, file) in _LARGE.items()
    ]
    return [*behaviours, missing, *large]


def _case(name: str) -> Case:
    expected: Expected = EITHER if name in _EITHER_WAY else REFUSED
    at_once = name in (*_AT_ONCE, *_REDIRECTS)
    pace: Pace = "header" if at_once else "fetch"
    send = parts(lambda target: [image_part(f"{target.files}/{name}")])
    return Case(family="download", name=name, send=send, expected=expected, pace=pace)
