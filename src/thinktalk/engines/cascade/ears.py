"""Ears of the cascade: Whisper where voice activity says that somebody speaks.

Recordings of any length are heard as a stream: a minute is searched for speech, what was found is
cut into pieces, and pieces are read in small batches, so that memory does not grow and stopping is
prompt. Knows nothing of files and wire formats.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from thinktalk.engines import languages
from thinktalk.engines.base import Glimpse, RecognizeOptions, Segment
from thinktalk.engines.cascade.arbiter import Arbiter, run_to_end
from thinktalk.engines.cascade.claims import Claim, current
from thinktalk.engines.cascade.glance import glance
from thinktalk.engines.cascade.listening import Hearing, Steps
from thinktalk.engines.cascade.pieces import Piece, Span, cut
from thinktalk.engines.cascade.tape import Tape
from thinktalk.engines.cascade.whisper import SAMPLE_RATE, Task, Whisper, input_s
from thinktalk.errors import InvalidField, NotReady
from thinktalk.media.activity import Activity
from thinktalk.media.types import Audio, Recording, Samples

T = TypeVar("T")

_WINDOW_S = 60.0
# What the detector hears before the window, so that speech at its edge is not missed.
_LEAD_S = 1.0
# A batch decodes faster than its pieces one by one, and a native call cannot be stopped: others
# wait for its end. With four, who left a transcription was rid of it after 0.3 s at worst.
_BATCH, _BATCH_OF_RECORDING = 2, 4
# How long a recognition keeps the processor before others are asked.
_TURN_S = 0.5
_SCAN_S = 0.02


class WhisperRecognizer:
    """A `Recognizer`. Loads in `start`; several recognitions at once take turns."""

    def __init__(
        self, model_dir: Path, vad_file: Path, *, threads: int, arbiter: Arbiter | None = None
    ) -> None:
        self._model_dir = model_dir
        self._vad_file = vad_file
        self._threads = threads
        self._arbiter = arbiter
        self._executor: ThreadPoolExecutor | None = None
        self._whisper: Whisper | None = None
        self._activity: Activity | None = None

    async def start(self) -> None:
        """Load the weights and read a second of silence to warm up; idempotent."""
        if self._executor is not None:
            return
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="ears")
        try:
            await self._run(self._load)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Release the model once the native call that runs has ended."""
        executor, self._executor = self._executor, None
        if executor is not None:
            await asyncio.to_thread(executor.shutdown, wait=True, cancel_futures=True)
        self._whisper = self._activity = None

    async def recognize(
        self, audio: Audio | Recording, options: RecognizeOptions
    ) -> AsyncGenerator[Segment, None]:
        """Yield segments in time order; none where nobody speaks. Closing cancels.

        Texts put together as they are make the transcript: each begins with a space in the
        languages that have them.

        Raises:
            InvalidField: `options.language` is no language the model knows.
            NotReady: before `start`.
        """
        if self._whisper is None or self._executor is None:
            raise NotReady("the recogniser is still loading")
        options = _checked(options)
        claim = current()
        tape = await self._run(Tape, audio)
        batch_size = _BATCH_OF_RECORDING if isinstance(audio, Recording) else _BATCH
        hearing = Hearing(self._whisper, tape.clip, options)
        try:
            async with aclosing(self.batches(tape, claim, batch_size)) as batches:
                async for batch in batches:
                    for segment in await self._drive(hearing.listen(batch), claim):
                        yield segment
        finally:
            await tape.close()

    async def glance(self, samples: Samples, language: str, prompt: str) -> Glimpse:
        """Read the start of an utterance in one go, in about a tenth of a second.

        Args:
            samples: at 16 kHz, at most 3 s.
            language: ISO 639-1; it is not detected.
            prompt: words that are likely.

        Raises:
            InvalidField: `language` is none the model knows.
            NotReady: before `start`.
        """
        if self._whisper is None:
            raise NotReady("the recogniser is still loading")
        code = _checked(RecognizeOptions(language=language)).language or language
        return await self._in_turn(current(), glance, self._whisper, samples, code, prompt)

    async def batches(
        self, tape: Tape, claim: Claim, size: int
    ) -> AsyncGenerator[list[Piece], None]:
        """Pieces in order, `size` at once, as soon as the speech after them is known."""
        spans: list[Span] = []
        waiting: list[Piece] = []
        window_s, is_last = 0.0, False
        while not is_last:
            await tape.fill(window_s + _WINDOW_S)
            is_last = tape.end_s <= window_s + _WINDOW_S
            found = await self._in_turn(claim, self._speech, tape, window_s)
            spans = joined(spans, found)
            window_s += _WINDOW_S
            pieces = cut(spans, tape.end_s, lambda a, b: quietest(tape.clip(a, b), a, b))
            if not is_last and pieces:
                spans = list(pieces.pop().speech)  # may go on in the next window
            waiting += pieces
            while len(waiting) >= size or (waiting and is_last):
                yield waiting[:size]
                del waiting[:size]
            kept_from_s = waiting[0].start_s if waiting else (spans[0][0] if spans else window_s)
            tape.forget(min(kept_from_s, window_s) - _LEAD_S)

    def _speech(self, tape: Tape, window_s: float) -> list[Span]:
        assert self._activity is not None
        start_s = max(0.0, window_s - _LEAD_S)
        window = Audio(tape.clip(start_s, window_s + _WINDOW_S), SAMPLE_RATE)
        spans = [(start_s + a, start_s + b) for a, b in self._activity.speech_spans(window)]
        return [(max(a, window_s), b) for a, b in spans if b > window_s]

    def _load(self) -> None:
        self._activity = Activity(self._vad_file)
        whisper = Whisper(self._model_dir, threads=self._threads)
        silence = np.zeros(SAMPLE_RATE, np.float32)
        whisper.decode([whisper.encode(silence, input_s(1.0))], [Task("en")])
        self._whisper = whisper

    async def _drive(self, steps: Steps[T], claim: Claim) -> T:
        """Run `steps` to the end, a turn of the processor at a time."""
        loop = asyncio.get_running_loop()
        while True:
            async with self._turn(claim):
                end_of_turn = loop.time() + _TURN_S
                while loop.time() < end_of_turn:
                    done, value = await self._run(_advance, steps)
                    if done:
                        return value  # type: ignore[return-value]  # set where done

    async def _in_turn(self, claim: Claim, function: Callable[..., T], *arguments: object) -> T:
        async with self._turn(claim):
            return await self._run(function, *arguments)

    async def _run(self, function: Callable[..., T], *arguments: object) -> T:
        if self._executor is None:
            raise NotReady("the recogniser has been stopped")
        loop = asyncio.get_running_loop()
        return await run_to_end(loop.run_in_executor(self._executor, function, *arguments))

    def _turn(self, claim: Claim) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self._arbiter is None else self._arbiter.exclusive(claim=claim)


