"""Qwen3-Omni checkpoints of random weights, complete but for what training would add.

`write` makes a directory that Transformers loads like a released one: config, weights, tokenizer,
chat template, preprocessor. `cached` makes it once for each version of this package. `model` makes
the model alone, on any device. Needs torch and Transformers; fetches nothing.

    python -m tests.support.random_omni DIR --shapes tiny
"""

from __future__ import annotations

from .checkpoint import cached, write
from .shapes import BY_NAME, MID, RELEASED, TINY, Shapes
from .weights import model

__all__ = ["BY_NAME", "MID", "RELEASED", "TINY", "Shapes", "cached", "model", "write"]
