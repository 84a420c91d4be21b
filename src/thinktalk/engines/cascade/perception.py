"""Pictures, sound and video become notes; then the language model writes.

What was perceived is remembered by content, so a conversation that carries its media from turn to
turn is heard and seen once, and its prompt keeps the same prefix.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from thinktalk.conversation import AudioPart, ImagePart, Message, Part, TextPart, VideoPart
from thinktalk.engines.base import (
    GenerateRequest,
    RecognizeOptions,
    Recognizer,
    Segment,
    Thought,
)
from thinktalk.engines.cascade import language
from thinktalk.engines.cascade.condensing import (
    UNASKED,
    Condensed,
    Condenser,
    Question,
    WindowedThinker,
)
from thinktalk.engines.cascade.heard import LOOKED_AT_S, heard
from thinktalk.engines.cascade.noted import Note, read_note
from thinktalk.events import Finished, Progress, Report, Usage
from thinktalk.media.types import Audio, Image, Recording, Video

# With "You are a helpful assistant." qwen2.5-coder-1.5b takes itself for a tool for programmers and
# refuses stories, recipes and advice: 3 of 24 everyday requests, and the same story every time.
_PLAIN = (
    "You are a friendly companion in a chat. Answer in plain sentences; where it helps, write a "
    "list or code."
)
_SPOKEN = (
    "You are a friendly voice assistant. Answer in a few plain spoken sentences: "
    "no lists, no markdown, no code."
)
_PERCEIVED = (
    " Between [file] and [end] stands what you saw and heard yourself in a file of the user. "
    "Answer from it; where it says probably or unsure, say so too. "
    "Do not mention brackets or notes."
)
# Without this qwen2.5-coder-1.5b, told to "write the code that is shown", describes it.
_LISTED = (
    " When asked to write code or text that is shown, give all of it in a code block, "
    "copied exactly."
)
# Without this qwen2.5-coder-1.5b answers the first of several things that it was asked in a row: 6
# of 6 times, with it never. Words on it that are the system's or the assistant's it repeats.
_LAST_ONLY = "Now answer only this: "
# Without this a summary names no time, though every line of the notes has one.
_CONDENSED = " Where a time in it matters, name it."
_MAX_REMEMBERED = 256
# Characters of what was said before that go with the question into the notes on a part.
_CONTEXT_TURNS, _CONTEXT_CLIP, _QUESTION_CLIP = 3, 400, 4000


class Sight(Protocol):
    """Turns what is seen into a note for a reader of text."""

    async def describe(self, image: Image) -> str: ...

    async def follow(self, video: Video, segments: Sequence[Segment]) -> str: ...


@dataclass(frozen=True, slots=True)
class _Perceived:
    """`note` describes the part; `words` are what was said in it, if it is speech.

    A part that is too long for the window `is_condensed`, and never taken for a question.
    """

    note: Note
    words: str = ""
    is_condensed: bool = False


class PerceivingThinker:
    """A `Thinker` for any parts, made of one for text only."""

    def __init__(
        self,
        recognizer: Recognizer,
        sight: Sight,
        thinker: WindowedThinker,
    ) -> None:
        self._recognizer = recognizer
        self._sight = sight
        self._thinker = thinker
        self._condenser = Condenser(thinker)
        self._remembered: OrderedDict[bytes, _Perceived] = OrderedDict()

    async def think(self, request: GenerateRequest) -> AsyncGenerator[Thought, None]:
        media = [
            part
            for message in request.messages
            for part in message.parts
            if not isinstance(part, TextPart)
        ]
        perceived: dict[int, _Perceived] = {}
        for number, part in enumerate(media):
            # Hours of sound take a second to digest.
            digest = await asyncio.to_thread(_digest, part)
            known = self._remembered.get(digest)
            if known is None:
                share = number / len(media)
                async with aclosing(self._perceive(part)) as steps:
                    async for step in steps:
                        if isinstance(step, _Perceived):
                            known = step
                        else:
                            yield Progress(_STAGES[type(part)], share + step / len(media))
            assert known is not None
            self._remember(digest, known)
            perceived[id(part)] = known
        written = _all_written(request, perceived)
        if media:
            async with aclosing(self._fitted(request, written, perceived)) as steps:
                async for event in steps:
                    yield event
            written = _all_written(request, perceived)
        async with aclosing(self._thinker.think(written)) as thoughts:
            async for thought in thoughts:
                if media and isinstance(thought, Finished):
                    thought = replace(thought, usage=self._without_notes(thought.usage, request))
                yield thought

    async def _fitted(
        self, request: GenerateRequest, written: GenerateRequest, perceived: dict[int, _Perceived]
    ) -> AsyncGenerator[Progress | Report, None]:
        """Condense what of `perceived` exceeds the window, in place."""
        keys = list(perceived)
        notes = [perceived[key].note for key in keys]
        question = _question(request, perceived)
        async with aclosing(self._condenser.condense(written, notes, question)) as events:
            async for event in events:
                if not isinstance(event, Condensed):
                    yield event
                    continue
                for key, note in zip(keys, event.notes, strict=True):
                    if note is not perceived[key].note:
                        perceived[key] = _Perceived(note, is_condensed=True)

    def _without_notes(self, usage: Usage, request: GenerateRequest) -> Usage:
        """Notes stand for media, which have a documented cost of their own."""
        texts = (message.text for message in request.messages)
        return replace(usage, prompt_text_tokens=sum(map(self._thinker.count_tokens, texts)))

    def _remember(self, digest: bytes, perceived: _Perceived) -> None:
        self._remembered[digest] = perceived
        self._remembered.move_to_end(digest)
        while len(self._remembered) > _MAX_REMEMBERED:
            self._remembered.popitem(last=False)

    async def _perceive(
        self, part: ImagePart | AudioPart | VideoPart
    ) -> AsyncGenerator[float | _Perceived, None]:
        """Yield the share that is done, now and then, and at last what was perceived."""
        yield 0.0
        if isinstance(part, ImagePart):
            yield _Perceived(Note(await self._sight.describe(part.image)))
            return
        sound = part.audio if isinstance(part, AudioPart) else part.video.audio
        segments: list[Segment] = []
        if isinstance(part, AudioPart) and part.transcript is not None:
            segments = _known(part.transcript, part.audio.duration_s)
        elif sound is not None:
            hearing = self._recognizer.recognize(sound, RecognizeOptions())
            async with aclosing(hearing) as found:
                async for segment in found:
                    segments.append(segment)
                    yield min(1.0, segment.end_s / max(sound.duration_s, segment.end_s, 1e-3))
        speech = [(segment.start_s, segment.end_s) for segment in segments]
        if isinstance(part, VideoPart):
            story = await self._sight.follow(part.video, segments)
            yield _Perceived(read_note(story, speech))
            return
        words = "".join(segment.text for segment in segments).strip()
        told = heard(segments, await _opening(part.audio), part.audio.duration_s)
        yield _Perceived(read_note(told, speech), words)


def _known(transcript: str, duration_s: float) -> list[Segment]:
    """What somebody else has heard, as if it had been heard here."""
    if not transcript:
        return []
    code = language.detect(transcript)
    return [Segment(start_s=0.0, end_s=duration_s, text=transcript, language=code)]


async def _opening(sound: Audio | Recording) -> Audio:
    """The beginning, from which it is told what sound without speech is."""
    if isinstance(sound, Audio):
        return sound
    taken = [np.zeros(0, np.float32)]
    async with aclosing(sound.pieces()) as pieces:
        async for piece in pieces:
            taken.append(piece)
            if sum(map(len, taken)) >= LOOKED_AT_S * sound.sample_rate:
                break
    return Audio(np.concatenate(taken), sound.sample_rate)


_STAGES = {ImagePart: "looking", AudioPart: "listening", VideoPart: "watching"}


def _all_written(request: GenerateRequest, perceived: Mapping[int, _Perceived]) -> GenerateRequest:
    """The request as text only; `perceived` by the identity of the part."""
    messages = [_written(message, perceived) for message in request.messages]
    if messages[-1].supersedes:
        asked = TextPart(_LAST_ONLY + messages[-1].text)
        messages[-1] = replace(messages[-1], parts=(asked,))
    added = _PERCEIVED if perceived else ""
    if request.speech is None and any("\n```" in known.note.text for known in perceived.values()):
        added += _LISTED
    if any(known.is_condensed for known in perceived.values()):
        added += _CONDENSED
    return replace(request, messages=_with_system(messages, request, added))


def _written(message: Message, perceived: Mapping[int, _Perceived]) -> Message:
    if all(isinstance(part, TextPart) for part in message.parts):
        return message
    pieces = [
        text if isinstance(text, str) else f"[file]\n{text.text}\n[end]"
        for text in _told(message, perceived)
    ]
    is_condensed = any(perceived[id(p)].is_condensed for p in message.parts if id(p) in perceived)
    if is_condensed and not _said(message, perceived):
        pieces.append(UNASKED)
    return replace(message, parts=(TextPart("\n".join(pieces)),))


def _told(message: Message, perceived: Mapping[int, _Perceived]) -> list[str | Note]:
    """What the user says, in text, and the notes on the files that go with it."""
    # Where nothing is written, speech is the user talking: the words are the message.
    is_talking = not any(isinstance(part, TextPart) for part in message.parts)
    told: list[str | Note] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            told.append(part.text)
            continue
        known = perceived[id(part)]
        is_question = is_talking and isinstance(part, AudioPart) and known.words
        told.append(known.words if is_question else known.note)
    return told


def _said(message: Message, perceived: Mapping[int, _Perceived]) -> str:
    """`message` without its files."""
    told = _told(message, perceived)
    return "\n".join(text for text in told if isinstance(text, str)).strip()


def _question(request: GenerateRequest, perceived: Mapping[int, _Perceived]) -> Question:
    """What a long file is to be read for."""
    messages = request.messages
    last = max((n for n, m in enumerate(messages) if m.role == "user"), default=len(messages) - 1)
    asked = _said(messages[last], perceived)
    if len(asked) > _QUESTION_CLIP:
        # Of a spoken message: the recording itself, which asks nothing. Of a text: its end asks.
        is_written = any(isinstance(part, TextPart) for part in messages[last].parts)
        asked = f"… {asked[-_QUESTION_CLIP:]}" if is_written else ""
    before = [_said(m, perceived) for m in messages[:last] if m.role in ("user", "assistant")]
    system = [m.text for m in messages[:1] if m.role == "system"]
    context = [*system, *before[-_CONTEXT_TURNS:]]
    return Question(asked, "\n".join(_clipped(text) for text in context if text))


def _clipped(text: str) -> str:
    return text if len(text) <= _CONTEXT_CLIP else f"{text[:_CONTEXT_CLIP]} …"


def _with_system(
    messages: list[Message], request: GenerateRequest, added: str
) -> tuple[Message, ...]:
    own = _SPOKEN if request.speech is not None else _PLAIN
    rest = messages
    if messages and messages[0].role == "system":
        own, rest = messages[0].text, messages[1:]
    system = Message("system", (TextPart(own + added),))
    return (system, *rest)


def _digest(part: Part) -> bytes:
    digest = hashlib.blake2b(type(part).__name__.encode(), digest_size=16)

    def add(media: Audio | Recording | Image | Video | None) -> None:
        if isinstance(media, Recording):
            digest.update(media.digest.encode())
        elif isinstance(media, Audio):
            digest.update(media.sample_rate.to_bytes(4, "little"))
            digest.update(np.ascontiguousarray(media.samples).data)
        elif isinstance(media, Image):
            digest.update(repr(media.pixels.shape).encode())
            digest.update(np.ascontiguousarray(media.pixels).data)
        elif isinstance(media, Video):
            digest.update(repr((media.duration_s, media.width, media.height)).encode())
            for frame in media.frames:
                add(frame.image)
            add(media.audio)

    if isinstance(part, ImagePart):
        add(part.image)
    elif isinstance(part, AudioPart):
        add(part.audio)
    elif isinstance(part, VideoPart):
        add(part.video)
    return digest.digest()
