"""Cut a reply that is still being written into pieces a talker can say well.

Every character fed comes back in exactly one `Clause`, in order. The cutter remembers whether it is
inside a line or a code fence, so that each piece is speakable alone. Knows nothing of sound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from thinktalk.engines.cascade import boundaries, runs
from thinktalk.engines.cascade.language import detect
from thinktalk.engines.cascade.speakable import announced, is_short, speakable, wraps

_LONGEST_SENTENCE = 40  # words; beyond it a sentence is cut at its clauses
_EMPHASIS_SLACK = 3  # words by which an emphasised passage may exceed the limit
# Characters that are looked at for the next piece, since some rules take the square of their number
# and a request may bring 100,000: enough for forty words with their markup.
_WINDOW = 600
_FENCE = re.compile(r"[ \t]*(?P<mark>`{3,}|~{3,})(?P<info>[^`\n]*)\n")
_BLANK_LINES = re.compile(r"(?:[ \t]*\n)*")
_FENCED = re.compile(r"^[ \t]*(`{3,}|~{3,})[^`\n]*\n.*?(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.M)
# What may still turn into a fence, a rule or a list marker.
_UNDECIDED = re.compile(r"[ \t]*(?:[`~]{1,2}|[`~]{3,}[^\n]*|[-*_=+•#> \t]+|\d{1,3}[.)]?[ \t]*)$")
_MARKER = re.compile(
    r"[ \t]*(?:>[ \t]*)*(?:#{1,6}[ \t]+|[-*+•][ \t]+(?:\[[ xX]\][ \t]+)?|\d{1,3}[.)][ \t]+)"
)
_REST_OF_SENTENCE = re.compile(r"[^.!?…\n]{1,200}")


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of the reply.

    Attributes:
        text: the written characters.
        spoken: what is said for them; '' where nothing is. Marks “” stand around what is quoted
            from another language, for `runs`.
        span: half-open range of `text` among the characters of the whole reply.
        language: ISO 639-1.
        ends_sentence, ends_clause: what kind of boundary closes it.
    """

    text: str
    spoken: str
    span: tuple[int, int]
    language: str
    ends_sentence: bool
    ends_clause: bool


