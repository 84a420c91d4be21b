"""Stage directions: "*smiles*" or "(cheerfully)" before a sentence is how to speak, not speech.

Only what stands alone, at the beginning of a line or after the end of a sentence, and is known.
"""

from __future__ import annotations

import re

_ACTS = (
    "smil|laugh|giggl|chuckl|sigh|whisper|wink|nod|grin|gasp|shrug|paus|sob|yawn|cough|sniff|hum"
    "|beam|clap|wav|lean|snicker|cheer|groan|clears? (?:(?:my|his|her|the) )?throat"
    "|takes? a (?:deep )?(?:breath|pause)|lächel|lach|seufz|flüster|nick|zwinker|räusper"
    "|souri|rire|ri[ts]\\b|soupir|chuchot|sonr|r[íi]e|suspir|susurr"
)
_HOW = (
    "cheerful|happi|joyful|excited|enthusiastic|calm|soft|quiet|gent|warm|sad|slow|quick|loud|serious"
    "|playful|thoughtful|angri|nervous|proud|dramatic|sarcastic|bright|tender|kind|dreami|confident"
)
_KNOWN = (
    rf"(?i:(?:{_ACTS})(?:s|es|e|t|n|ing|ling|led|d|nt|re|s?e?t)?(?: [\w']+){{0,3}}"
    rf"|(?:(?:very|more|speaking|speaks|says|said|talking) )?(?:{_HOW})(?:ly|y)"
    r"(?:,? (?:and )?\w+ly)?"
    r"|(?:speaking |speaks )?(?:in|with) an? (?:[\w-]+,? (?:and )?){1,3}(?:voice|tone|whisper)"
    r"|(?:mit|d'une|con|in) (?:\w+ ){1,3}(?:stimme|voz|tono)|d'une voix \w+"
    r"|[\u4e00-\u9fff]{1,6}[地着]|(?:微|大|轻|輕|苦)?笑(?:声|聲|了笑)?|叹气|嘆氣|停顿|停頓|耳语|眨眼|点头"
    r"|笑い?|微笑み?|ため息|ささや(?:き|いて))"
)
_DIRECTION = re.compile(
    rf"(?P<before>^[ \t]*|[.!?…。！？][\"”']?[ \t]*)"
    rf"(?:\*{_KNOWN}[.…]?\*|_{_KNOWN}_|\({_KNOWN}\)|\[{_KNOWN}\]|（{_KNOWN}）|【{_KNOWN}】)"
    r"[ \t]*:?[ \t]*(?=$|\n|[^\sa-zäöüß,;])",
    re.MULTILINE,
)


def without_directions(text: str) -> str:
    """Return `text` without the stage directions that stand alone in it."""
    if not any(mark in text for mark in "*_([（【"):
        return text
    return _DIRECTION.sub(lambda match: _apart(match["before"]), text)


def _apart(before: str) -> str:
    return before.rstrip() + " " if before.strip() else ""
