"""Recognised segments as text, SubRip and WebVTT. Knows nothing of requests and responses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from thinktalk.engines.base import Segment, Word
from thinktalk.engines.languages import UNSPACED

# Subtitles: two lines of about this many characters, and no longer on screen than can be followed.
_MAX_CUE_CHARACTERS = 84
_LINE_CHARACTERS = 42
# Chinese, Japanese and Korean characters are twice as wide.
_WIDE_FROM = 0x1100


def text(segments: Iterable[Segment]) -> str:
    """The whole transcript. Words are spaced as their language does."""
    whole = ""
    for segment in segments:
        whole = whole.rstrip() + continued(segment, is_first=not whole)
    return whole.strip()


def continued(segment: Segment, *, is_first: bool) -> str:
    """What `segment` adds to a transcript: its text, after a space where one belongs."""
    said = segment.text.strip()
    if not said or is_first:
        return said
    if segment.language in UNSPACED and not _is_latin(said[0]):
        return said
    return " " + said


def srt(segments: Sequence[Segment]) -> str:
    """SubRip: numbered cues, each followed by an empty line; empty without speech."""
    return "".join(
        f"{number}\n{_clock(cue.start_s, ',')} --> {_clock(cue.end_s, ',')}\n{_lines(cue.text)}\n\n"
        for number, cue in enumerate(_cues(segments), 1)
    )


def vtt(segments: Sequence[Segment]) -> str:
    """WebVTT, header included. Source: W3C WebVTT, section 4."""
    return "WEBVTT\n\n" + "".join(
        f"{_clock(cue.start_s, '.')} --> {_clock(cue.end_s, '.')}\n{_escaped(_lines(cue.text))}\n\n"
        for cue in _cues(segments)
    )


def _cues(segments: Iterable[Segment]) -> list[Word]:
    """Segments with text; long ones are cut between words where word times are known."""
    cues: list[Word] = []
    for segment in segments:
        said = segment.text.strip()
        if not said:
            continue
        if _width(said) <= _MAX_CUE_CHARACTERS or len(segment.words) < 2:
            cues.append(Word(said, segment.start_s, segment.end_s))
        else:
            cues += _packed(segment.words)
    return cues


def _packed(words: Iterable[Word]) -> list[Word]:
    cues: list[Word] = []
    for word in words:
        if cues and _width(cues[-1].text + word.text) <= _MAX_CUE_CHARACTERS:
            cues[-1] = Word(cues[-1].text + word.text, cues[-1].start_s, word.end_s)
        else:
            cues.append(Word(word.text.lstrip(), word.start_s, word.end_s))
    return cues


def _lines(said: str) -> str:
    """In two lines of like length if one would be long, broken at a space."""
    if _width(said) <= _LINE_CHARACTERS or " " not in said:
        return said
    middle = len(said) / 2
    _, cut = min((abs(at - middle), at) for at, character in enumerate(said) if character == " ")
    return f"{said[:cut]}\n{said[cut + 1 :]}"


def _escaped(said: str) -> str:
    return said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, mark: str) -> str:
    milliseconds = round(max(0.0, seconds) * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def _width(said: str) -> int:
    return sum(2 if ord(character) >= _WIDE_FROM else 1 for character in said)


def _is_latin(character: str) -> bool:
    return character.isalnum() and ord(character) < 0x250