class ClauseCutter:
    """Cuts what it is fed. `language` None detects it clause by clause.

    `hint` is the language of the conversation, where it is known.
    """

    def __init__(self, language: str | None = None, *, hint: str | None = None) -> None:
        self._language = language
        self._current = language or hint or "en"
        self._pending = ""
        self._start = 0
        self._mid_line = False
        self._open_fence = ""

    @property
    def pending_words(self) -> int:
        """Words fed and not yet cut, as far as one looks; code blocks count for nothing."""
        text = self._pending
        if self._open_fence:
            text = text[self._fence_end(0) or len(text) :]
        return boundaries.count(_FENCED.sub("", text[:_WINDOW]))

    def feed(self, text: str) -> None:
        """Take the next characters of the reply."""
        self._pending += text

    def cut(self, max_words: int | None = None, *, final: bool = False) -> Clause | None:
        """Return the next piece, or None while no good boundary is complete.

        Args:
            max_words: at most so many words, at the best boundary among them, as soon as it is
                known. None waits for the end of the sentence.
            final: nothing more is coming; call until None to flush.
        """
        if not self._pending:
            return None
        if self._open_fence:
            return self._rest_of_fence(final)
        is_all = len(self._pending) <= _WINDOW
        window = self._pending[:_WINDOW]
        lead = 0 if self._mid_line else _blank_lines(window)
        if not window[lead:].strip():
            return self._take(len(window)) if final or not is_all else None
        if not self._mid_line:
            if fence := _FENCE.match(window, lead):
                return self._block(fence, final)
            if is_all and not final and _UNDECIDED.match(window, lead):
                return None
        return self._prose(lead, max_words, final)

    def _prose(self, lead: int, max_words: int | None, final: bool) -> Clause | None:
        end = self._line_end(lead)
        complete = end is not None or final
        line = self._pending[lead : end or len(self._pending)]
        if len(line) > _WINDOW:
            line = line[:_WINDOW]
            length = self._length(line, False, max_words)
            return self._take(lead + (length or self._forced(line, False, max_words)))
        if not self._mid_line and line.lstrip().startswith("|"):
            # A row is read as a whole: a cell alone means little.
            return self._take(lead + len(line)) if complete else None
        found = self._length(line, complete, max_words)
        return self._take(lead + found) if found else None

    def _length(self, line: str, complete: bool, max_words: int | None) -> int | None:
        """How much of `line` to take, by order of preference; None while that is not known."""
        limit = max_words or _LONGEST_SENTENCE
        marker = None if self._mid_line else _MARKER.match(line)
        ranges = boundaries.glued(line, complete=complete)
        if marker:
            ranges.append((0, marker.end() + 1))
        whole = [*ranges, *boundaries.emphasised(line, complete=complete)]
        language = self._current
        reach = boundaries.reach(line, limit)
        for end in boundaries.sentence_ends(line, language, at_line_start=not self._mid_line):
            if end > reach:
                break
            size = boundaries.count(line[:end])
            # One word alone is over before the next piece can be ready.
            if 2 <= size <= limit and boundaries.allowed(end, whole):
                return end
        size = boundaries.count(line)
        if complete and size <= limit:
            return len(line)
        if max_words is None and size <= limit:
            return None
        for end in reversed(boundaries.clause_ends(line)):
            if end > reach:
                continue
            if 2 <= boundaries.count(line[:end]) <= limit and boundaries.allowed(end, whole):
                return end
        if size <= limit:
            return None
        if found := boundaries.phrase_end(line, language, whole, limit):
            return found
        if complete and size <= 2 * limit:
            return len(line)
        # What should not be cut has outgrown the limit: give up emphasis first, then everything.
        if size > limit + _EMPHASIS_SLACK and (
            found := boundaries.phrase_end(line, language, ranges, limit)
        ):
            return found
        if complete or size > _LONGEST_SENTENCE + limit:
            return self._forced(line, complete, max_words)
        return None

    def _forced(self, line: str, complete: bool, max_words: int | None) -> int:
        """Where a line is cut whatever it tears; all of it where there is but one word."""
        limit = max_words or _LONGEST_SENTENCE
        found = boundaries.phrase_end(line, self._current, [], limit) or boundaries.first_gap(line)
        # What follows may belong to the end of the line.
        return found or (len(line) if complete else boundaries.safe_end(line))

    def _line_end(self, lead: int) -> int | None:
        """Where the first line ends for good: a wrapped line of prose goes on."""
        at = lead
        while (newline := self._pending.find("\n", at, lead + _WINDOW)) >= 0:
            following = self._pending[newline + 1 : newline + 2]
            line = self._pending[lead:newline]
            if not wraps(line, following or "a", mid_line=self._mid_line):
                return newline + 1
            if not following:
                return None
            at = newline + 1
        return None

    def _block(self, fence: re.Match[str], final: bool) -> Clause | None:
        """A fence opens here: read a short block out, announce a long one and pass over it."""
        self._open_fence = fence["mark"]
        if end := self._fence_end(fence.end()):
            return self._whole_block(fence, end)
        if final:
            return self._whole_block(fence, len(self._pending))
        lines = self._pending[fence.end() :].split("\n")[:-1]
        if is_short([line.strip() for line in lines if line.strip()]):
            self._open_fence = ""
            return None
        known = self._pending.rfind("\n") + 1
        return self._take(known, spoken=announced(fence["info"], language=self._current))

    def _whole_block(self, fence: re.Match[str], end: int) -> Clause:
        self._open_fence = ""
        if end <= _WINDOW:
            return self._take(end)
        lines = [line for line in self._pending[fence.end() : end].split("\n") if line.strip()]
        is_closed = bool(lines) and lines[-1].lstrip().startswith(fence["mark"])
        said = announced(fence["info"], len(lines) - is_closed, language=self._current)
        return self._take(end, spoken=said)

    def _rest_of_fence(self, final: bool) -> Clause | None:
        end = self._fence_end(0) or (len(self._pending) if final else None)
        if end is None:
            return None
        self._open_fence = ""
        return self._take(end, spoken="")

    def _fence_end(self, at: int) -> int | None:
        """Where the open fence is closed, its line break included; None while it is not."""
        mark = re.escape(self._open_fence)
        match = re.compile(rf"^[ \t]*{mark}[`~]*[ \t]*(?:\n|\Z)", re.MULTILINE).search(
            self._pending, at
        )
        return match.end() if match else None

    def _heard_as(self, text: str) -> str:
        """The language of `text`, which the rest of its sentence tells if it does not itself."""
        found = detect(runs.unquoted(text), self._current)
        if found != self._current or boundaries.ends_sentence(text):
            return found
        rest = _REST_OF_SENTENCE.match(self._pending)
        return detect(runs.unquoted(text + rest[0]), found) if rest else found

    def _read(self, text: str, language: str, is_inside: bool) -> str:
        return speakable(text, language, mid_line=is_inside or self._mid_line)

    def _take(self, length: int, *, spoken: str | None = None) -> Clause:
        text, self._pending = self._pending[:length], self._pending[length:]
        span = (self._start, self._start + length)
        self._start += length
        if self._language is None and spoken is None:
            self._current = self._heard_as(text)
        if spoken is None:
            spoken = runs.said(text, self._current, self._read)
        self._mid_line = not re.search(r"\n[ \t]*$", text)
        ends = boundaries.ends_sentence(text)
        return Clause(text, spoken, span, self._current, ends, ends or boundaries.ends_clause(text))


def _blank_lines(text: str) -> int:
    """Where the first line that is not blank begins."""
    match = _BLANK_LINES.match(text)
    return match.end() if match else 0
