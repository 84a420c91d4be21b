"""What is written on a screen over time: each text once, in its final form, since when it stood.

Typing makes lines grow, scrolling moves them, and a recogniser misreads a letter now and then:
none of that is told again. Knows nothing of files or sound.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from statistics import median

import cv2
import numpy as np
import numpy.typing as npt

from thinktalk.engines.cascade.sight.reading import Box
from thinktalk.engines.cascade.sight.timeline import Remark, shortened
from thinktalk.media.types import Frame

# From this share of matching characters on a line has only flickered; in a short line, where a
# letter is a good part and a figure may be all that changes, from the second.
_SAME_TEXT, _SAME_SHORT_TEXT = 0.75, 0.85
_SHORT_LINE = 20
# Ink differs this much from its paper; a line stands where so much of each letter's ink does.
_INK, _STANDING = 40, 0.7
_FEW_INK = 12  # pixels of a letter: fewer are a speck
_MAX_BLOCK = 4000  # characters
_STEP_S = 1.5
_MAX_STEPS = 12
_ALIKE = str.maketrans("lI|1!O0o", "iiiiiooo")
_NUMBER = re.compile(r"[io2-9]*[2-9][io2-9]*|\b[io]+\b")


@dataclass(frozen=True, slots=True)
class Text:
    """A row on the screen at one look: its box, and since when it has stood there unchanged."""

    text: str
    since_s: float
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What was read in one frame: a listing (code), and the rows that belong to none."""

    time_s: float
    texts: tuple[Text, ...] = ()
    listing: tuple[Text, ...] = ()


def standing_since(frames: Sequence[Frame], box: Box) -> float:
    """The time in seconds of the first frame since which the box looks as in the last."""
    final = _ink(frames[-1], box)
    since = len(frames) - 1
    while since > 0 and _stands(final, _ink(frames[since - 1], box)):
        since -= 1
    return frames[since].time_s


def on_screen(looks: Sequence[Look]) -> list[Remark]:
    """Texts that appear, each once while it stays, those of one moment in one row."""
    told: list[_Told] = []
    shown: list[Text] = []
    code = [row for look in looks for row in look.listing]
    for number, look in enumerate(looks):
        fresh = [text for text in look.texts if not any(_is_same(text, old) for old in shown)]
        fresh = [text for text in fresh if not _is_begun(text, code)]
        for text in fresh:
            told = [old for old in told if not _has_grown(old.text, text)]
            told.append(_Told(number, text))
        shown = list(look.texts)
    moments: dict[tuple[int, int], list[str]] = {}
    for one in told:
        moments.setdefault((one.look, int(one.text.since_s)), []).append(one.text.text)
    return [
        Remark(since_s, f"on screen: {' | '.join(texts)}")
        for (_, since_s), texts in moments.items()
    ]


def listings(looks: Sequence[Look]) -> list[Remark]:
    """Each listing once, in its final form, pieces that were scrolled by put together."""
    panes: list[_Pane] = []
    for look in looks:
        if not look.listing:
            continue
        for pane in reversed(panes):
            if pane.takes(look.listing):
                break
        else:
            panes.append(_Pane(list(look.listing), list(look.listing)))
    return [remark for pane in panes for remark in _told(pane)]


@dataclass(frozen=True, slots=True)
class _Told:
    look: int
    text: Text


