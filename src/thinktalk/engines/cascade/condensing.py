"""Notes on files that exceed the window are mapped and reduced, or cut where the caller wants that.

The language model reads a long note part by part and writes down, with times, what matters for the
question; what it wrote becomes the note, with the rows that the question is about word for word.
Knows nothing of media; nothing is left out without a word about it, to the model and in a report.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Protocol

from thinktalk.conversation import Message, TextPart
from thinktalk.engines.base import GenerateRequest, Sampling, Thinker
from thinktalk.engines.cascade.noted import Note, Row, clock, cut
from thinktalk.engines.cascade.passages import (
    asked_for,
    asks_for_all,
    borrowed,
    closest,
    stems,
    wanted,
)
from thinktalk.errors import PromptTooLong
from thinktalk.events import Progress, Report, TextDelta
from thinktalk.media.segment import Span

_REPLY = 1024  # tokens that are kept for the reply, of a window of usual size
_PART = 3072  # tokens; longer parts the 1.5B model reads no faster, and less well
_PART_S = 600.0  # of a recording that is to be split though it fits
_WRITTEN = 160  # tokens written on a part
_VERBATIM = 1536  # tokens of rows kept word for word
_LEAST = 48  # tokens in which a note can say something
_TEMPLATE = 64  # tokens of the chat template around a part, and of line ends
_MAX_ROUNDS = 4
_MAX_REMEMBERED = 1024
_SHORTEST_SENTENCE, _LABEL = 4, 80  # characters

UNASKED = "Tell what it is about."
_NOWHERE = "(Nothing in it answers the question.)"
_SYSTEM = "You take notes on one part of a file that is too long to be read at once."
# Asked for lines with times, the 1.5B model writes one on every row until it is cut off: it answers
# in sentences, and code finds the times. Unless told that the answer may stand elsewhere, it finds
# one in every part. With the part before the task a further question on the same file need not
# read it again while a slot still has it.
_TASK = (
    "{part}\n[end of the part]\n\n{task} "
    "The answer may stand in another part. If this part does not speak of it, answer only: "
    "Nothing. Otherwise answer from this part, in at most four sentences, with the names and "
    "figures in it."
)
_NOTHING = re.compile(r"\W*(nothing|nichts|rien|nada|niente|无|没有|なし|없음)\W*$", re.IGNORECASE)
# Not after "Dr." and its like.
_SENTENCE_END = re.compile(r"(?<=\w{3}[.!?])\s+(?=\S)|(?<=[。！？])|\n+")
_ENDED = re.compile(r"[.!?。！？]\W*$")
_CLUTTER = re.compile(r"^(?:[-*•#\s]+|\d+[.)]\s|\[?(?:\d+:)+\d\d\]?\s+)+")


class WindowedThinker(Thinker, Protocol):
    """A thinker whose window has an end."""

    @property
    def window_tokens(self) -> int: ...

    def count_tokens(self, text: str) -> int: ...

    def count_prompt(self, request: GenerateRequest) -> int:
        """Tokens of the prompt that the reply is written from."""
        ...


@dataclass(frozen=True, slots=True)
class Condensed:
    """The notes in the order they were given; those that fit are the same objects."""

    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked now, and what was said before that it may refer to."""

    asked: str
    context: str = ""

    @property
    def text(self) -> str:
        return "\n\n".join(filter(None, [self.context, self.asked or UNASKED]))


@dataclass(slots=True)
class _Work:
    """What is to be done for one request, and what was."""

    question: Question
    num_parts: int = 0
    num_read: int = 0
    fraction: float = 0.0
    spans: list[Span] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def progress(self, part_done: float) -> Progress:
        # More parts may turn up on the way; what was told is not taken back.
        done = (self.num_read + part_done) / max(self.num_parts, 1)
        self.fraction = max(self.fraction, done)
        return Progress("reading", self.fraction)


