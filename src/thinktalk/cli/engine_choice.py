"""The options of `serve` and `doctor` that choose an engine and its weights."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, TextIO

from thinktalk.errors import BadRequest
from thinktalk.settings import Settings

if TYPE_CHECKING:
    from thinktalk.engines.qwen_omni.plan import Plan

_QWEN_OMNI = "qwen_omni"
_OPTIONS = ("weights", "device", "dtype", "quantize")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--engine", help="what serves all tiers (default: what the settings say)")
    group = parser.add_argument_group("with --engine qwen_omni")
    group.add_argument("--weights", help="directory of a checkpoint, or its name on the model hub")
    group.add_argument("--device", help="auto, cpu, cuda or one card such as cuda:1")
    group.add_argument("--dtype", help="auto, bfloat16, float16 or float32")
    group.add_argument("--quantize", help="none, int8 or int4")


def apply(args: argparse.Namespace, settings: Settings) -> Settings:
    """The settings with what the command line chose.

    Raises:
        UnknownEngine, BadRequest: there is no such engine, or the options are not for it.
        pydantic.ValidationError: an option has a value that its setting cannot have.
    """
    if args.engine is not None:
        settings = _with_engine(args.engine, settings)
    given = {name: getattr(args, name) for name in _OPTIONS if getattr(args, name) is not None}
    if not given:
        return settings
    if not names_qwen_omni(settings):
        options = ", ".join(f"--{name}" for name in given)
        raise BadRequest(f"{options}: for --engine {_QWEN_OMNI} only")
    own = settings.qwen_omni
    changed = type(own).model_validate({**own.model_dump(), **given})
    return settings.model_copy(update={_QWEN_OMNI: changed})


def _with_engine(name: str, settings: Settings) -> Settings:
    from thinktalk.engines import registry

    registry.find(name)
    profiles = {
        tier: profile.model_copy(update={"engine": name})
        for tier, profile in settings.profiles.items()
    }
    return settings.model_copy(update={"profiles": profiles})


def names_qwen_omni(settings: Settings) -> bool:
    """Whether any tier is served by it."""
    return any(profile.engine == _QWEN_OMNI for profile in settings.profiles.values())


def fetch_what_fits(settings: Settings) -> None:
    """Print the memory plan, then fetch the checkpoint if it is not here.

    Raises: `DoesNotFit`, and what `show_plan` raises.
    """
    from thinktalk.engines.qwen_omni import checkpoint

    show_plan(settings, sys.stderr).check()
    found = checkpoint.find(settings.qwen_omni.weights, settings.weights)
    checkpoint.fetch(found, settings.weights)


def show_plan(settings: Settings, output: TextIO) -> Plan:
    """Print the memory plan of the checkpoint; nothing of it is loaded.

    Raises: what `checkpoint.find` and `plan.for_checkpoint` raise.
    """
    from thinktalk.engines.qwen_omni import checkpoint, plan

    found = checkpoint.find(settings.qwen_omni.weights, settings.weights)
    planned = plan.for_checkpoint(found, settings.qwen_omni)
    print(plan.table(planned), file=output, flush=True)
    return planned
