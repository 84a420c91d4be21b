"""What is measured: a model of random weights, served by the engine's own scheduler.

No reply ends by itself: limits decide how many tokens and frames it has. All draws are greedy.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from tests.support import random_omni
from torch import Tensor

from benchmarks.qwen_omni.heard import Chunk, Heard
from thinktalk.engines.base import Sampling
from thinktalk.engines.qwen_omni import assembly
from thinktalk.engines.qwen_omni.loader import Model
from thinktalk.engines.qwen_omni.prompt import Prompt, PromptReader
from thinktalk.engines.qwen_omni.reply import Outbox, Reply, Sound
from thinktalk.engines.qwen_omni.sampling import TextSampler, numbers
from thinktalk.engines.qwen_omni.scheduler import Scheduler
from thinktalk.engines.qwen_omni.speech import Speech
from thinktalk.engines.qwen_omni.talker import GREEDY
from thinktalk.engines.qwen_omni.thinker import Thinker
from thinktalk.engines.qwen_omni.voice import Voice
from thinktalk.engines.qwen_omni.written import Written

NUM_TOKENS, NUM_FRAMES = 40, 79  # 6.3 s of sound
SLOTS = 8
CAPACITY = 2560  # tokens: a prompt of 2,000 and its reply
SPEAKER = "ethan"

_SAMPLE_RATE = 24_000
_GREEDY_TEXT = Sampling(temperature=0.0)


def make(shapes: random_omni.Shapes, device: str) -> Model:
    """Weights in float32 on a processor, in bfloat16 on a card, made where they are to be."""
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    network = random_omni.model(shapes, device=device, dtype=dtype, ends=False)
    # As the loader does: positions of a prompt of sound and pictures are counted from it.
    network.talker.config.audio_config = network.thinker.config.audio_config
    speakers = network.config.talker_config.speaker_id
    return Model(network, network.config, torch.device(device), dtype, (), speakers)


def reader() -> PromptReader:
    """The same for all shapes: they have one vocabulary, and one way to cut up sounds."""
    return PromptReader.load(random_omni.cached(random_omni.TINY, ends=False))


class _TimedSampler(TextSampler):
    def __init__(self, heard: Heard) -> None:
        super().__init__(_GREEDY_TEXT)
        self._heard = heard

    def __call__(self, scores: Tensor) -> int:
        token = super().__call__(scores)  # waits for the device
        self._heard.token_at_s.append(time.perf_counter())
        return token


@dataclass(slots=True, eq=False)
class _TimedSpeech(Speech):
    heard: Heard = field(default_factory=Heard)

    def add(self, codes: Tensor, spoken: Tensor) -> None:
        self.heard.frame_at_s.append(time.perf_counter())
        self.heard.codes.append(codes)
        Speech.add(self, codes, spoken)


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """A model and the thread that runs it; `thinker` and `voice` may be used while it is idle."""

    model: Model
    reader: PromptReader
    thinker: Thinker
    voice: Voice
    scheduler: Scheduler

    async def hear(
        self,
        prompt: Prompt,
        *,
        num_tokens: int = NUM_TOKENS,
        num_frames: int = NUM_FRAMES,
        into: Heard | None = None,
    ) -> Heard:
        """All of one reply; only text if there are to be no frames. Leaving cancels it.

        Args:
            into: where what comes is noted as it comes.
        """
        heard = into or Heard()
        reply = self._reply(prompt, num_tokens, num_frames, heard)
        heard.tokens = reply.tokens
        heard.begun_at_s = time.perf_counter()
        self.scheduler.submit(reply)
        try:
            async for item in reply.outbox.items():
                if isinstance(item, Sound):
                    chunk = Chunk(time.perf_counter(), len(item.samples) / _SAMPLE_RATE)
                    heard.chunks.append(chunk)
        finally:
            reply.cancel()
        heard.ended_at_s = time.perf_counter()
        return heard

    def _reply(self, prompt: Prompt, num_tokens: int, num_frames: int, heard: Heard) -> Reply:
        speech = _TimedSpeech(
            speaker=self.model.speakers[SPEAKER],
            numbers=numbers(0, of=1),
            max_frames=num_frames,
            heard=heard,
        )
        tokenizer = self.reader.tokenizer.backend_tokenizer
        return Reply(
            prompt=prompt,
            sampler=_TimedSampler(heard),
            written=Written(tokenizer, _GREEDY_TEXT, frozenset()),
            max_tokens=num_tokens,
            speech=speech if num_frames else None,
            outbox=Outbox(),
        )


@contextmanager
def serving(model: Model, reader: PromptReader, *, slots: int = SLOTS) -> Iterator[Served]:
    """Run a model until the context is left."""
    with torch.inference_mode():
        thinker, voice = assembly.assemble(model, GREEDY, slots=slots, capacity=CAPACITY)
        assembly.prepare(thinker, voice)
    assert voice is not None
    scheduler = Scheduler(thinker, voice, slots=slots, ends=frozenset())
    scheduler.start()
    try:
        yield Served(model, reader, thinker, voice, scheduler)
    finally:
        scheduler.close()


def wait_for(device: Any) -> None:
    """Until a card has done what it was given; processors do it at once."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
