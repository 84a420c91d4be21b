"""A checkpoint is read only as long as that is wanted; what is wrong with it is said early."""

from __future__ import annotations

import asyncio
import itertools
import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support import random_omni
from thinktalk.engines.qwen_omni import checkpoint, loading, running
from thinktalk.engines.qwen_omni.engine import QwenOmniEngine, _in_thread
from thinktalk.errors import CheckpointInvalid, NotReady
from thinktalk.settings import QwenOmniSettings, WeightSettings

SETTINGS = QwenOmniSettings(dtype="float32", window_tokens=1024, parallel=1)
WEIGHTS = WeightSettings(offline=True)


@pytest.fixture(scope="module")
def found() -> checkpoint.Checkpoint:
    return checkpoint.find(str(random_omni.cached(random_omni.TINY)), WEIGHTS)


def test_loading_is_given_up_before_the_next_weight(found: checkpoint.Checkpoint) -> None:
    asked = itertools.count()
    with pytest.raises(NotReady, match="stopped while it was loaded"):
        running.start(found, SETTINGS, WEIGHTS, lambda: next(asked) >= 3)
    assert next(asked) == 4


async def test_an_engine_that_is_stopped_while_it_loads_leaves_no_thread(
    found: checkpoint.Checkpoint,
) -> None:
    engine = QwenOmniEngine(found, SETTINGS, WEIGHTS)
    start = asyncio.create_task(engine.start())
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # the task of the load has begun, too
    assert "qwen-omni loading" in {thread.name for thread in threading.enumerate()}
    await engine.stop()
    assert "qwen-omni loading" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(asyncio.CancelledError):
        await start


async def test_a_model_that_is_loaded_too_late_is_closed() -> None:
    begun, finish, closed = (threading.Event() for _ in range(3))

    def work(_: Callable[[], bool]) -> Any:
        begun.set()
        finish.wait(10)
        return SimpleNamespace(scheduler=SimpleNamespace(close=closed.set))

    loading = asyncio.create_task(_in_thread(work))
    await asyncio.to_thread(begun.wait, 10)
    loading.cancel()
    finish.set()
    with pytest.raises(asyncio.CancelledError):
        await loading
    assert closed.is_set()


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def test_only_the_needless_warning_is_left_out(found: checkpoint.Checkpoint) -> None:
    from transformers import AutoConfig

    kept, library = _Kept(), logging.getLogger("transformers")
    library.addHandler(kept)
    try:
        with loading.watched(lambda: False):
            AutoConfig.from_pretrained(found.directory)
            logging.getLogger("transformers.modeling_rope_utils").warning("another")
        assert kept.messages == ["another"]
        AutoConfig.from_pretrained(found.directory)
        assert "Unrecognized keys in `rope_parameters`" in kept.messages[-1]  # else: drop `loading`
    finally:
        library.removeHandler(kept)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("tokenizer.json", "{ not"),
        ("tokenizer_config.json", "{}"),
        ("preprocessor_config.json", "{ not"),
        ("chat_template.jinja", "{% if %}"),
        ("chat_template.jinja", "{{ raise_exception('no') }}"),
    ],
)
def test_what_prompts_are_read_with_is_tried_before_the_weights_are_read(
    input_files: Path, tmp_path: Path, file: str, text: str
) -> None:
    running.read_prompts(input_files)
    shutil.copytree(input_files, tmp_path / "mine")
    (tmp_path / "mine" / file).write_text(text)
    with pytest.raises(CheckpointInvalid, match="mine: its tokenizer, chat template or"):
        running.read_prompts(tmp_path / "mine")
