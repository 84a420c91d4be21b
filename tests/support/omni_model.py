"""The tiny checkpoint as ours and as Transformers', and one reply of either."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import torch

from support import random_omni
from thinktalk.engines.base import GenerateRequest, Sampling
from thinktalk.engines.qwen_omni import assembly, loader
from thinktalk.engines.qwen_omni.graphs import Capture
from thinktalk.engines.qwen_omni.loader import Model
from thinktalk.engines.qwen_omni.prompt import Prompt, PromptReader
from thinktalk.engines.qwen_omni.reply import Ended, Outbox, Reply, Sound, Yielded
from thinktalk.engines.qwen_omni.sampling import TextSampler, numbers
from thinktalk.engines.qwen_omni.scheduler import Scheduler
from thinktalk.engines.qwen_omni.speech import Speech
from thinktalk.engines.qwen_omni.talker import GREEDY, Speaking
from thinktalk.engines.qwen_omni.written import Written
from thinktalk.media.types import Samples

CAPACITY = 2048
GREEDY_TEXT = Sampling(temperature=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Omni:
    """The checkpoint in float32 on one thread, which is fastest for so small a model."""

    model: Model
    reader: PromptReader

    @classmethod
    @cache
    def endless(cls, device: str = "cpu") -> Omni:
        """Its replies end where a limit ends them."""
        torch.set_num_threads(1)
        directory = random_omni.cached(random_omni.TINY, ends=False)
        model = loader.load(
            directory, device=device, dtype="float32", quantize="none", device_map=None
        )
        return cls(model, PromptReader.load(directory))

    @contextmanager
    def scheduler(
        self,
        slots: int = 4,
        speaking: Speaking = GREEDY,
        ends: frozenset[int] = frozenset(),
        capture: Capture | None = None,
    ) -> Iterator[Scheduler]:
        """Running until the context is left."""
        with torch.inference_mode():
            thinker, voice = assembly.assemble(
                self.model, speaking, slots=slots, capacity=CAPACITY, capture=capture
            )
        scheduler = Scheduler(thinker, voice, slots=slots, ends=ends)
        scheduler.start()
        try:
            yield scheduler
        finally:
            scheduler.close()

    def read(self, request: GenerateRequest) -> Prompt:
        return self.reader.read(request)

    def reply(
        self,
        prompt: Prompt,
        *,
        max_tokens: int = 12,
        max_frames: int = 20,
        sampling: Sampling = GREEDY_TEXT,
        spoken: bool = True,
    ) -> Reply:
        """To be made on a running event loop."""
        speech = Speech(
            speaker=self.model.speakers["ethan"],
            numbers=numbers(sampling.seed, of=1),
            max_frames=max_frames,
        )
        tokenizer = self.reader.tokenizer.backend_tokenizer
        return Reply(
            prompt=prompt,
            sampler=TextSampler(sampling),
            written=Written(tokenizer, sampling, frozenset()),
            max_tokens=max_tokens,
            speech=speech if spoken else None,
            outbox=Outbox(),
        )


@dataclass(slots=True)
class Heard:
    """What came of a reply."""

    tokens: list[int]
    text: str = ""
    sounds: list[Samples] = field(default_factory=list)
    lasts: list[bool] = field(default_factory=list)
    order: str = ""  # a letter for each thing that came: t text, s sound

    @property
    def wave(self) -> Samples:
        return np.concatenate(self.sounds)


async def hear(scheduler: Scheduler, reply: Reply) -> Heard:
    """Submit a reply and take all of it."""
    scheduler.submit(reply)
    heard = Heard(reply.tokens)
    async for item in timed(reply.outbox.items()):
        match item:
            case str():
                heard.text += item
                heard.order += "t"
            case Sound(samples, is_last):
                heard.sounds.append(samples)
                heard.lasts.append(is_last)
                heard.order += "s"
            case Ended():
                heard.order += "."
    return heard


async def timed(items: AsyncGenerator[Yielded, None]) -> AsyncGenerator[Yielded, None]:
    """Fails rather than waits for ever."""
    async with asyncio.timeout(120):
        async for item in items:
            yield item


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What `generate` of Transformers gives: ids of the reply, codes (16, n) and samples."""

    tokens: list[int]
    codes: torch.Tensor
    wave: Samples


def generate(
    omni: Omni, prompt: Prompt, *, max_tokens: int = 12, max_frames: int = 20
) -> Reference:
    """Greedily. `generate` never speaks the last token of a reply that is cut: it gets one more."""
    network: Any = omni.model.network
    with _codes_of(network) as codes:
        ids, wave = network.generate(
            input_ids=prompt.input_ids,
            attention_mask=torch.ones_like(prompt.input_ids),
            **prompt.features,
            use_audio_in_video=prompt.use_audio_in_video,
            speaker="Ethan",
            thinker_max_new_tokens=max_tokens + 1,
            thinker_do_sample=False,
            talker_do_sample=False,
            talker_max_new_tokens=max_frames + 1,  # of which the last has no frame
        )
    start = prompt.input_ids.shape[1]
    tokens = ids[0, start : start + max_tokens].tolist()
    return Reference(tokens, codes[0], wave.flatten().numpy())


@contextmanager
def _codes_of(network: Any) -> Iterator[list[torch.Tensor]]:
    """What is given to the codec's decoder meanwhile."""
    seen: list[torch.Tensor] = []
    decode = network.code2wav.chunked_decode

    def spy(codes: torch.Tensor, **how: Any) -> torch.Tensor:
        seen.extend(codes)
        return decode(codes, **how)

    network.code2wav.chunked_decode = spy
    try:
        yield seen
    finally:
        network.code2wav.chunked_decode = decode
