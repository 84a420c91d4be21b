"""What Transformers' own processor of Qwen3-Omni makes of requests: what ours are compared with.

It cannot be built without torchvision, which no part of the engine needs and which, where its build
is not PyTorch's own, breaks all else of Transformers. So it works in a process of its own, the only
one that finds the torchvision that the second environment keeps aside.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from thinktalk.conversation import AudioPart, ImagePart, TextPart, VideoPart
from thinktalk.engines.base import GenerateRequest

TORCHVISION = Path(sys.prefix) / "torchvision"
# A torchvision for CUDA does not load what it compiled, and misses these. They are not called here.
_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def processed(
    files: Path, requests: Mapping[str, GenerateRequest], scratch: Path
) -> dict[str, dict[str, Any]]:
    """Tensors by name of each request, by the processor whose files lie in `files`."""
    import torch

    asked, made = scratch / "requests", scratch / "tensors"
    asked.write_bytes(pickle.dumps(dict(requests)))
    subprocess.run(
        [sys.executable, "-m", "support.omni_processor", str(files), str(asked), str(made)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TORCHVISION), *sys.path])},
        check=True,
        timeout=300,
    )
    return dict(torch.load(made))


def main(files: str, asked: str, made: str) -> None:
    import torch
    from torch.library import Library

    library = Library("torchvision", "FRAGMENT")  # to be held: its end takes them back
    for operator in _OPERATORS:
        library.define(operator)
    from transformers import Qwen3OmniMoeProcessor

    processor = Qwen3OmniMoeProcessor.from_pretrained(files)
    requests = pickle.loads(Path(asked).read_bytes())
    torch.save({name: _process(processor, request) for name, request in requests.items()}, made)


def _process(processor: Any, request: GenerateRequest) -> dict[str, Any]:
    """Two frames a second, and the sound of videos among their frames."""
    images, videos, sounds, sources = [], [], [], []
    chat = []
    for message in request.messages:
        content: list[dict[str, str]] = []
        for part in message.parts:
            match part:
                case TextPart():
                    content.append({"type": "text", "text": part.text})
                case ImagePart():
                    content.append({"type": "image"})
                    images.append(part.image.pixels)
                case AudioPart():
                    content.append({"type": "audio"})
                    sounds.append(part.audio.samples)
                    sources.append(None)
                case VideoPart():
                    content.append({"type": "video"})
                    frames = [frame.image.pixels for frame in part.video.frames]
                    videos.append(np.stack(frames).transpose(0, 3, 1, 2))
                    if part.video.audio:
                        sounds.append(part.video.audio.samples)
                        sources.append(len(videos) - 1)
        chat.append({"role": message.role, "content": content})
    is_joined = any(source is not None for source in sources)
    made = processor(
        text=processor.apply_chat_template(chat, tokenize=False, add_generation_prompt=True),
        images=images or None,
        videos=videos or None,
        audio=sounds or None,
        audio_from_video_indices=sources if is_joined else None,
        load_audio_from_video=is_joined,
        return_tensors="pt",
        **({"fps": 2.0} if videos else {}),
    )
    return {name: tensor for name, tensor in made.items() if name != "attention_mask"}


if __name__ == "__main__":
    main(*sys.argv[1:])
