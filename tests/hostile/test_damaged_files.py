"""Thousands of damaged files through the decoding processes: each is decoded or refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from thinktalk.abuse import samples
from thinktalk.abuse.damage import Mutation, mutations
from thinktalk.errors import MediaError
from thinktalk.media.types import FrameSampling
from thinktalk.media.worker import DecodeWorker
from thinktalk.settings import MediaSettings

NUM_PER_FORMAT = 75  # of 28 formats: 2,100 files
TIMEOUT_S = 4.0


@pytest.fixture
async def worker() -> AsyncIterator[DecodeWorker]:
    worker = DecodeWorker(MediaSettings(worker_timeout_s=TIMEOUT_S), num_processes=1)
    await worker.start()
    yield worker
    await worker.stop()


async def decoded(worker: DecodeWorker, damaged: Mutation) -> str:
    """What became of it: `decoded`, or the words of the refusal."""
    try:
        match samples.kind_of(damaged.name):
            case "audio":
                await worker.audio(damaged.data)
            case "video":
                await worker.video(damaged.data, FrameSampling())
            case _:
                await worker.image(damaged.data)
    except MediaError as refusal:
        return str(refusal)
    return "decoded"


async def test_thousands_of_damaged_files_are_decoded_or_refused(worker: DecodeWorker) -> None:
    fates: Counter[str] = Counter()
    for damaged in mutations(NUM_PER_FORMAT):
        fates[await decoded(worker, damaged)] += 1
    assert fates.total() >= 2_000
    # Damage may hit what nobody looks at. Hardly any may bring the decoder to its knees.
    assert 200 < fates["decoded"] < 1_800
    assert sum(count for fate, count in fates.items() if "broke down" in fate) <= 2
    assert sum(count for fate, count in fates.items() if "took longer" in fate) <= 2
