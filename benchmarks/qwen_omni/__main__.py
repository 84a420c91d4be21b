"""First audio, time per token and frame, several replies at once, beside `generate`.

    python -m benchmarks.qwen_omni [--shapes tiny|mid|released] [--device cpu|cuda] [--replies N]

Weights are random numbers. The engine's side goes through its scheduler; clocks start with the
prompt as token ids and features, for both sides. Needs the extra qwen-omni (make setup-qwen-omni).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

_GROUPS = ("text", "audio", "steps", "together", "quantized")
_WITHOUT = "qwen_omni: not measured, needs PyTorch and Transformers: make setup-qwen-omni"


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 where there is no such device, or float32 replies differ from `generate`'s."""
    options = _options(arguments)
    if not (find_spec("torch") and find_spec("transformers")):
        print(_WITHOUT)
        return 0
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch

    if options.device == "cuda" and not torch.cuda.is_available():
        print("qwen_omni: not measured, PyTorch finds no CUDA device")
        return 1
    if options.threads:
        torch.set_num_threads(options.threads)
    from benchmarks.qwen_omni.figures import EQUAL, rows
    from benchmarks.results import report

    figures = asyncio.run(_measure(options))
    is_whole = options.only is None and options.shapes != "tiny"
    name = f"qwen_omni-{options.shapes}-{options.device}" + ("" if is_whole else ".local")
    report(name, rows(figures, options.shapes, options.device), _details(options))
    differs = any(figure.name.endswith(EQUAL) and not figure.value for figure in figures)
    return int(differs and options.device == "cpu")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.qwen_omni", description=__doc__)
    parser.add_argument("--shapes", choices=("tiny", "mid", "released"), default="mid")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--replies", type=int, help="of each kind; 3 if not said, 1 of tiny shapes")
    parser.add_argument(
        "--threads", type=int, help="of the processor; PyTorch's choice if not said"
    )
    parser.add_argument("--only", choices=_GROUPS)
    options = parser.parse_args(arguments)
    if options.shapes == "released" and options.device == "cpu":
        parser.error("the released shapes take 141 GB in float32: --device cuda")
    options.replies = options.replies or (1 if options.shapes == "tiny" else 3)
    return options


async def _measure(options: argparse.Namespace) -> list[Any]:
    from tests.support import random_omni

    from benchmarks.qwen_omni import alone, quantized, steps, together
    from benchmarks.qwen_omni.subject import make, reader, serving

    shapes, reads = random_omni.BY_NAME[options.shapes], reader()
    groups: dict[str, Any] = {
        "text": partial(alone.measure, name="text prompt"),
        "audio": partial(alone.measure, name="5 s audio prompt"),
        "steps": steps.measure,
        "together": together.measure,
    }
    chosen = [name for name in _GROUPS if options.only in (None, name)]
    figures = []
    if chosen != ["quantized"]:
        with serving(make(shapes, options.device), reads) as served:
            for name, measure in groups.items():
                if name in chosen:
                    print(f"measuring: {name}", flush=True)
                    figures += await measure(served, options.replies)
    if "quantized" in chosen and options.shapes != "released":  # of those there is no checkpoint
        print("measuring: quantized", flush=True)
        figures += await quantized.measure(shapes, options.device, reads, options.replies)
    return figures


def _details(options: argparse.Namespace) -> dict[str, Any]:
    import torch
    import transformers

    is_card = options.device == "cuda"
    return {
        "device": torch.cuda.get_device_name() if is_card else "cpu",
        "dtype": "bfloat16" if is_card else "float32",
        "threads": torch.get_num_threads(),
        "replies": options.replies,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


if __name__ == "__main__":
    sys.exit(main())
