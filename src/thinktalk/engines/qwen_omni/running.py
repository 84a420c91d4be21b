"""A loaded checkpoint at work: its parts built for so many conversations, and who runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from thinktalk.conversation import Message, TextPart
from thinktalk.engines.base import GenerateRequest
from thinktalk.engines.qwen_omni import assembly, checkpoint, loader, loading
from thinktalk.engines.qwen_omni import plan as planning
from thinktalk.engines.qwen_omni.checkpoint import Checkpoint
from thinktalk.engines.qwen_omni.loader import Model
from thinktalk.engines.qwen_omni.plan import Plan
from thinktalk.engines.qwen_omni.prompt import PromptReader
from thinktalk.engines.qwen_omni.sampling import Drawing
from thinktalk.engines.qwen_omni.scheduler import Scheduler
from thinktalk.engines.qwen_omni.talker import Speaking
from thinktalk.errors import CheckpointInvalid
from thinktalk.settings import QwenOmniSettings, WeightSettings


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """What an engine asks.

    Attributes:
        speakers: ids of the talker's voices by name; none without a talker.
        window_tokens: of one conversation, its reply included.
    """

    reader: PromptReader
    scheduler: Scheduler
    speakers: Mapping[str, int]
    window_tokens: int


def start(
    found: Checkpoint,
    settings: QwenOmniSettings,
    weights: WeightSettings,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Running:
    """Load a checkpoint and begin to serve it. Takes seconds to minutes.

    Args:
        is_stopping: asked before each weight: whether to give up.
    Raises:
        DoesNotFit: with the numbers. NotReady: it was given up.
        ThinktalkError: what else is wrong with it or the device.
    """
    complete = checkpoint.fetch(found, weights)
    plan = planning.for_checkpoint(complete, settings)
    plan.check()
    with loading.watched(is_stopping):
        reader = read_prompts(complete.directory)  # before the weights, which take minutes
        model = loader.load(
            complete.directory,
            device=plan.device,
            dtype=settings.dtype,
            quantize=settings.quantize,
            device_map=settings.device_map,
        )
    loading.check(is_stopping)
    return serve(model, reader, plan, settings)


def read_prompts(directory: Path) -> PromptReader:
    """What reads prompts for the checkpoint in `directory`; it has read one.

    Raises:
        CheckpointInvalid: tokenizer, chat template or figures of media are not as they should be.
    """
    try:
        reader = PromptReader.load(directory)
        reader.read(GenerateRequest(messages=(Message("user", (TextPart("Hello?"),)),)))
    except Exception as fault:  # several libraries read these files, each with errors of its own
        raise CheckpointInvalid(
            str(directory), f"its tokenizer, chat template or preprocessor fails: {fault}"
        ) from fault
    return reader


def serve(model: Model, reader: PromptReader, plan: Plan, settings: QwenOmniSettings) -> Running:
    """Build the parts of a loaded model, and start the thread that runs them."""
    with torch.inference_mode():
        thinker, voice = assembly.assemble(
            model, speaking(settings), slots=plan.parallel, capacity=plan.window_tokens
        )
        assembly.prepare(thinker, voice)
    ends = frozenset(model.eos_ids)
    scheduler = Scheduler(thinker, voice, slots=plan.parallel, ends=ends)
    scheduler.start()
    return Running(reader, scheduler, model.speakers, plan.window_tokens)


def speaking(settings: QwenOmniSettings) -> Speaking:
    """How the talker draws."""
    return Speaking(
        Drawing(settings.talker_temperature, settings.talker_top_k, settings.talker_top_p),
        settings.talker_repetition_penalty,
    )
