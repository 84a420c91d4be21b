"""A checkpoint's directory: written whole or not at all, and kept for the next who needs it."""

from __future__ import annotations

import hashlib
import json
import shutil
from importlib.metadata import version
from pathlib import Path

import platformdirs
from filelock import FileLock

from . import prompt, tokenizer, weights
from .shapes import TINY, Shapes

_MAKERS = ("torch", "transformers", "tokenizers", "safetensors", "dashscope")

# Of the released generation_config.json, and what ends a text.
_GENERATION = {
    "eos_token_id": [151_645, 151_643],
    "pad_token_id": 151_643,
    "do_sample": False,
    "talker_max_new_tokens": 4_096,
    "talker_repetition_penalty": 1.05,
    "talker_temperature": 0.9,
    "talker_top_k": 50,
    "talker_top_p": 1.0,
}


def cached(shapes: Shapes = TINY, *, talker: bool = True, ends: bool = True) -> Path:
    """A checkpoint in the platform's cache directory; `write` says what the arguments mean.

    Its name carries a hash of this package's sources and of the libraries' versions, so what
    another version made is left alone. Several processes may ask at once: one of them writes.
    """
    folder = Path(platformdirs.user_cache_dir("thinktalk")) / "random-omni"
    folder.mkdir(parents=True, exist_ok=True)
    parts = (shapes.name, "" if talker else "thinker", "" if ends else "endless", _makers())
    directory = folder / "-".join(part for part in parts if part)
    with FileLock(f"{directory}.lock"):
        if not directory.exists():
            unfinished = directory.with_name(f"{directory.name}.part")
            shutil.rmtree(unfinished, ignore_errors=True)
            write(unfinished, shapes, talker=talker, ends=ends)
            unfinished.rename(directory)
    return directory


def write(
    directory: Path, shapes: Shapes = TINY, *, talker: bool = True, ends: bool = True
) -> Path:
    """Write a checkpoint into `directory`; the same weights every time.

    Weights are bfloat16 where the shapes are tiny, float32 where not. The released shapes take
    141 GB of memory and of disk.

    Args:
        talker: False for a thinker alone, as Thinking and Captioner are released.
        ends: False for replies that only a limit ends, of text and of speech.
    """
    import torch

    directory.mkdir(parents=True, exist_ok=True)
    tokenizer.write(directory)
    prompt.write(directory)
    model = weights.model(shapes, talker=talker, ends=ends)
    dtype = torch.bfloat16 if shapes == TINY else torch.float32
    model.to(dtype).save_pretrained(directory)
    config = {**shapes.config(talker=talker), "dtype": str(dtype).removeprefix("torch.")}
    _write_json(directory / "config.json", config)  # over the one that Transformers spells its way
    _write_json(directory / "generation_config.json", _GENERATION)
    return directory


def _makers() -> str:
    digest = hashlib.sha256("".join(f"{name} {version(name)}\n" for name in _MAKERS).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2), encoding="utf-8")
