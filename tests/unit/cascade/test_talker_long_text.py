"""Long texts are spoken without keeping others waiting."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

from thinktalk.engines.base import SpeechOptions, VoiceRef
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.talker import CascadeTalker
from thinktalk.engines.delivery import NATURAL, Manner
from thinktalk.media.types import Audio


class Speaker:
    """Says everything at once."""

    sample_rate = 24_000

    def __init__(self) -> None:
        self.manners: list[Manner] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def say(
        self,
        text: str,
        language: str,
        voice: VoiceRef,
        speed: float = 1.0,
        manner: Manner = NATURAL,
    ) -> Audio:
        self.manners.append(manner)
        return Audio(np.zeros(2_400 * len(text.split()), np.float32), self.sample_rate)


@pytest.mark.parametrize("text", ["." * 30_000, "~" * 30_000, "word and more " * 700])
async def test_others_are_served_between_pieces(text: str) -> None:
    longest_s = 0.0

    async def watch() -> None:
        nonlocal longest_s
        while True:
            before = time.thread_time()  # others may have the processor
            await asyncio.sleep(0.005)
            longest_s = max(longest_s, time.thread_time() - before)

    watcher = asyncio.create_task(watch())
    speaker = Speaker()
    options = SpeechOptions(voice=VoiceRef("Tina"), instructions="slow " * 2_000)
    talker = CascadeTalker(speaker, Arbiter(alternate=False))
    async for _ in talker.synthesize(text, options):
        pass
    await asyncio.sleep(0.02)
    watcher.cancel()
    assert longest_s < 0.7
    assert all(manner.speed < 1 for manner in speaker.manners)
