"""A Qwen3-Omni checkpoint as an engine: one thread runs the model, any number of requests wait.

Knows nothing of layers and devices: `running` builds what it asks.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path

from thinktalk.engines.base import Capabilities, GenerateRequest, RealCosts
from thinktalk.engines.qwen_omni import running, sounds, voices
from thinktalk.engines.qwen_omni.alignment import Alignment
from thinktalk.engines.qwen_omni.checkpoint import Checkpoint
from thinktalk.engines.qwen_omni.fitting import REPLY_TOKENS, fitted
from thinktalk.engines.qwen_omni.pictures import frames_within
from thinktalk.engines.qwen_omni.prompt import Prompt
from thinktalk.engines.qwen_omni.reply import Ended, Outbox, Reply, Sound
from thinktalk.engines.qwen_omni.running import Running
from thinktalk.engines.qwen_omni.sampling import TextSampler, numbers
from thinktalk.engines.qwen_omni.speech import Speech
from thinktalk.engines.qwen_omni.tool_calls import ToolCallParser
from thinktalk.engines.qwen_omni.written import Written
from thinktalk.errors import NotReady, PromptTooLong
from thinktalk.events import (
    AudioDelta,
    Event,
    Finished,
    Report,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from thinktalk.media.types import Audio
from thinktalk.settings import QwenOmniSettings, WeightSettings

SAMPLE_RATE = 24_000
_TOOL_CALL = "<tool_call>"  # is not read aloud
_MAX_OUTPUT_TOKENS = 8192
_LAST_WEIGHT_S = 10.0  # for the one that is being read when loading is given up


class QwenOmniEngine:
    """An `Engine` of one checkpoint, which is loaded by `start`."""

    def __init__(
        self, checkpoint: Checkpoint, settings: QwenOmniSettings, weights: WeightSettings
    ) -> None:
        self._checkpoint = checkpoint
        self._settings, self._weights = settings, weights
        self._loading: asyncio.Task[Running] | None = None
        self._is_stopped = False
        self._capabilities = _capabilities(checkpoint, settings)

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def start(self) -> None:
        self._is_stopped = False
        await self._running()

    async def stop(self) -> None:
        self._is_stopped = True
        loading, self._loading = self._loading, None
        if loading is None:
            return
        loading.cancel()  # one that is done stays as it is
        await asyncio.wait((loading,))
        if not loading.cancelled() and loading.exception() is None:
            await asyncio.to_thread(loading.result().scheduler.close)

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        """Raises `PromptTooLong`: the prompt leaves no room for a reply in the window."""
        model = await self._running()
        reply, report = await self._begun(model, request)
        try:
            model.scheduler.submit(reply)
            if report is not None:
                yield report
            async with aclosing(_events(reply, request)) as events:
                async for event in events:
                    yield event
        finally:
            reply.cancel()

    async def _running(self) -> Running:
        """The loaded model; loads it, once for all who ask, and again only where that failed."""
        if self._is_stopped:
            raise NotReady("the engine has been stopped")
        loading = self._loading
        if loading is None or (loading.done() and loading.exception() is not None):
            start = partial(running.start, self._checkpoint, self._settings, self._weights)
            loading = self._loading = asyncio.create_task(_in_thread(start))
        return await asyncio.shield(loading)

    async def _begun(self, model: Running, request: GenerateRequest) -> tuple[Reply, Report | None]:
        """The reply to come, which alone holds the media as they are read, and what became less."""
        fit = await asyncio.to_thread(fitted, request, model.reader, model.window_tokens)
        heard = await sounds.heard(fit.request, fit.num_tokens, fit.limit)
        prompt = await asyncio.to_thread(model.reader.read, heard.request)
        return self._reply(model, prompt, request), fit.report(was_longer=heard.is_cut)

    def _reply(self, model: Running, prompt: Prompt, request: GenerateRequest) -> Reply:
        sampling, num_read = request.sampling, prompt.input_ids.shape[1]
        room = model.window_tokens - num_read
        if room < 1:
            raise PromptTooLong(num_read, model.window_tokens - 1)
        tokenizer = model.reader.tokenizer
        max_tokens = room if sampling.max_tokens is None else min(sampling.max_tokens, room)
        silent = frozenset({tokenizer.convert_tokens_to_ids(_TOOL_CALL)} if request.tools else ())
        speech = None
        if request.speech is not None and max_tokens > 0:
            speech = Speech(
                speaker=voices.speaker_id(request.speech.voice.name, model.speakers),
                numbers=numbers(sampling.seed, of=1),
                max_frames=room,
            )
        return Reply(
            prompt=prompt,
            sampler=TextSampler(sampling),
            written=Written(tokenizer.backend_tokenizer, sampling, silent),
            max_tokens=max_tokens,
            speech=speech,
            outbox=Outbox(),
        )


async def _in_thread(work: Callable[[Callable[[], bool]], Running]) -> Running:
    """Do `work`, which is told how to ask whether to give up.

    When cancelled, waits until it has: a thread that runs while the process ends may abort it. Not
    without end: it may be fetching.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Running] = loop.create_future()
    stopping = threading.Event()
    made: list[Running] = []  # also too late for `done`

    def give(failure: BaseException | None) -> None:
        if done.cancelled():
            return
        if failure is not None:
            done.set_exception(failure)
        else:
            done.set_result(made[0])

    def run() -> None:
        failure = None
        try:
            made.append(work(stopping.is_set))
            if stopping.is_set():
                made[0].scheduler.close()
        except BaseException as error:
            failure = error
        with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
            loop.call_soon_threadsafe(give, failure)

    thread = threading.Thread(target=run, name="qwen-omni loading", daemon=True)
    thread.start()
    try:
        return await done
    except asyncio.CancelledError:
        stopping.set()
        await asyncio.to_thread(thread.join, _LAST_WEIGHT_S)
        for model in made:
            await asyncio.to_thread(model.scheduler.close)
        raise


