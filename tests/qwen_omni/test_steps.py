"""The steps that CUDA graphs are captured of, run plainly: they do what the others do."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
import torch

from support.omni_media import ask
from support.omni_model import CAPACITY, Heard, Omni, hear
from thinktalk.engines.qwen_omni import assembly
from thinktalk.engines.qwen_omni.graphs import Capture, Step
from thinktalk.engines.qwen_omni.scheduler import Scheduler
from thinktalk.engines.qwen_omni.talker import GREEDY

_QUESTIONS = [ask("What is a lighthouse?"), ask("How does it rain? Answer in detail.")]


def _plainly(step: Step) -> Step:
    return step


class _Sizes:
    """Runs steps plainly, and keeps the sizes that were asked for."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def __call__(self, step: Step) -> Step:
        def plain(size: object, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
            self.seen.append(size)
            return step(size, *tensors)

        return plain


async def _replies(capture: Capture | None) -> list[Heard]:
    """Two at once, the second in the fourth slot: graphs take all slots up to it."""
    omni = Omni.endless()
    with omni.scheduler(slots=4, capture=capture) as scheduler:
        waiting = [omni.reply(omni.read(_QUESTIONS[0]), max_frames=2000) for _ in range(2)]
        for reply in waiting:
            scheduler.submit(reply)
        heard = await asyncio.gather(
            *(hear(scheduler, omni.reply(omni.read(one))) for one in _QUESTIONS)
        )
        for reply in waiting:
            reply.cancel()
    return heard


async def test_slots_in_one_batch_give_what_rows_give() -> None:
    for plain, dense in zip(await _replies(None), await _replies(_plainly), strict=True):
        assert dense.tokens == plain.tokens
        assert np.abs(dense.wave - plain.wave).max() < 1e-4


async def test_every_size_is_captured_before_it_is_needed() -> None:
    omni, sizes = Omni.endless(), _Sizes()
    with torch.inference_mode():
        thinker, voice = assembly.assemble(
            omni.model, GREEDY, slots=3, capacity=CAPACITY, capture=sizes
        )
        assembly.prepare(thinker, voice)
    prepared = set(sizes.seen)
    scheduler = Scheduler(thinker, voice, slots=3, ends=frozenset())
    scheduler.start()
    prompt = omni.read(ask(" ".join(f"Line {number}." for number in range(150))))
    await asyncio.gather(*(hear(scheduler, omni.reply(prompt)) for _ in range(3)))
    scheduler.close()
    assert set(sizes.seen) == prepared
    assert {(1, 512), (2, 1024), (3, CAPACITY)} <= prepared


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
async def test_graphs_give_what_rows_give() -> None:
    plain = await _replies(None)
    for one, graphed in zip(plain, await _on_card(), strict=True):
        assert graphed.tokens == one.tokens


async def _on_card() -> list[Heard]:
    omni = Omni.endless("cuda")
    with omni.scheduler(slots=4) as scheduler:
        return list(
            await asyncio.gather(
                *(hear(scheduler, omni.reply(omni.read(one))) for one in _QUESTIONS)
            )
        )
