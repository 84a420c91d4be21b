"""One step of each part at batch 1, against `generate` and what reading the weights once takes.

As served is the mean over a reply through the scheduler, with all that goes on around the steps.
Steps by themselves are medians of calls that wait for the device. The floor counts weights, not
caches: of the experts as many as a token chooses, the code predictor's layers 15 times a frame. On
a processor whose own cache holds a part's weights, that part may be faster than its floor.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.qwen_omni import peer
from benchmarks.qwen_omni.alone import REQUESTS
from benchmarks.qwen_omni.figures import Figure
from benchmarks.qwen_omni.subject import NUM_FRAMES, Served, wait_for
from thinktalk.engines.qwen_omni.cache import Rows
from thinktalk.engines.qwen_omni.loader import Model
from thinktalk.engines.qwen_omni.prompt import Prompt

_CHUNKS = (1, 4, 16)
_LENGTH = 64  # tokens in the caches before a timed step
_NUM_CALLS, _NUM_WARM = 30, 3
_NUM_COPIES, _COPIED_BYTES = 7, 1_000_000_000


async def measure(served: Served, num_replies: int) -> list[Figure]:
    prompt = served.reader.read(REQUESTS["text prompt"])
    peer.generate(served.model, prompt, num_tokens=4, num_frames=4)
    theirs = [peer.generate(served.model, prompt) for _ in range(num_replies)]
    token_ms, frame_ms = await _as_served(served, prompt, num_replies)
    bandwidth = _bytes_per_s(served.model.device)
    floors = _weights_read(served.model)
    alone = _alone(served)

    def floor(part: str) -> Figure:
        return Figure(f"{part}, floor", floors[part] / bandwidth * 1000, "ms")

    def of_theirs(what: str) -> float:
        return statistics.median(getattr(each, what) for each in theirs)

    return [
        Figure("memory bandwidth, copying 1 GB (read + written)", bandwidth / 1e9, "GB/s"),
        Figure("thinker token, as served", token_ms, "ms"),
        Figure("thinker token, generate", of_theirs("token_ms"), "ms"),
        alone["thinker step and scores"],
        floor("thinker token"),
        Figure("audio frame, as served", frame_ms, "ms"),
        Figure("audio frame, generate", of_theirs("frame_ms") + of_theirs("code2wav_ms"), "ms"),
        floor("audio frame"),
        Figure("talker and code predictor, generate", of_theirs("frame_ms"), "ms"),
        alone["talker step"],
        floor("talker step"),
        alone["code predictor and code 0"],
        floor("code predictor"),
        Figure("code2wav a frame, generate, all in one", of_theirs("code2wav_ms"), "ms"),
        *(alone[_chunked(size)] for size in _CHUNKS),
        floor("code2wav"),
    ]


async def thinker_token_ms(served: Served, prompt: Prompt, num_replies: int) -> float:
    """Of replies in text alone, without the first token."""
    means = []
    for _ in range(1 + num_replies):
        heard = await served.hear(prompt, num_frames=0)
        at_s = heard.token_at_s
        means.append((at_s[-1] - at_s[0]) * 1000 / (len(at_s) - 1))
    return statistics.median(means[1:])


async def _as_served(served: Served, prompt: Prompt, num_replies: int) -> tuple[float, float]:
    """ms per thinker token, and per frame of a reply that has been written but for its frames."""
    token_ms = await thinker_token_ms(served, prompt, num_replies)
    means = []
    for _ in range(1 + num_replies):
        heard = await served.hear(prompt, num_tokens=2)
        spoken_s = heard.ended_at_s - heard.frame_at_s[1]
        means.append(spoken_s * 1000 / (NUM_FRAMES - 2))
    return token_ms, statistics.median(means[1:])


@torch.inference_mode()
def _alone(served: Served) -> dict[str, Figure]:
    """Each part's step by itself, in slot 0."""
    thinker, talker, code2wav = served.thinker, served.voice.talker, served.voice.code2wav
    row = Rows.one(0, _LENGTH, _LENGTH)
    hidden = talker.step(talker.padding, row)
    draws = torch.zeros(1, talker.num_codes, device=talker.device)
    calls: dict[str, tuple[Callable[[], Any], int]] = {
        "thinker step and scores": (lambda: thinker.step([0], row), 1),
        "talker step": (lambda: talker.step(talker.padding, row), 1),
        "code predictor and code 0": (lambda: talker.frame(hidden, [0], draws), 1),
    }
    for size in _CHUNKS:
        codes = torch.randint(2048, (talker.num_codes, size), device=talker.device)
        calls[_chunked(size)] = (lambda codes=codes: code2wav(codes, 0, _LENGTH), size)
    return {
        name: Figure(name, _median_ms(call, served.model.device) / per, "ms")
        for name, (call, per) in calls.items()
    }


def _chunked(size: int) -> str:
    return f"code2wav a frame, in chunks of {size}"


def _median_ms(call: Callable[[], Any], device: Any, num_calls: int = _NUM_CALLS) -> float:
    """Of calls that each wait for the device."""
    taken = []
    for _ in range(_NUM_WARM + num_calls):
        wait_for(device)
        began = time.perf_counter()
        call()
        wait_for(device)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[_NUM_WARM:]) * 1000


def _bytes_per_s(device: torch.device) -> float:
    """Read and written while memory is copied, by as many threads as PyTorch has."""
    source = torch.ones(_COPIED_BYTES, dtype=torch.uint8, device=device)
    target = torch.zeros_like(source)
    copied_ms = _median_ms(lambda: target.copy_(source), device, _NUM_COPIES)
    return 2 * _COPIED_BYTES / (copied_ms / 1000)


def _weights_read(model: Model) -> dict[str, float]:
    """Bytes of weights that a token or a frame needs, each read once from memory."""
    thinker, talker = model.network.thinker, model.network.talker
    predictor = talker.code_predictor
    passes = len(predictor.lm_head)  # the first two positions take one together
    written = _stack_bytes(thinker.model.language_model) + _bytes(thinker.lm_head)
    step = _stack_bytes(talker.model)
    frame = _bytes(talker.codec_head) + _bytes(predictor.lm_head)
    frame += passes * _stack_bytes(predictor.model)
    code2wav = _bytes(model.network.code2wav) - _bytes(model.network.code2wav.code_embedding)
    return {
        "thinker token": written,
        "talker step": step,
        "code predictor": frame,
        "code2wav": code2wav,
        "audio frame": step + frame + code2wav,
    }


def _stack_bytes(stack: Any) -> float:
    """Of a token's way through all layers."""
    total = float(_bytes(stack.layers) + _bytes(stack.norm))
    for layer in stack.layers:
        if hasattr(layer.mlp, "experts"):
            chosen = layer.mlp.gate.top_k / layer.mlp.gate.num_experts
            total -= (1 - chosen) * _bytes(layer.mlp.experts)
    return total


def _bytes(module: Any) -> int:
    return sum(weight.nbytes for weight in module.parameters())
