"""From pieces of a recording to segments: which language, which reading to believe, what to drop.

Written as generators that pause between native calls, so that whoever drives them can stop, or let
others have the processor. Knows nothing of event loops or of how pieces were cut.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from thinktalk.engines.base import RecognizeOptions, Segment, Word
from thinktalk.engines.cascade.pieces import Piece, Span
from thinktalk.engines.cascade.whisper import (
    FULL_INPUT_S,
    Encoded,
    Hypothesis,
    Task,
    Timed,
    Whisper,
    input_s,
)
from thinktalk.engines.languages import UNSPACED
from thinktalk.media.types import Samples

T = TypeVar("T")
Steps = Generator[None, None, T]
Likely = Sequence[tuple[str, float]]  # language codes and probabilities, likeliest first

# Longer pieces hold several sentences; without time marks Whisper is apt to stop after the first.
_TIMESTAMPS_FROM_S = 10.0
_TIMESTAMPS_COST = 0.25  # time marks lower the mean log probability of a good reading by this
# Of clear speech in the right language, 95 % lies above this; in a wrong language hardly any.
_DOUBTFUL_LOGPROB = -0.45
_BAD_LOGPROB = -1.0  # this and the next: Radford et al. 2022, section 4.5
_REPETITIVE = 2.4
# Music and noise that pass for speech are read badly at 0.35 and up; noisy speech stays below 0.1.
_NO_SPEECH = 0.35
_HOPELESS_LOGPROB = -2.0
_SURE_LANGUAGE = 0.9
_UNSURE_LANGUAGE = 0.5
_FALLBACK_TEMPERATURES = (0.4, 0.8)
_MIN_TAIL_S = 1.0
# English is read at about 13 letters a second; a Chinese, Japanese or Korean one stands for three.
_SLOW_LETTERS = 8.0
_WIDE_FROM, _WIDE_LETTERS = 0x2E80, 3
_MIN_SPARSE_S = 4.0
# Written where nobody speaks, learnt from film subtitles.
_PHANTOMS = frozenset(
    {
        "thank you",
        "thanks for watching",
        "thank you for watching",
        "thank you very much",
        "please subscribe",
        "subtitles by the amara org community",
        "hmm",
        "mm",
        "you",
        "bye",
        "oh",
        "the end",
        "music",
        "applause",
    }
)
_PHANTOM_NO_SPEECH = 0.3


@dataclass(slots=True)
class Hearing:
    """One recording being recognised. `language` is the one last heard for sure.

    `clip` gives the samples between two times, at 16 kHz.
    """

    whisper: Whisper
    clip: Callable[[float, float], Samples]
    options: RecognizeOptions
    language: str | None = None

    def listen(self, pieces: Sequence[Piece]) -> Steps[list[Segment]]:
        """Recognise pieces together, decoded as one batch; segments are in time order."""
        length_s = input_s(max(piece.duration_s for piece in pieces))
        clips = []
        for piece in pieces:
            clips.append(self._encode(piece, length_s))
            yield
        languages = self._languages(clips, pieces)
        with_times = any(piece.duration_s > _TIMESTAMPS_FROM_S for piece in pieces)
        tasks = [
            Task(
                likely[0][0],
                self.options.translate,
                self.options.prompt,
                with_times,
                self.options.temperature,
            )
            for likely in languages
        ]
        readings = self.whisper.decode(clips, tasks)
        yield
        segments: list[Segment] = []
        for piece, clip, likely, reading in zip(pieces, clips, languages, readings, strict=True):
            if doubt(reading):
                clip, reading = yield from self._reconsider(piece, clip, reading, likely)
            if not is_speech(reading):
                continue
            self._remember(reading, likely)
            heard = yield from self._segments(piece, clip, reading)
            segments += yield from self._completed(piece, heard, reading)
        return segments

    def _completed(
        self, piece: Piece, heard: list[Segment], reading: Hypothesis
    ) -> Steps[list[Segment]]:
        """What was heard, with what Whisper skipped: it is apt to leave out whole sentences."""
        if (tail := _unheard(piece, heard, reading)) is not None:
            rest = yield from self.listen([tail])
            return heard + rest
        halves = piece.halves() if _is_sparse(piece, heard) else None
        if halves is not None:
            again = yield from self.listen(halves)
            if _num_letters(again) > 1.1 * _num_letters(heard):
                return again
        return heard

    def _encode(self, piece: Piece, length_s: float) -> Encoded:
        return self.whisper.encode(self.clip(piece.start_s, piece.end_s), length_s)

    def _languages(self, clips: Sequence[Encoded], pieces: Sequence[Piece]) -> list[Likely]:
        if self.options.language is not None:
            return [[(self.options.language, 1.0)] for _ in clips]
        found: list[Likely] = []
        for likely in self.whisper.languages(clips):
            if self.language is not None and likely[0][1] < _UNSURE_LANGUAGE:
                before = [pair for pair in likely if pair[0] == self.language]
                likely = [*before, *(pair for pair in likely if pair[0] != self.language)]
            found.append(likely)
        return found

    def _remember(self, reading: Hypothesis, likely: Likely) -> None:
        if not doubt(reading) and likely[0][1] > _SURE_LANGUAGE:
            self.language = reading.task.language

    def _reconsider(
        self, piece: Piece, clip: Encoded, reading: Hypothesis, likely: Likely
    ) -> Steps[tuple[Encoded, Hypothesis]]:
        """Try the second language, then the full input, then chance; keep the best reading."""
        best = reading
        if len(likely) > 1 and likely[0][1] < _SURE_LANGUAGE:
            [other] = self.whisper.decode([clip], [replace(best.task, language=likely[1][0])])
            yield
            best = max(best, other, key=_merit)
        if not is_bad(best):
            return clip, best
        whole = self._encode(piece, FULL_INPUT_S)
        yield
        for temperature in (self.options.temperature, *_FALLBACK_TEMPERATURES):
            [other] = self.whisper.decode([whole], [replace(best.task, temperature=temperature)])
            yield
            if _merit(other) > _merit(best):
                clip, best = whole, other
            if not is_bad(best):
                break
        return clip, best

    def _segments(self, piece: Piece, clip: Encoded, reading: Hypothesis) -> Steps[list[Segment]]:
        stretches = [stretch for stretch in self.whisper.timed(reading) if stretch.text.strip()]
        words: list[Word] = []
        if self.options.word_times and stretches:
            words = self.whisper.align(clip, reading)
            yield
        segments: list[Segment] = []
        earliest = piece.start_s
        for stretch, said in zip(stretches, _shared(words, stretches), strict=True):
            start, end = _times(piece, stretch, said, earliest)
            segments.append(
                Segment(
                    start_s=round(start, 3),
                    end_s=round(end, 3),
                    text=_spaced(stretch.text, reading.task),
                    language=reading.task.language,
                    words=tuple(_placed(word, piece.start_s, start, end) for word in said),
                    tokens=stretch.tokens,
                    avg_logprob=reading.avg_logprob,
                    no_speech_prob=reading.no_speech_prob,
                    compression_ratio=reading.compression_ratio,
                    temperature=reading.task.temperature,
                )
            )
            earliest = end
        return segments


def doubt(reading: Hypothesis) -> bool:
    """Whether another try could well read better."""
    return _repeats(reading) or _sureness(reading) < _DOUBTFUL_LOGPROB


def is_bad(reading: Hypothesis) -> bool:
    """Whether the reading should not be believed."""
    return _repeats(reading) or _sureness(reading) < _BAD_LOGPROB


def is_speech(reading: Hypothesis) -> bool:
    """False for readings of music and noise that passed for speech."""
    words = "".join(c if c.isalnum() else " " for c in reading.text.lower()).split()
    if not words:
        return False
    if is_bad(reading) and reading.no_speech_prob > _NO_SPEECH:
        return False
    if _sureness(reading) < _HOPELESS_LOGPROB:
        return False
    is_weak = reading.no_speech_prob > _PHANTOM_NO_SPEECH or doubt(reading)
    return not (is_weak and " ".join(words) in _PHANTOMS)


def _repeats(reading: Hypothesis) -> bool:
    return reading.is_cut or reading.compression_ratio > _REPETITIVE


def _sureness(reading: Hypothesis) -> float:
    return reading.avg_logprob + (_TIMESTAMPS_COST if reading.task.timestamps else 0.0)


def _merit(reading: Hypothesis) -> tuple[bool, float]:
    return not _repeats(reading), reading.avg_logprob


def _unheard(piece: Piece, heard: Sequence[Segment], reading: Hypothesis) -> Piece | None:
    """The part of a piece that Whisper stopped short of; only known where it gave times."""
    if not reading.task.timestamps or not heard or is_bad(reading):
        return None
    end_s = heard[-1].end_s
    left = piece.tail(end_s) if end_s - piece.start_s > _MIN_TAIL_S else None
    return left if left is not None and left.speech_s >= _MIN_TAIL_S else None


def _is_sparse(piece: Piece, heard: Sequence[Segment]) -> bool:
    """Whether the text is short for so much speech."""
    if not heard or piece.speech_s < _MIN_SPARSE_S:
        return False
    wide = sum(ord(letter) > _WIDE_FROM for segment in heard for letter in segment.text)
    return _num_letters(heard) + wide * (_WIDE_LETTERS - 1) < _SLOW_LETTERS * piece.speech_s


def _num_letters(segments: Sequence[Segment]) -> int:
    return sum(len("".join(segment.text.split())) for segment in segments)


def _shared(words: Sequence[Word], stretches: Sequence[Timed]) -> list[list[Word]]:
    """The words of each stretch: together they spell the same text, spaces aside."""
    shares: list[list[Word]] = []
    rest = list(words)
    for stretch in stretches:
        due = len("".join(stretch.text.split()))
        share: list[Word] = []
        while rest and due > 0:
            due -= len("".join(rest[0].text.split()))
            share.append(rest.pop(0))
        shares.append(share)
    return shares


def _placed(word: Word, offset_s: float, start_s: float, end_s: float) -> Word:
    return replace(
        word,
        start_s=round(min(end_s, max(start_s, offset_s + word.start_s)), 3),
        end_s=round(min(end_s, max(start_s, offset_s + word.end_s)), 3),
    )


def _times(
    piece: Piece, stretch: Timed, words: Sequence[Word], earliest: float
) -> tuple[float, float]:
    """Start and end in the recording, never in silence and never before `earliest`."""
    if words:
        start, end = words[0].start_s, words[-1].end_s
    else:
        start = 0.0 if stretch.start_s is None else stretch.start_s
        end = piece.duration_s if stretch.end_s is None else stretch.end_s
    start = max(earliest, piece.start_s + start)
    end = min(piece.end_s, max(start, piece.start_s + end))
    return _clipped(start, end, piece.speech)


def _clipped(start: float, end: float, speech: Sequence[Span]) -> tuple[float, float]:
    # Whisper's own marks are whole seconds more often than not, so a touch is no overlap.
    inside = [span for span in speech if min(end, span[1]) - max(start, span[0]) > 0.2]
    if not inside:
        return start, end
    return max(start, inside[0][0]), min(end, inside[-1][1])


def _spaced(text: str, task: Task) -> str:
    """`text` such that segments can be put together as they are."""
    text = text.strip()
    written = "en" if task.translate else task.language
    return text if written in UNSPACED else " " + text
