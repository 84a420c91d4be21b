"""How a reply is to be spoken: finds what is asked for in a conversation, and puts it in numbers.

    text = requested(messages)   # "in a cheerful voice" of "Tell me of Rome in a cheerful voice."
    manner = read(text)          # Manner(speed=1.05, pitch=1.06, pitch_range=1.35, energy_db=1.5)

Talkers that understand words take the text, the others the numbers. English, Chinese, German,
French, Spanish and Japanese. Pure; knows nothing of synthesisers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from thinktalk.conversation import Message
from thinktalk.engines.delivery_words import (
    ABOUT,
    CUES,
    FRAMES,
    QUOTED,
    REVERSE,
    REVERSED,
    SENTENCE,
    TASK,
)

# Of a long message the middle is matter to work on.
_OUTER_SENTENCES = 3
_OUTER_CHARACTERS, _SENTENCE_CHARACTERS = 2000, 400
# Of all messages of a role together so many characters are looked at, the latest first. A system
# message must not be crowded out by a long talk.
_LOOKED_AT = {"system": 4000, "user": 8000}
_REVERSED_CHARACTERS = 60  # before a cue: "don't speak so"
_PITCHES, _SPEEDS = (0.8, 1.25), (0.6, 1.5)


@dataclass(frozen=True, slots=True)
class Manner:
    """Factors on a voice's own pace, pitch and range of pitch (in semitones), and decibels."""

    speed: float = 1.0
    pitch: float = 1.0
    pitch_range: float = 1.0
    energy_db: float = 0.0
    whispered: bool = False

    def __mul__(self, other: Manner) -> Manner:
        return Manner(
            min(max(self.speed * other.speed, _SPEEDS[0]), _SPEEDS[1]),
            min(max(self.pitch * other.pitch, _PITCHES[0]), _PITCHES[1]),
            self.pitch_range * other.pitch_range,
            self.energy_db + other.energy_db,
            self.whispered or other.whispered,
        )


NATURAL = Manner()

# By what they change: the latest of each kind holds. The directions are those that acted emotions
# show (Scherer 2003, table 3); the sizes were set so that they are heard and words stay clear.
_CUES = {
    "pace": {"slow": Manner(speed=0.77), "fast": Manner(speed=1.25)},
    "level": {
        "soft": Manner(energy_db=-7.0, pitch_range=0.9),
        "loud": Manner(energy_db=6.0, pitch=1.05),
        "whisper": Manner(whispered=True, speed=0.93),
    },
    "height": {"high": Manner(pitch=1.2), "deep": Manner(pitch=0.84)},
    "mood": {
        "cheerful": Manner(1.05, 1.08, 1.4, 1.5),
        "excited": Manner(1.15, 1.12, 1.5, 3.0),
        "calm": Manner(0.88, 0.97, 0.75, -2.0),
        "warm": Manner(0.93, 0.98, 0.95, -3.0),
        "sad": Manner(0.83, 0.93, 0.6, -4.0),
        "angry": Manner(1.1, 1.05, 1.35, 4.0),
        "serious": Manner(0.94, 0.95, 0.8, 0.0),
        "flat": Manner(pitch_range=0.2),
    },
}
_KINDS = {cue: kind for kind, cues in _CUES.items() for cue in cues}


def read(text: str | None) -> Manner:
    """The manner that a text on delivery asks for; what it does not know changes nothing.

    All of `text` is taken to be on delivery. Of what contradicts itself the latest holds, and
    "normally" takes back what stands before it.
    """
    if not text:
        return Manner()
    held: dict[str, Manner] = {}
    folded = text.lower()
    for match in CUES.finditer(folded):
        cue = match.lastgroup or ""
        before = max(0, match.start() - _REVERSED_CHARACTERS)
        if REVERSED.search(folded, before, match.start()):
            cue = REVERSE.get(cue, "")
        if cue == "plain":
            held.clear()
        elif kind := _KINDS.get(cue):
            held[kind] = _CUES[kind][cue]
    manner = Manner()
    for asked in held.values():
        manner = manner * asked
    return manner


def requested(messages: Iterable[Message]) -> str | None:
    """What system and user messages ask of the delivery, in their order; None where nothing.

    Only what is said to the speaker counts: "Please speak slowly.", not "Why do they speak
    slowly?" nor what is quoted or to be translated.
    """
    left = dict(_LOOKED_AT)
    phrases: list[str] = []
    for message in reversed(list(messages)):
        if (room := left.get(message.role, 0)) > 0:
            sentences = _sentences(message.text, room, only_outer=message.role == "user")
            left[message.role] -= sum(min(len(one), _SENTENCE_CHARACTERS) for one in sentences)
            phrases = _phrases(sentences) + phrases
    return "; ".join(phrases) or None


def _sentences(text: str, room: int, *, only_outer: bool) -> list[str]:
    """What of a message is looked at: `room` characters of its beginning and end at most."""
    outer = min(_OUTER_CHARACTERS, room // 2)
    if len(text) > 2 * outer:
        text = f"{text[:outer]}\n{text[len(text) - outer :]}"
    bare = QUOTED.sub(" … ", text.lower())
    sentences = [match[0].strip() for match in SENTENCE.finditer(bare) if match[0].strip()]
    if only_outer and len(sentences) > 2 * _OUTER_SENTENCES:
        sentences = [*sentences[:_OUTER_SENTENCES], *sentences[-_OUTER_SENTENCES:]]
    return sentences


def _phrases(sentences: list[str]) -> list[str]:
    if any(TASK.search(sentence) for sentence in sentences):
        return []
    return [
        phrase
        for sentence in sentences
        if not ABOUT.search(sentence)
        for phrase in _asked_in(sentence[:_SENTENCE_CHARACTERS])
    ]


def _asked_in(sentence: str) -> list[str]:
    """The phrases that ask, in order; where two overlap, the longer one."""
    found: list[tuple[int, int]] = []
    for frame in FRAMES:
        for match in frame.finditer(sentence):
            group = next(name for name, value in match.groupdict().items() if value)
            if CUES.search(match[group]):
                found.append(match.span(group))
    found.sort(key=lambda span: (span[0] - span[1], span[0]))
    kept: list[tuple[int, int]] = []
    for start, end in found:
        if all(end <= other_start or start >= other_end for other_start, other_end in kept):
            kept.append((start, end))
    return [sentence[start:end].strip() for start, end in sorted(kept)]