@dataclass(slots=True)
class _Pane:
    """`rows` is all that is known of a listing, `view` what was last seen of it."""

    rows: list[Text]
    view: list[Text]
    has_scrolled: bool = False

    def takes(self, view: Sequence[Text]) -> bool:
        """Add what a later look saw, if it is the same listing."""
        keys, new_keys = [_key(row) for row in self.rows], [_key(row) for row in view]
        blocks = SequenceMatcher(None, keys, new_keys, autojunk=False).get_matching_blocks()[:-1]
        pairs = [(b.a + n, b.b + n) for b in blocks for n in range(b.size) if keys[b.a + n]]
        filled = min(sum(map(bool, keys)), sum(map(bool, new_keys)))
        if len(pairs) < max(1, min(3, filled // 2)):
            return self._takes_growth(view)
        self.rows = self._joined(view, pairs)
        self.view = list(view)
        return True

    def _takes_growth(self, view: Sequence[Text]) -> bool:
        """The first line or two, while they are being typed."""
        if len(self.rows) > 2 or not all(map(_has_grown, self.rows, view)):
            return False
        self.rows = self.view = list(view)
        return True

    def _joined(self, view: Sequence[Text], pairs: Sequence[tuple[int, int]]) -> list[Text]:
        (old_first, first), (old_last, last) = pairs[0], pairs[-1]
        merged = _oldest(self.rows, view, pairs)
        moved = _moved(self.view, view)
        self.has_scrolled |= moved != 0
        if moved < 0:  # scrolled down: what was above is still above
            return [*self.rows[:old_first], *merged[first:]]
        if moved > 0:
            return [*merged[: last + 1], *self.rows[old_last + 1 :]]
        return merged


def _moved(before: Sequence[Text], after: Sequence[Text]) -> float:
    """By how many pixels rows stand lower than before; 0 for less than half a row."""
    places = {_key(row): row.box for row in before if row.box}
    steps = [
        (row.box[1] + row.box[3] - box[1] - box[3]) / 2
        for row in after
        if row.box and (box := places.get(_key(row)))
    ]
    if not steps:
        return 1.0  # rows that had scrolled out are back
    height = median(row.box[3] - row.box[1] for row in after if row.box)
    return median(steps) if abs(median(steps)) > height / 2 else 0.0


def _oldest(
    rows: Sequence[Text], view: Sequence[Text], pairs: Sequence[tuple[int, int]]
) -> list[Text]:
    """The rows of `view`, with the earlier time where a row was known."""
    merged = list(view)
    for old, new in pairs:
        since_s = min(rows[old].since_s, view[new].since_s)
        merged[new] = Text(view[new].text, since_s, view[new].box)
    return merged


def _told(pane: _Pane) -> list[Remark]:
    filled = [row for row in pane.rows if row.text.strip()]
    start_s, end_s = min(r.since_s for r in filled), max(r.since_s for r in filled)
    texts = shortened([row.text for row in pane.rows], _MAX_BLOCK)
    fence = "```"
    while any(text.startswith(fence) for text in texts):
        fence += "`"  # else the code would end where it shows a fence itself
    block = "\n".join([fence, *texts, fence])
    steps = _steps(filled, "shown" if pane.has_scrolled else "typed")
    return [Remark(start_s, "the code that is shown, complete:", end_s, block), *steps]


def _steps(rows: Sequence[Text], verb: str) -> list[Remark]:
    """When the parts of a listing came, if not all at once: their first rows."""
    steps: list[Remark] = []
    for row in rows[1:]:
        is_part = row.text[:1].strip() and row.text.strip(" })];")
        last_s = steps[-1].start_s if steps else rows[0].since_s
        if is_part and row.since_s >= last_s + _STEP_S:
            steps.append(Remark(row.since_s, f"{verb}: {row.text}"))
    return steps[:_MAX_STEPS]


def _is_same(one: Text, other: Text) -> bool:
    return is_same_text(one.text, other.text)


def is_same_text(one: str, other: str) -> bool:
    """Whether two readings are of the same text, a letter or two misread."""
    if one == other:
        return True
    if _figures(one) != _figures(other):
        return False
    is_short = max(len(one), len(other)) <= _SHORT_LINE
    alike = SequenceMatcher(None, one, other).ratio()
    return alike >= (_SAME_SHORT_TEXT if is_short else _SAME_TEXT)


def _has_grown(old: Text, new: Text) -> bool:
    """Whether `new` is `old`, typed further: it starts alike, and at the same place."""
    if old.box is None or new.box is None or len(new.text) <= len(old.text):
        return False
    height = new.box[3] - new.box[1]
    is_there = abs(old.box[0] - new.box[0]) < height and abs(old.box[1] - new.box[1]) < height / 2
    start = _key(new)[: max(1, len(_key(old)) - 1)]
    return is_there and _key(old).startswith(start)


def _is_begun(text: Text, code: Sequence[Text]) -> bool:
    """Whether the text is the beginning of a row of code, or its number: told with the code."""
    if text.text.isdigit():
        left = min((row.box[0] for row in code if row.box), default=0)
        return text.box is not None and text.box[2] <= left + (text.box[3] - text.box[1]) / 2
    starts = [start for start in (_key(text), _key(text).lstrip("0123456789io")) if start]
    return any(_key(row).startswith(start) for row in code for start in starts)


def _key(row: Text) -> str:
    """The text without what recognisers confuse."""
    return "".join(row.text.split()).translate(_ALIKE).casefold()


def _figures(text: str) -> list[str]:
    """The numbers in a text, noughts and ones as the letters that they are taken for."""
    return _NUMBER.findall(text.translate(_ALIKE).casefold())


def _ink(frame: Frame, box: Box) -> npt.NDArray[np.bool_]:
    left, top, right, bottom = box
    crop = frame.image.pixels[top:bottom, left:right]
    grey = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.int16)
    return np.abs(grey - np.median(grey)) > _INK


def _stands(final: npt.NDArray[np.bool_], earlier: npt.NDArray[np.bool_]) -> bool:
    """Whether each letter (each square of the box) of the one is in the other, and not much else.

    Letter by letter, for lines of a log differ in a figure or two.
    """
    if final.shape != earlier.shape:
        return False
    starts = np.arange(0, final.shape[1], max(1, final.shape[0]))
    needed, there, both = (
        np.add.reduceat(ink.sum(axis=0), starts) for ink in (final, earlier, final & earlier)
    )
    lacking = both < _STANDING * needed - _FEW_INK
    excess = both < _STANDING * there - _FEW_INK
    # The cursor may have stood in one of the squares.
    return not lacking.any() and int(excess.sum()) <= 1
