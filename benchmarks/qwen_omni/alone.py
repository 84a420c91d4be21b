"""One reply at a time, ours and `generate`'s in turn: first audio, total, whether they agree."""

from __future__ import annotations

import torch
from tests.support import omni_media

from benchmarks.qwen_omni import peer
from benchmarks.qwen_omni.figures import EQUAL, Figure
from benchmarks.qwen_omni.heard import Heard
from benchmarks.qwen_omni.peer import Generated
from benchmarks.qwen_omni.subject import NUM_FRAMES, Served
from benchmarks.results import median
from thinktalk.engines.base import GenerateRequest

_SHORT = {"num_tokens": 4, "num_frames": 8}
_QUESTION = "What is this? Answer in detail."
REQUESTS = {
    "text prompt": omni_media.ask("What is a lighthouse? Answer in detail."),
    "5 s audio prompt": omni_media.ask(omni_media.audio(5 * 16_000), _QUESTION),
}


async def measure(served: Served, num_replies: int, *, name: str) -> list[Figure]:
    """To the request of a name, after a short reply of either as a warm-up."""
    figures = await _compare(served, REQUESTS[name], num_replies)
    return [figure._replace(name=f"{name}: {figure.name}") for figure in figures]


async def _compare(served: Served, request: GenerateRequest, num_replies: int) -> list[Figure]:
    prompt = served.reader.read(request)
    theirs: list[Generated] = []
    ours: list[Heard] = []
    peer.generate(served.model, prompt, **_SHORT)
    await served.hear(prompt, **_SHORT)
    for _ in range(num_replies):
        theirs.append(peer.generate(served.model, prompt))
        ours.append(await served.hear(prompt))
    pairs = list(zip(ours, theirs, strict=True))
    num_equal = min(_num_equal(*pair) for pair in pairs)
    has_equal_ids = all(mine.tokens == other.tokens for mine, other in pairs)
    first = median([heard.first_sound_s for heard in ours])
    total = median([heard.total_s for heard in ours])
    generated = median([each.total_s for each in theirs])
    return [
        Figure(EQUAL, has_equal_ids and num_equal == NUM_FRAMES),
        Figure("frames before codes differ", num_equal, f"of {NUM_FRAMES}"),
        Figure("prompt tokens", prompt.input_ids.shape[1]),
        Figure("total and first audio, generate", generated, "s"),
        Figure("first audio", first, "s"),
        Figure("total", total, "s"),
        Figure("first audio, times earlier", generated / first),
        Figure("total, times faster", generated / total),
        Figure("starved, worst", max(heard.starved_s for heard in ours), "s"),
    ]


def _num_equal(heard: Heard, generated: Generated) -> int:
    """How many frames have the same 16 codes before the first that has not."""
    same = (torch.stack(heard.codes, 1) == generated.codes).all(0)
    return int(same.int().cumprod(0).sum())
