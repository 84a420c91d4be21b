"""The talker: speaks what is being written, first words soon, then without a gap.

Text is cut into pieces, each synthesised as a whole when the player is about to need it. Knows
nothing of synthesisers or wire formats.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import numpy as np

from thinktalk.engines import delivery
from thinktalk.engines.base import SpeechOptions, Thought
from thinktalk.engines.cascade import boundaries, pauses
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.claims import Claim, current
from thinktalk.engines.cascade.clauses import Clause, ClauseCutter
from thinktalk.engines.cascade.pace import faded
from thinktalk.engines.cascade.pacing import FIRST_WORDS, Pacing
from thinktalk.engines.cascade.speakers import ClauseSpeaker, pace_of
from thinktalk.engines.delivery import Manner
from thinktalk.events import AudioDelta, TextDelta
from thinktalk.media.types import Audio, Samples

_DELTA_S = 0.4
# What goes of a piece's run-out where the phrase goes on in the next piece.
_RUN_OUT_S = 0.035


class CascadeTalker:
    """Implements `engines.base.Talker` and `engines.base.Synthesizer`."""

    def __init__(self, speaker: ClauseSpeaker, arbiter: Arbiter) -> None:
        self._speaker = speaker
        self._arbiter = arbiter
        self._last_pacing = Pacing()

    @property
    def sample_rate(self) -> int:
        return self._speaker.sample_rate

    async def start(self) -> None:
        """Load and warm up; idempotent."""
        await self._speaker.start()

    async def stop(self) -> None:
        await self._speaker.stop()

    async def talk(
        self, thoughts: AsyncIterator[Thought], speech: SpeechOptions
    ) -> AsyncGenerator[AudioDelta, None]:
        claim = current()
        if claim.dry_at is None:
            claim = Claim(asyncio.get_running_loop().time())
        cutter = ClauseCutter(speech.language)
        manner = delivery.read(speech.instructions)
        pacing = self._last_pacing = Pacing(self._last_pacing)
        news = asyncio.Event()
        ended = False

        async def read() -> None:
            nonlocal ended
            try:
                async for thought in thoughts:
                    if isinstance(thought, TextDelta):
                        cutter.feed(thought.text)
                        news.set()
            finally:
                ended = True
                news.set()

        reader = asyncio.create_task(read())
        try:
            while True:
                # Pieces of which nothing is said would follow each other without a pause.
                await asyncio.sleep(0)
                news.clear()
                is_all = ended
                clause, patience_s = _next_clause(cutter, pacing, final=is_all)
                if clause is not None:
                    async with aclosing(self._say(clause, speech, manner, pacing, claim)) as deltas:
                        async for delta in deltas:
                            yield delta
                elif is_all:
                    break
                else:
                    await _wait(news, patience_s)
            await reader
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def synthesize(
        self, text: str, speech: SpeechOptions
    ) -> AsyncGenerator[AudioDelta, None]:
        async def whole() -> AsyncGenerator[Thought, None]:
            yield TextDelta(text)

        async with aclosing(self.talk(whole(), speech)) as deltas:
            async for delta in deltas:
                yield delta

    async def _say(
        self,
        clause: Clause,
        speech: SpeechOptions,
        manner: Manner,
        pacing: Pacing,
        claim: Claim,
    ) -> AsyncGenerator[AudioDelta, None]:
        if not clause.spoken.strip():
            return
        loop = asyncio.get_running_loop()
        pace = pace_of(speech.speed, manner)
        num_words = boundaries.count(clause.spoken)
        due, work_s = pacing.latest_start(num_words), pacing.work_s(num_words)
        async with self._arbiter.exclusive(due or loop.time(), work_s, claim):
            started = loop.time()
            audio = await self._speaker.say(
                clause.spoken, clause.language, speech.voice, speech.speed, manner
            )
            took_s = loop.time() - started
            if not len(audio.samples):
                return
            audio, pause = _spaced(audio, clause, pace, is_first=not pacing.started)
            heard_s = audio.duration_s + len(pause) / audio.sample_rate
            claim.dry_at = pacing.spoke(num_words, heard_s, took_s, loop.time())
        for delta in _deltas(audio, pause, clause):
            yield delta


def _next_clause(
    cutter: ClauseCutter, pacing: Pacing, *, final: bool
) -> tuple[Clause | None, float | None]:
    """The piece to say now, or None and how long to wait for more text at most."""
    now = asyncio.get_running_loop().time()
    words = pacing.affordable_words(now)
    if not pacing.started:
        return cutter.cut(FIRST_WORDS, final=final), None
    pending = cutter.pending_words
    due = pacing.latest_start(min(pending, words))
    is_due = due is not None and due <= now and pending > 0
    if final or is_due or pending > words:
        return cutter.cut(words, final=final), None
    if (clause := cutter.cut()) is not None:
        return clause, None
    return None, max(0.01, due - now) if due is not None and pending else None


async def _wait(news: asyncio.Event, patience_s: float | None) -> None:
    try:
        async with asyncio.timeout(patience_s):
            await news.wait()
    except TimeoutError:
        return


def _spaced(audio: Audio, clause: Clause, pace: float, *, is_first: bool) -> tuple[Audio, Samples]:
    """A piece with the silence before it, and the silence after it: less the faster one speaks."""
    rate, samples = audio.sample_rate, audio.samples
    after_s = pauses.after(clause.text)
    if after_s == 0:
        run_out = int(_RUN_OUT_S * rate / max(1.0, pace))
        samples = faded(samples[: len(samples) - run_out], rate, out_s=0)
    if not is_first and (before_s := pauses.before(clause.text)):
        samples = np.concatenate([_silence(before_s / pace, rate), samples])
    return Audio(samples, rate), _silence(after_s / pace, rate)


def _silence(duration_s: float, sample_rate: int) -> Samples:
    return np.zeros(int(duration_s * sample_rate), np.float32)


def _deltas(audio: Audio, pause: Samples, clause: Clause) -> list[AudioDelta]:
    """Cut a piece into short deltas, each with the words that fall into its time.

    The spans follow one another and together are the clause's: a client that stops playing knows
    to a word what was heard. Within a piece they assume an even pace.
    """
    samples = np.concatenate([audio.samples, pause])
    count = max(1, round(len(samples) / (_DELTA_S * audio.sample_rate)))
    bounds = [len(samples) * index // count for index in range(count + 1)]
    deltas: list[AudioDelta] = []
    start = clause.span[0]
    for first, last in itertools.pairwise(bounds):
        end = clause.span[1]
        if last < len(audio.samples):
            end = max(start, _word_start(clause, last / len(audio.samples)))
        deltas.append(AudioDelta(Audio(samples[first:last], audio.sample_rate), (start, end)))
        start = end
    return deltas


def _word_start(clause: Clause, fraction: float) -> int:
    """Where the word begins that is said at `fraction` of the clause."""
    reached = int(fraction * len(clause.text))
    return clause.span[0] + boundaries.word_start(clause.text, reached)
