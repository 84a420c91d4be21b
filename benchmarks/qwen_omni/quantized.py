"""Experts in int8 and int4: time of a thinker token, and bytes of weights."""

from __future__ import annotations

from typing import Any, get_args

from tests.support import random_omni

from benchmarks.qwen_omni.alone import REQUESTS
from benchmarks.qwen_omni.figures import Figure
from benchmarks.qwen_omni.steps import thinker_token_ms
from benchmarks.qwen_omni.subject import serving
from thinktalk.engines.qwen_omni import loader
from thinktalk.engines.qwen_omni.prompt import PromptReader


async def measure(
    shapes: random_omni.Shapes, device: str, reader: PromptReader, num_replies: int
) -> list[Figure]:
    """Of a checkpoint on disk, loaded once for each."""
    directory = random_omni.cached(shapes, ends=False)
    dtype = "float32" if device == "cpu" else "bfloat16"
    prompt = reader.read(REQUESTS["text prompt"])
    figures = []
    for quantize in get_args(loader.Quantize):
        model = loader.load(
            directory, device=device, dtype=dtype, quantize=quantize, device_map=None
        )
        with serving(model, reader, slots=1) as served:
            token_ms = await thinker_token_ms(served, prompt, num_replies)
        name = dtype if quantize == "none" else quantize
        figures += [
            Figure(f"experts in {name}: thinker token, as served", token_ms, "ms"),
            Figure(f"experts in {name}: all weights", _size_bytes(model.network) / 1e6, "MB"),
        ]
    return figures


def _size_bytes(network: Any) -> int:
    return sum(weight.nbytes for weight in network.parameters())
