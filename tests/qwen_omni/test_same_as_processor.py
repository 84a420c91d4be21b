"""Prompts equal what Transformers' own processor makes of the same conversation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from support.omni_media import ask, audio, image, say, video
from support.omni_processor import TORCHVISION, processed
from thinktalk.engines.base import GenerateRequest
from thinktalk.engines.qwen_omni.prompt import PromptReader

pytestmark = pytest.mark.skipif(not TORCHVISION.is_dir(), reason=f"no torchvision in {TORCHVISION}")

CONVERSATIONS = {
    "text": ask("Hello  world, it isn't\n\n raining.\t \n 描述视频 é 🙂  "),
    "audio": ask(audio(16_079), "What is said?"),
    "several sounds": ask(audio(16_079), "and", audio(48_100), audio(48_123), audio(250)),
    "image": ask(image(320, 64), "What do you see?"),
    "video": ask(video(5), "What happens?"),
    "audio in video": ask(video(5, audio(40_001)), "What happens?"),
    "several of a kind": ask(
        image(64, 64), image(96, 64), "and", video(4, audio(30_000)), video(7, audio(60_000))
    ),
    "all four, interleaved": ask(
        "First", image(64, 64), audio(16_000), "then", video(5, audio(40_001)), audio(7_000), "so?"
    ),
    "sizes that must change": ask(
        image(15, 1000), image(333, 777), video(3, size=(128, 96)), image(50, 40)
    ),
    "media in earlier turns": GenerateRequest(
        messages=(
            say("system", "Be brief.\n"),
            say("user", image(64, 96), " What?"),
            say("assistant", "A house.  "),
            say("user", audio(20_000)),
            say("assistant", ""),
            say("user", "\nAnd here?", video(3, audio(8_000))),
        )
    ),
}


# torchvision scales by other sums than Pillow, which ours equals (test_pictures.py).
ANOTHER_SCALE = {"sizes that must change": ("pixel_values", "pixel_values_videos")}


@pytest.fixture(scope="module")
def expected(
    input_files: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    return processed(input_files, CONVERSATIONS, tmp_path_factory.mktemp("processor"))


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_prompt_equals_the_processors(
    reader: PromptReader, expected: dict[str, dict[str, Any]], name: str
) -> None:
    prompt = reader.read(CONVERSATIONS[name])
    ours, theirs = {"input_ids": prompt.input_ids, **prompt.features}, expected[name]
    assert ours.keys() == theirs.keys()
    for kind, tensor in theirs.items():
        mine = ours[kind]
        assert (mine.shape, mine.dtype) == (tensor.shape, tensor.dtype)
        if kind == "input_features":  # what the mask leaves out is never read
            heard = theirs["feature_attention_mask"][:, None].bool()
            mine, tensor = mine * heard, tensor * heard
        if kind not in ANOTHER_SCALE.get(name, ()):
            torch.testing.assert_close(mine, tensor, rtol=0, atol=1e-6)
