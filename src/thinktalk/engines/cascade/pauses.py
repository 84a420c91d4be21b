"""How long to be silent between two pieces of a reply, by what is written where it was cut.

Knows nothing of sound. Where a mark lies inside a piece the synthesiser makes the silence itself;
the figures here agree with it, so that a cut is not heard. Measured, in seconds of silence inside a
piece (five sentences a mark; 30 dB below the speech):

    mark      Kokoro (af_heart)   eSpeak NG (en, de)
    ,         0.20                0.17
    ; : —     0.23 to 0.26        0.25
    . ?       0.25                0.33
    !         0.26                0.38
    …         0.25                0.25

A cut adds some 0.06 s of run-out to what stands in the table. Sentences within one piece are rare,
and a reader pauses longer between them than a synthesiser does inside one breath; lines, headings
and paragraphs, which no synthesiser knows, are spread evenly above.
"""

from __future__ import annotations

import re

CLOSERS = "\"'”’»›)\\]}*_~`」』）】》"
_AFTER = tuple(
    (re.compile(rf"(?:{mark})[{CLOSERS}\s]*$"), pause_s)
    for mark, pause_s in (
        (r"…|\.{3,}|。{3,}", 0.4),
        (r"[.!?。！？｡．؟۔।॥]", 0.35),
        (r"[;:—–；：؛]|\s-", 0.2),
        (r"[,、，､،]", 0.15),
        # Thai ends its sentences and clauses with a space.
        (r"(?<=[\u0e00-\u0e7f])\s", 0.2),
    )
)
_END_CHARACTERS = 64  # of the end are looked at; a row of dots would be searched from each of them
_LINE_END = re.compile(r"\n[ \t]*$")
_LINE_S = 0.35
# What the line that follows adds in front, as it is only known then.
_PARAGRAPH_S, _HEADING_S = 0.25, 0.3
_PARAGRAPH = re.compile(r"^(?:[ \t]*\n)+")
_HEADING = re.compile(r"^\s*#{1,6}[ \t]")


def after(text: str) -> float:
    """Seconds of silence after a piece that was written so; 0 inside a phrase."""
    text = text[-_END_CHARACTERS:]
    pause_s = next((pause_s for mark, pause_s in _AFTER if mark.search(text)), 0.0)
    return max(pause_s, _LINE_S) if _LINE_END.search(text) else pause_s


def before(text: str) -> float:
    """Seconds that a piece adds to the pause before it: it begins a paragraph or is a heading."""
    if _HEADING.match(text):
        return _HEADING_S
    return _PARAGRAPH_S if _PARAGRAPH.match(text) else 0.0
