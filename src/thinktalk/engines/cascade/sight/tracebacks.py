"""Shortens a Python traceback that was read from a picture: all calls, one line of code, the error.

Names, numbers and the message stay as they were read. Knows nothing of pictures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

# Text recognition confuses quotes and drops spaces.
_FRAME = re.compile(
    r"File\s*[\"'“”‘’]*(?P<path>[^\"'“”‘’]+?)[\"'“”‘’]*\s*[,.]\s*line\s*(?P<line>\d+)"
    r"(?:\s*,\s*in\s*(?P<function>\S.*))?"
)
_ERROR = re.compile(r"(?P<name>[A-Za-z_][\w.]*)(?::\s*\S|\s*$)")
_STANDARD_LIBRARY = re.compile(r"/lib(?:64)?/python\d[.\d]*/(?!(?:site|dist)-packages)|<frozen")
_PACKAGES = re.compile(r".*/(?:site|dist)-packages/")
_MIN_FRAMES = 3  # fewer are short as they are


@dataclass(frozen=True, slots=True)
class _Frame:
    path: PurePosixPath
    line: str
    function: str
    code: str

    @property
    def is_own(self) -> bool:
        return not (_PACKAGES.match(str(self.path)) or _STANDARD_LIBRARY.search(str(self.path)))


def condensed(text: str) -> str | None:
    """The traceback in `text` in few words, with what stands around it; None if there is none."""
    rows = [row.strip() for row in text.split("\n")]
    starts = [number for number, row in enumerate(rows) if _FRAME.match(row)]
    if len(starts) < _MIN_FRAMES:
        return None
    frames = [_frame(rows, start) for start in starts]
    end = _error_row(rows, starts[-1] + 1)
    before = [row for row in rows[: starts[0]] if row and not row.startswith("Traceback")]
    if any(_ERROR.fullmatch(row) or "Error" in row for row in rows[starts[0] : starts[-1]]):
        return None  # several chained tracebacks: leave them whole
    shown = [frame for frame in frames if not _STANDARD_LIBRARY.search(str(frame.path))] or frames
    return "\n".join([*before, *_calls(shown), *rows[end:]])


def _frame(rows: Sequence[str], start: int) -> _Frame:
    match = _FRAME.match(rows[start])
    assert match is not None
    following = rows[start + 1] if start + 1 < len(rows) else ""
    is_code = following and not _FRAME.match(following)
    return _Frame(
        PurePosixPath(match["path"].replace("\\", "/")),
        match["line"],
        (match["function"] or "").strip(),
        following if is_code else "",
    )


def _error_row(rows: Sequence[str], start: int) -> int:
    """The row of the error: the first after the innermost code that names one."""
    for number in range(start, len(rows)):
        if _ERROR.match(rows[number]) and number > start:
            return number
    return start


def _calls(frames: Sequence[_Frame]) -> list[str]:
    """Outermost first; the code is that of the innermost call of the user's own."""
    own = [frame for frame in frames if frame.is_own]
    folder = own[0].path.parent if own else None
    written = []
    for frame in frames:
        path = _PACKAGES.sub("", str(frame.path))
        if folder is not None and frame.path.is_relative_to(folder):
            path = str(frame.path.relative_to(folder))
        written.append(f"{path}:{frame.line} {frame.function}".rstrip())
    place = f" in {folder}" if folder is not None else ""
    lines = [f"Calls{place}: {', '.join(written)}"]
    if own and own[-1].code:
        lines.append(f"{own[-1].path.name}:{own[-1].line} is: {own[-1].code}")
    return lines
