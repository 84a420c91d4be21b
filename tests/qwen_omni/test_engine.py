"""A request on its way through the engine, in one process with it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from support import random_omni
from support.omni_media import ask, image, video
from thinktalk.conversation import AudioPart, Message
from thinktalk.engines.base import GenerateRequest, Sampling, SpeechOptions, VoiceRef
from thinktalk.engines.qwen_omni import checkpoint
from thinktalk.engines.qwen_omni.engine import QwenOmniEngine
from thinktalk.engines.qwen_omni.prompt import Prompt, PromptReader
from thinktalk.events import AudioDelta
from thinktalk.media.types import Recording, Samples
from thinktalk.settings import QwenOmniSettings, WeightSettings

_SETTINGS = QwenOmniSettings(dtype="float32", window_tokens=1024, parallel=1)
_WEIGHTS = WeightSettings(offline=True)


async def _silence(start_s: float) -> AsyncGenerator[Samples, None]:
    yield np.zeros(16_000, np.float32)


async def test_media_are_let_go_of_once_the_prompt_has_been_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: dict[str, weakref.ref[Any]] = {}
    read = PromptReader.read

    def watched(reader: PromptReader, request: GenerateRequest) -> Prompt:
        prompt = read(reader, request)
        held.update({name: weakref.ref(tensor) for name, tensor in prompt.features.items()})
        sound: Any = request.messages[-1].parts[0]
        held["samples"] = weakref.ref(sound.audio.samples)
        return prompt

    directory = random_omni.cached(random_omni.TINY, ends=False)
    engine = QwenOmniEngine(checkpoint.find(str(directory), _WEIGHTS), _SETTINGS, _WEIGHTS)
    await engine.start()
    monkeypatch.setattr(PromptReader, "read", watched)
    seen = ask(image(96, 64), video(2), "What is this?")
    recording = Message("user", (AudioPart(Recording(1.0, "silence", _silence)),))
    request = replace(
        seen,
        messages=(*seen.messages, recording),
        sampling=Sampling(max_tokens=100),
        speech=SpeechOptions(voice=VoiceRef("Ethan")),
    )
    try:
        async with asyncio.timeout(120), aclosing(engine.generate(request)) as events:
            async for event in events:
                if isinstance(event, AudioDelta):
                    break
            gc.collect()
            assert {"pixel_values", "pixel_values_videos", "input_features", "samples"} < set(held)
            assert not [name for name, tensor in held.items() if tensor() is not None]
    finally:
        await engine.stop()
