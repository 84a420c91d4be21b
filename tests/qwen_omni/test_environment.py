"""The environment that these tests run in is the one that users have."""

from __future__ import annotations

import torch
import transformers
from transformers import Qwen3OmniMoeConfig
from transformers.utils import is_torchvision_available


def test_the_model_is_known_without_torchvision() -> None:
    assert not is_torchvision_available()
    assert Qwen3OmniMoeConfig().model_type == "qwen3_omni_moe"
    assert torch.zeros(1).add(1).item() == 1.0
    assert int(transformers.__version__.split(".")[0]) == 5
