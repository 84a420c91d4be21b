"""`generate` of Transformers: text, then codes, then sound, one after the other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from benchmarks.qwen_omni.subject import NUM_FRAMES, NUM_TOKENS, SPEAKER, wait_for
from thinktalk.engines.qwen_omni.loader import Model
from thinktalk.engines.qwen_omni.prompt import Prompt


@dataclass(slots=True, eq=False)
class Generated:
    """A reply of its; codes are (num_codes, num_frames). All of its sound comes at its end."""

    tokens: list[int] = field(default_factory=list)
    codes: Tensor = field(default_factory=lambda: torch.empty(0))
    total_s: float = 0.0
    code2wav_s: float = 0.0
    thinker_at_s: list[float] = field(default_factory=list)
    talker_at_s: list[float] = field(default_factory=list)

    @property
    def token_ms(self) -> float:
        return _interval_ms(self.thinker_at_s)

    @property
    def frame_ms(self) -> float:
        """Talker and code predictor."""
        return _interval_ms(self.talker_at_s)

    @property
    def code2wav_ms(self) -> float:
        """Per frame, of all frames in one go."""
        return self.code2wav_s * 1000 / self.codes.shape[1]


def generate(
    model: Model, prompt: Prompt, *, num_tokens: int = NUM_TOKENS, num_frames: int = NUM_FRAMES
) -> Generated:
    """Greedily. The last token of a reply that is cut it never speaks, so it gets one more.

    So it does of frames: the last that the talker opens is not finished.
    """
    result = Generated()
    features = {name: _placed(value, model) for name, value in prompt.features.items()}
    input_ids = prompt.input_ids.to(model.device)
    with _watched(model, result):
        wait_for(model.device)
        began = time.perf_counter()
        ids, wave = model.network.generate(
            input_ids=input_ids,
            attention_mask=torch.ones_like(input_ids),
            **features,
            use_audio_in_video=prompt.use_audio_in_video,
            speaker=SPEAKER,
            thinker_max_new_tokens=num_tokens + 1,
            thinker_do_sample=False,
            talker_do_sample=False,
            talker_max_new_tokens=num_frames + 1,
        )
        wave.cpu()
        result.total_s = time.perf_counter() - began
    start = input_ids.shape[1]
    result.tokens = ids[0, start : start + num_tokens].tolist()
    return result


@contextmanager
def _watched(model: Model, result: Generated) -> Iterator[None]:
    """Note when its steps begin, and what the codec's decoder is given and takes."""
    network = model.network
    decode = network.code2wav.chunked_decode

    def watched(codes: Tensor, **how: Any) -> Tensor:
        wait_for(model.device)
        began = time.perf_counter()
        wave = decode(codes, **how)
        wait_for(model.device)
        result.code2wav_s = time.perf_counter() - began
        result.codes = codes[0]
        return wave

    hooks = [
        module.register_forward_pre_hook(lambda *_, noted=noted: noted.append(time.perf_counter()))
        for module, noted in (
            (network.thinker, result.thinker_at_s),
            (network.talker, result.talker_at_s),
        )
    ]
    network.code2wav.chunked_decode = watched
    try:
        yield
    finally:
        network.code2wav.chunked_decode = decode
        for hook in hooks:
            hook.remove()


def _placed(value: Tensor, model: Model) -> Tensor:
    return value.to(model.device, model.dtype if value.is_floating_point() else None)


def _interval_ms(at_s: list[float]) -> float:
    """The mean from one step to the next, the first left out: it reads the prompt."""
    return (at_s[-1] - at_s[1]) * 1000 / (len(at_s) - 2)
