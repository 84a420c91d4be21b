"""A sound over a reply is read and judged as soon as it can be, counted from where it began."""

from __future__ import annotations

import asyncio
import math
from contextlib import aclosing
from typing import Any

import numpy as np
import pytest

from thinktalk.engines.base import Glimpse
from thinktalk.media.activity import WINDOW_S, LevelStream
from thinktalk.media.types import Samples
from thinktalk.session.overhearing import READ_FROM_S, Backdrop, Overhearing
from thinktalk.session.ports import Ports
from thinktalk.turns.detector import ONSET_WINDOWS
from thinktalk.turns.interrupt import Judge

RATE = 16_000
ONSET = 2 * RATE


def overhearing(read: Glimpse | str, late_s: float) -> Overhearing:
    """Of a hum that is named `late_s` after it began, and reads as `read`."""

    async def glance(samples: Samples, language: str, prompt: str) -> Glimpse | str:
        return read

    unused: Any = None
    ports = Ports(
        answer=unused,
        voice=unused,
        pictures=unused,
        activity=LevelStream,
        recognizer=None,
        family=unused,
        context_tokens=unused,
        glance=glance,
        judge=Judge(None),
    )
    random = np.random.default_rng(6)
    heard = 0.1 * np.sin(2 * np.pi * 170 * np.arange(4 * RATE) / RATE)
    heard[: ONSET - round(late_s * RATE)] = 0
    sound = (heard + 1e-4 * random.standard_normal(len(heard))).astype(np.float32)
    return Overhearing(
        ports,
        lambda first, last: sound[max(0, first) : last],
        ONSET,
        "en",
        lambda duration_s: Backdrop("", None),
    )


@pytest.mark.parametrize("read", ["Wait.", Glimpse("Wait.", (("Wait.", 0.4), ("Way.", 0.1)))])
@pytest.mark.parametrize("late_s", [0.0, 0.1, 0.2])
async def test_words_are_judged_when_they_are_read_and_not_a_window_later(
    read: Glimpse | str, late_s: float
) -> None:
    sound = overhearing(read, late_s)
    windows = ONSET_WINDOWS

    async def bid() -> str:
        async with aclosing(sound.verdicts()) as verdicts:
            async for verdict in verdicts:
                if verdict.kind == "interruption":
                    return sound.text
        return ""

    judging = asyncio.create_task(bid())
    while not judging.done():
        sound.push(0.9)
        windows += 1
        await asyncio.wait([judging], timeout=0.05)
    assert await judging == "Wait."
    assert windows == math.ceil((READ_FROM_S - late_s) / WINDOW_S - 0.3)


async def test_what_goes_on_and_on_is_not_judged_for_ever() -> None:
    sound = overhearing("Hm hm", 0.0)
    judged: list[float] = []

    async def judge() -> None:
        async with aclosing(sound.verdicts()) as verdicts:
            async for _ in verdicts:
                judged.append(sound.duration_s)

    judging = asyncio.create_task(judge())
    for _ in range(150):
        sound.push(0.9)
        await asyncio.sleep(0.005)
    judging.cancel()
    await asyncio.wait([judging])
    assert sound.duration_s > 4.0 and 2.5 < max(judged) <= 3.2
    assert len(sound._samples()) <= 3.4 * RATE