class Condenser:
    """Makes notes fit the window of `thinker`; remembers what it wrote on which part."""

    def __init__(self, thinker: WindowedThinker) -> None:
        self._thinker = thinker
        self._remembered: OrderedDict[bytes, str] = OrderedDict()

    async def condense(
        self, request: GenerateRequest, notes: Sequence[Note], question: Question
    ) -> AsyncGenerator[Progress | Report | Condensed, None]:
        """Yield progress, then a report if something was condensed, then `Condensed`.

        Args:
            request: with all `notes` written out.
            question: what they are read for.
        Raises:
            PromptTooLong: what is not notes leaves them no room.
        """
        limit = self._thinker.window_tokens
        needed, sizes = await asyncio.to_thread(self._measured, request, notes)
        room = limit - _reply_tokens(request, limit) - (needed - sum(sizes))
        policy = request.media_policy
        is_split = [policy == "split" and note.length_s > _PART_S for note in notes]
        if policy == "error" or not (sum(sizes) > room or any(is_split)):
            yield Condensed(tuple(notes))
            return
        if room < _LEAST * len(notes):
            raise PromptTooLong(needed, limit)
        work, fitted = _Work(question), list(notes)
        for number, share in enumerate(_shares(sizes, room)):
            if sizes[number] <= share and not is_split[number]:
                continue
            if policy == "trim":
                fitted[number] = await asyncio.to_thread(self._trimmed, notes[number], share, work)
                continue
            mapped = self._mapped(notes[number], share, is_split[number], work)
            async with aclosing(mapped) as events:
                async for event in events:
                    if isinstance(event, Note):
                        fitted[number] = event
                    else:
                        yield event
        yield _report(work, needed, limit)
        yield Condensed(tuple(fitted))

    async def _mapped(
        self, note: Note, share: int, is_split: bool, work: _Work
    ) -> AsyncGenerator[Progress | Note, None]:
        """Yield progress, then the note made of what was written on its parts: `share` tokens."""
        size, question = self._thinker.count_tokens, work.question.text
        verbatim = await asyncio.to_thread(self._verbatim, note, work.question, share // 3)
        shorter, num_parts = note, 0
        for number in range(_MAX_ROUNDS):
            longest_s = _PART_S if is_split and number == 0 else math.inf
            parts = await asyncio.to_thread(self._parts, shorter, question, longest_s)
            if number == 0:
                num_parts = len(parts)
                work.spans += _spans(note, parts)
            work.num_parts += len(parts)
            room = max(_LEAST, min(_WRITTEN, share // len(parts)))
            rows: list[Row] = []
            async with aclosing(self._read_all(parts, verbatim, room, work)) as events:
                async for event in events:
                    if isinstance(event, Row):
                        rows.append(event)
                    else:
                        yield event
            if not rows and not verbatim:
                rows = [Row(0.0, _NOWHERE, False)]
            shorter = replace(note, head=_headed(note, num_parts), rows=tuple(rows))
            whole = _with_verbatim(shorter, verbatim, work.question)
            if size(whole.text) <= share:
                yield whole
                return
        yield await asyncio.to_thread(self._trimmed, whole, share, work)

    async def _read_all(
        self, parts: Sequence[Sequence[Row]], verbatim: Sequence[Row], room: int, work: _Work
    ) -> AsyncGenerator[Progress | Row, None]:
        """Yield progress, and in rows what is written on each part.

        Of rows that are kept `verbatim` since they answer the question no more need be said.
        """
        asked = wanted(work.question.asked)
        told = [stems("\n".join(row.text for row in part)) for part in parts]
        elsewhere = borrowed(asked, told)
        for number, (part, known) in enumerate(zip(parts, told, strict=True), 1):
            text = ""
            task = f"Question: {work.question.text}\nThis is part {number} of {len(parts)}."
            async with aclosing(self._read(part, task, room)) as steps:
                async for step in steps:
                    if isinstance(step, str):
                        text = step
                    else:
                        yield work.progress(step)
            work.num_read += 1
            rows = []
            for sentence in _sentences(text):
                # Asked what a diver found, a small model finds something where no diver is spoken
                # of, too.
                named = stems(sentence) & asked
                if named & elsewhere and not named & known:
                    continue
                source = closest(sentence, part)
                if not asked or source not in verbatim:
                    rows.append(_noted(sentence, source))
            for row in sorted(rows, key=lambda row: row.start_s):
                yield row

    async def _read(
        self, part: Sequence[Row], task: str, room: int
    ) -> AsyncGenerator[float | str, None]:
        """Yield the share that is done, now and then, and at last what is written on a part."""
        told = "\n".join(row.text for row in part)
        key = hashlib.blake2b(f"{room}\0{task}\0{told}".encode(), digest_size=16).digest()
        text = self._remembered.get(key)
        if text is None:
            text, num_pieces = "", 0
            yield 0.0
            asked = (
                Message("system", (TextPart(_SYSTEM),)),
                Message("user", (TextPart(_TASK.format(part=told, task=task)),)),
            )
            sampling = Sampling(temperature=0.0, max_tokens=room)
            reading = self._thinker.think(GenerateRequest(messages=asked, sampling=sampling))
            async with aclosing(reading) as thoughts:
                async for thought in thoughts:
                    if isinstance(thought, Progress):
                        yield thought.fraction / 2
                    elif isinstance(thought, TextDelta):
                        text += thought.text
                        num_pieces += 1
                        yield min(1.0, 0.5 + num_pieces / room / 2)
        self._remembered[key] = text
        self._remembered.move_to_end(key)
        while len(self._remembered) > _MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        yield text

    def _measured(self, request: GenerateRequest, notes: Sequence[Note]) -> tuple[int, list[int]]:
        """Tokens of the prompt, and of each note in it."""
        sizes = [self._thinker.count_tokens(note.text) for note in notes]
        return self._thinker.count_prompt(request), sizes

    def _verbatim(self, note: Note, question: Question, room: int) -> list[Row]:
        """Rows to be kept as they are."""
        room, size = min(room, _VERBATIM), self._thinker.count_tokens
        rows = asked_for(note.rows, question.asked, room, size)
        if not rows and question.context:
            return asked_for(note.rows, question.context, room, size)
        return rows

    def _parts(self, note: Note, question: str, longest_s: float) -> list[tuple[Row, ...]]:
        """The note's rows in parts that the model reads at once."""
        size = self._thinker.count_tokens
        around = size(_SYSTEM) + size(_TASK) + size(question) + _TEMPLATE + _WRITTEN
        limit = max(_LEAST, min(_PART, self._thinker.window_tokens - around))
        return cut(note, limit, size, longest_s)

    def _trimmed(self, note: Note, share: int, work: _Work) -> Note:
        """The beginning of the note, in `share` tokens, and a last line that says so."""
        size = self._thinker.count_tokens
        rows = note.rows or tuple(Row(0.0, line, False) for line in note.head.split("\n"))
        head = note.head if note.rows else ""
        room = share - size(head) - _LEAST // 2
        kept: list[Row] = []
        for row in rows:
            room -= size(row.text) + 1
            if room < 0:
                break
            kept.append(row)
        if len(kept) == len(rows):
            return note
        first = rows[len(kept)]
        where = f"from {clock(first.start_s)} on" if first.is_timed else "of the text"
        work.left_out.append(f"the rest {where}")
        end = Row(first.start_s, f"(The rest {where} is left out.)", False)
        return replace(note, head=head, rows=(*kept, end))


def _reply_tokens(request: GenerateRequest, window_tokens: int) -> int:
    """What is kept free for the reply."""
    return min(request.sampling.max_tokens or _REPLY, _REPLY, window_tokens // 4)


def _shares(sizes: Sequence[int], room: int) -> list[int]:
    """Tokens for each note: the small ones get what they need, the others equal shares."""
    shares = [0] * len(sizes)
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    for position, number in enumerate(order):
        shares[number] = min(sizes[number], room // (len(order) - position))
        room -= shares[number]
    return shares


def _sentences(text: str) -> list[str]:
    """What was written on a part, without marks and times of the model's own."""
    sentences = [_CLUTTER.sub("", found).strip() for found in _SENTENCE_END.split(text.strip())]
    if len(sentences) > 1 and not _ENDED.search(sentences[-1]):
        sentences.pop()  # cut off
    return [
        sentence
        for sentence in dict.fromkeys(sentences)
        if len(sentence) >= _SHORTEST_SENTENCE and not _NOTHING.match(sentence)
    ]


def _noted(sentence: str, source: Row) -> Row:
    """The sentence, at the time of the row that it tells of."""
    told = f"[{clock(source.start_s)}] {sentence}" if source.is_timed else sentence
    return Row(source.start_s, told, source.is_timed)


def _spans(note: Note, parts: Sequence[Sequence[Row]]) -> list[Span]:
    """From when to when each part goes; none of what has no times."""
    if not note.rows:
        return []
    starts = [part[0].start_s for part in parts]
    end_s = max(note.rows[-1].start_s, *(end_s for _, end_s in note.speech[-1:]), 0.0)
    return list(zip(starts, [*starts[1:], end_s], strict=True))


def _headed(note: Note, num_parts: int) -> str:
    # Without rows the head holds everything; its first sentence says what kind of file it is.
    head = note.head if note.rows else re.split(r"[.\n]", note.head)[0][:_LABEL] + "."
    where = f"its {num_parts} parts" if num_parts > 1 else "it"
    return f"{head} Too long to be shown whole: this was noted on {where}."


def _with_verbatim(note: Note, verbatim: Sequence[Row], question: Question) -> Note:
    """Rows word for word come last, next to the question; in a summary each has its place."""
    if not verbatim:
        return note
    if asks_for_all(question.asked):
        rows = sorted([*verbatim, *note.rows], key=lambda row: row.start_s)
        return replace(note, rows=tuple(rows))
    title = Row(verbatim[0].start_s, "Word for word:", False)
    return replace(note, rows=(*note.rows, title, *verbatim))


def _report(work: _Work, needed: int, limit: int) -> Report:
    if work.num_parts:
        how, done = "mapped and reduced", f"read in {len(work.spans)} parts and condensed"
    else:
        how, done = "trimmed", ""
    done = "; ".join(filter(None, [done, *(f"{rest} was left out" for rest in work.left_out)]))
    window = {
        "limit": limit,
        "needed": needed,
        "parts": len(work.spans),
        "spans": [{"start_s": start_s, "end_s": end_s} for start_s, end_s in work.spans],
        "how": how,
        "summary": f"{needed} tokens of prompt with all notes, the window has {limit}: {done}",
    }
    return Report("media_report", {"window": window})