def joined(spans: list[Span], more: list[Span]) -> list[Span]:
    """Spans of two windows in a row, as one where speech runs across the edge."""
    if spans and more and more[0][0] - spans[-1][1] < 0.1:
        return [*spans[:-1], (spans[-1][0], more[0][1]), *more[1:]]
    return [*spans, *more]


def quietest(stretch: Samples, start_s: float, end_s: float) -> float:
    """The quietest moment of the samples between two times: the middle of the softest 0.1 s."""
    hop = round(_SCAN_S * SAMPLE_RATE)
    num_hops = len(stretch) // hop
    if num_hops < 5:
        return (start_s + end_s) / 2
    power = (stretch[: num_hops * hop].reshape(num_hops, hop) ** 2).mean(axis=1)
    softest = int(np.convolve(power, np.ones(5), mode="valid").argmin())
    return start_s + (softest + 2.5) * _SCAN_S


def _advance(steps: Steps[T]) -> tuple[bool, T | None]:
    try:
        next(steps)
    except StopIteration as end:
        return True, end.value
    return False, None


def _checked(options: RecognizeOptions) -> RecognizeOptions:
    if options.language is None:
        return options
    code = languages.code(options.language)
    if code is None:
        raise InvalidField(f"unknown language {options.language!r}", param="language")
    return replace(options, language=code)
