"""Answering: admission, the engine, its events, and what they cost. Free of any wire format.

    answer = answering.answer(model, build, caller="key 1")
    async with aclosing(answer.events()) as events:
        async for choice, event in events: ...
    answer.usage, answer.reports

Media are loaded by `build` once a place is held, so that the work of requests that wait is bounded
by the number of places.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from thinktalk.engines.base import Capabilities, Engine, GenerateRequest
from thinktalk.errors import InvalidField, PromptTooLong
from thinktalk.events import (
    AudioDelta,
    Event,
    Finished,
    Report,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from thinktalk.media.budget import output_audio_tokens
from thinktalk.serving.admission import Admission
from thinktalk.serving.models import ServedModel
from thinktalk.serving.rate import RateLimits
from thinktalk.serving.readiness import Readiness
from thinktalk.serving.usage import (
    PromptCost,
    TokenUsage,
    least_text_tokens,
    prompt_cost,
)
from thinktalk.telemetry import Metrics, Stopwatch

Build = Callable[[Capabilities], Awaitable[GenerateRequest]]


@dataclass(frozen=True, slots=True)
class Answering:
    """What every answer goes through."""

    readiness: Readiness
    admission: Admission
    rates: RateLimits
    metrics: Metrics
    context_tokens: int
    readers: set[asyncio.Task[Any]] = field(default_factory=set)

    def answer(
        self,
        model: ServedModel,
        build: Build,
        *,
        caller: str,
        num_choices: int = 1,
        engine: Engine | None = None,
    ) -> Answer:
        """Prepare an answer; nothing happens until its events are read.

        Args:
            build: makes the request for an engine of these capabilities, or raises `BadRequest`.
            caller: whose limits it counts against.
            engine: answers instead of the model's tier.
        """
        return Answer(self, model, build, caller, num_choices, engine)

    async def read_ahead(self, model: ServedModel, build: Build) -> None:
        """Let the engine read what an answer will probably begin with.

        Only where nobody is being answered, and until somebody is; counts against no limit.
        """
        reader = asyncio.current_task()
        if self.readiness.states()[model.tier] != "ready" or self.admission.running or self.readers:
            return
        engine = await self.readiness.engine(model.tier)
        if reader is None or not engine.capabilities.reads_ahead:
            return
        self.readers.add(reader)
        try:
            request = await build(engine.capabilities)
            request = replace(request, sampling=replace(request.sampling, max_tokens=0))
            async with aclosing(engine.generate(request)) as events:
                async for _ in events:
                    pass
        finally:
            self.readers.discard(reader)


class Answer:
    """One request and its `num_choices` answers, written one after the other."""

    def __init__(
        self,
        answering: Answering,
        model: ServedModel,
        build: Build,
        caller: str,
        num_choices: int,
        engine: Engine | None,
    ) -> None:
        self._answering = answering
        self._model = model
        self._build = build
        self._caller = caller
        self._num_choices = num_choices
        self._engine = engine
        self._stopwatch = Stopwatch()
        self._media = PromptCost()
        self._prompt_text = 0
        self._completion_text = 0
        self._uncounted_deltas = 0
        self._audio_s = 0.0
        self.reports: list[Report] = []

    @property
    def usage(self) -> TokenUsage:
        """What it has cost so far; whole once the events have ended.

        A choice that was cut short never told its tokens: each delta counts as one, and the prompt
        as what it holds at least.
        """
        return TokenUsage(
            prompt_text=self._prompt_text,
            prompt_audio=self._media.audio,
            prompt_image=self._media.image,
            prompt_video=self._media.video,
            completion_text=self._completion_text + self._uncounted_deltas,
            completion_audio=output_audio_tokens(self._audio_s),
        )

    async def events(self) -> AsyncGenerator[tuple[int, Event], None]:
        """Yield (choice, event) in order; each choice ends with its `Finished`. Closing cancels.

        Raises:
            Busy: over a limit. NotReady: still loading. BadRequest: from `build`, or too long.
        """
        metrics, is_complete = self._answering.metrics, False
        self._answering.rates.admit(self._caller)
        try:
            # A first load takes minutes: whoever waits for it must not hold a place meanwhile.
            engine = self._engine or await self._answering.readiness.engine(self._model.tier)
            async with self._answering.admission.place():
                for reader in self._answering.readers:
                    reader.cancel()
                request = await self._prepare(engine)
                for choice in range(self._num_choices):
                    async with aclosing(engine.generate(_varied(request, choice))) as events:
                        async for event in events:
                            self._note(event, choice)
                            yield choice, event
            is_complete = True
        except (GeneratorExit, asyncio.CancelledError):
            metrics.cancelled.labels(self._model.base).inc()
            raise
        finally:
            self._book(is_complete)

    async def _prepare(self, engine: Engine) -> GenerateRequest:
        request = await self._build(engine.capabilities)
        if request.speech is not None and not engine.capabilities.speech:
            raise InvalidField(
                f"{engine.capabilities.name} does not speak: modalities must be ['text']",
                param="modalities",
            )
        media, num_text = prompt_cost(request.messages), least_text_tokens(request)
        num_tokens = media.total + num_text
        # Media that are to be split have no limit but that of the settings: the text has.
        counted = num_text if request.media_policy == "split" else num_tokens
        if counted > self._answering.context_tokens:
            raise PromptTooLong(counted, self._answering.context_tokens)
        self._answering.rates.check_tokens(self._caller, num_tokens)
        self._media, self._prompt_text = media, num_text  # what is refused costs nothing
        self._answering.metrics.audio_in_s.inc(self._media.audio_s)
        return request

    def _note(self, event: Event, choice: int) -> None:
        match event:
            case TextDelta():
                self._stopwatch.text()
                self._uncounted_deltas += 1
            case ToolCallDelta():
                self._uncounted_deltas += 1
            case AudioDelta():
                self._stopwatch.audio()
                self._audio_s += event.audio.duration_s
            case Report():
                self.reports.append(event)
            case Finished():
                self._count(event.usage, choice)
                self._answering.metrics.finished.labels(self._model.base, event.reason).inc()

    def _count(self, usage: Usage, choice: int) -> None:
        self._completion_text += usage.completion_text_tokens
        self._uncounted_deltas = 0
        if choice == 0:  # the prompt is billed once, however many choices are drawn from it
            self._prompt_text = usage.prompt_text_tokens

    def _book(self, is_complete: bool) -> None:
        metrics, base, usage = self._answering.metrics, self._model.base, self.usage
        self._answering.rates.spend_tokens(self._caller, usage.total)
        metrics.prompt_tokens.labels(base).inc(usage.prompt)
        metrics.generation_tokens.labels(base).inc(usage.completion)
        metrics.audio_out_s.inc(self._audio_s)
        if self._stopwatch.first_text_s is not None:
            metrics.time_to_first_token.labels(base).observe(self._stopwatch.first_text_s)
        if self._stopwatch.first_audio_s is not None:
            metrics.time_to_first_audio.labels(base).observe(self._stopwatch.first_audio_s)
        if not is_complete:
            return
        elapsed_s = self._stopwatch.elapsed_s
        metrics.latency.labels(base).observe(elapsed_s)
        if self._audio_s:
            metrics.real_time_factor.labels(base).observe(elapsed_s / self._audio_s)


def _varied(request: GenerateRequest, choice: int) -> GenerateRequest:
    """The same seed gives the same text, so each further choice gets the next seed."""
    seed = request.sampling.seed
    if seed is None or choice == 0:
        return request
    return replace(request, sampling=replace(request.sampling, seed=seed + choice))
