"""From a loaded model to what the scheduler runs."""

from __future__ import annotations

from functools import partial

import torch

from thinktalk.engines.qwen_omni.code2wav import Code2Wav
from thinktalk.engines.qwen_omni.graphs import Capture, Graphs
from thinktalk.engines.qwen_omni.loader import Model
from thinktalk.engines.qwen_omni.speech import CHUNK_SIZES
from thinktalk.engines.qwen_omni.talker import Speaking, Talker
from thinktalk.engines.qwen_omni.thinker import Thinker
from thinktalk.engines.qwen_omni.voice import Voice


def assemble(
    model: Model,
    speaking: Speaking,
    *,
    slots: int,
    capacity: int,
    capture: Capture | None = None,
) -> tuple[Thinker, Voice | None]:
    """Thinker and voice for `slots` conversations of `capacity` tokens.

    Without `capture`, steps are CUDA graphs where a card can capture them.
    """
    network = model.network
    if capture is None and _can_capture(model):
        capture = partial(Graphs, pool=torch.cuda.graph_pool_handle())
    accept = network.config.talker_config.accept_hidden_layer if model.speaks else None
    thinker = Thinker(
        network.thinker, slots=slots, capacity=capacity, accept_layer=accept, capture=capture
    )
    if not model.speaks:
        return thinker, None
    talker = Talker(network, speaking, slots=slots, capacity=capacity, capture=capture)
    return thinker, Voice(talker, Code2Wav(network.code2wav, slots=slots, capture=capture))


def _can_capture(model: Model) -> bool:
    """Whether the whole model is on one card whose grouped products need nothing of the host.

    PyTorch 2.13 has such of bfloat16, for compute capability 9 and 10; elsewhere it reads sizes.
    """
    places = {weight.device for weight in model.network.parameters()}
    if len(places) > 1 or model.device.type != "cuda" or model.dtype != torch.bfloat16:
        return False
    return torch.cuda.get_device_capability(model.device)[0] in (9, 10)


def prepare(thinker: Thinker, voice: Voice | None) -> None:
    """Set up, before anybody waits for it, what is set up on first use: graphs of every size."""
    thinker.prepare()
    if voice is not None:
        voice.talker.prepare()
        voice.code2wav.prepare(CHUNK_SIZES)