async def _events(reply: Reply, request: GenerateRequest) -> AsyncGenerator[Event, None]:
    """What comes of a reply, in the order in which it does."""
    parser = ToolCallParser() if request.tools else None
    alignment = Alignment()
    async with aclosing(reply.outbox.items()) as items:
        async for item in items:
            match item:
                case str() if not reply.is_enough:
                    for delta in parser.feed(item) if parser else (TextDelta(item),):
                        if isinstance(delta, TextDelta):
                            alignment.write(delta.text)
                        yield delta
                        if isinstance(delta, ToolCallDelta) and not request.parallel_tool_calls:
                            reply.stop_writing()
                            break
                case Sound(samples, is_last):
                    duration_s = len(samples) / SAMPLE_RATE
                    span = alignment.speak(duration_s, is_last=is_last)
                    yield AudioDelta(Audio(samples, SAMPLE_RATE), span)
                case Ended(reason):
                    for delta in parser.close() if parser and not reply.is_enough else ():
                        if isinstance(delta, TextDelta):
                            alignment.write(delta.text)
                        yield delta
                    is_whole = reason == "stop" or reply.is_enough
                    has_called = parser is not None and parser.num_calls > 0 and is_whole
                    yield Finished("tool_calls" if has_called else reason, _usage(reply))


def _usage(reply: Reply) -> Usage:
    return Usage(
        prompt_text_tokens=reply.prompt.num_text_tokens,
        completion_text_tokens=len(reply.tokens),
        internal_tokens=reply.prompt.input_ids.shape[1],
    )


def _capabilities(checkpoint: Checkpoint, settings: QwenOmniSettings) -> Capabilities:
    # Of a directory its last name: clients need not know where it lies.
    name = Path(checkpoint.name).name if Path(checkpoint.name).exists() else checkpoint.name
    parts = {"thinker": name, "ears": name, "eyes": name}
    if checkpoint.speaks:
        parts["talker"] = name
    text = checkpoint.config["thinker_config"]["text_config"]
    window_tokens = min(settings.window_tokens, text["max_position_embeddings"])
    what = (
        f"{checkpoint.variant}. Open Qwen3-Omni weights, not Qwen3.5-Omni, of which there are none."
    )
    limits = "Speed, language and instructions of speech, and samples of voices, are not followed."
    return Capabilities(
        name="qwen_omni",
        parts=parts,
        context_tokens=window_tokens,
        max_output_tokens=min(_MAX_OUTPUT_TOKENS, window_tokens),
        frames=frames_within(window_tokens),
        costs=RealCosts(
            speech_per_s=sounds.TOKENS_PER_S,
            image=None,
            video=None,
            part_tokens=None,
            reply_tokens=min(REPLY_TOKENS, window_tokens // 4),
        ),
        speech=checkpoint.speaks,
        speakers=checkpoint.speakers,
        spoken_by=voices.spoken_by(checkpoint.speakers),
        notes=(what, limits) if checkpoint.speaks else (what,),
    )
