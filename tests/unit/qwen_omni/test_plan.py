"""What the memory plan counts, and when it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support.small_omni import CONFIG, write_checkpoint
from thinktalk.engines.qwen_omni import checkpoint, released
from thinktalk.engines.qwen_omni.device import free_ram
from thinktalk.engines.qwen_omni.plan import Plan, for_checkpoint, remedies, table
from thinktalk.errors import CheckpointInvalid, DoesNotFit
from thinktalk.settings import QwenOmniSettings, WeightSettings

SETTINGS = QwenOmniSettings(device="cpu")


def plan_of(directory: Path, settings: QwenOmniSettings = SETTINGS) -> Plan:
    return for_checkpoint(checkpoint.find(str(directory), WeightSettings()), settings)


def instruct(free_gb: float, *, quantize: str = "none") -> Plan:
    """The released checkpoint with four replies of 16,384 tokens."""
    needs = released.plan(speaks=True, quantize=quantize, parallel=4, window_tokens=16_384)
    return replace(needs, free_bytes=round(free_gb * 1e9))


def test_weights_are_counted_by_part_from_the_headers_of_the_files(tmp_path: Path) -> None:
    plan = plan_of(write_checkpoint(tmp_path))
    assert plan.sizes == {
        "thinker": 512,
        "thinker experts": 128,
        "embeddings and head": 32_000,
        "audio encoder": 256,
        "vision encoder": 4096,
        "talker": 128,
        "talker experts": 128,
        "code predictor": 1024,
        "code2wav": 1024,
    }
    assert plan.weights_bytes == 2 * sum(plan.sizes.values())


def test_a_checkpoint_that_only_writes_needs_nothing_for_speech(tmp_path: Path) -> None:
    plan = plan_of(write_checkpoint(tmp_path, enable_audio_output=False))
    assert not {"talker", "talker experts", "code predictor", "code2wav"} & plan.sizes.keys()
    assert plan.talker_token_bytes == 0


def test_auto_keeps_the_type_of_the_files_and_a_choice_changes_it(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, dtype="F32")
    whole, half = plan_of(tmp_path), plan_of(tmp_path, QwenOmniSettings(dtype="float16"))
    assert (whole.dtype, half.dtype) == ("float32", "float16")
    assert whole.weights_bytes == 2 * half.weights_bytes
    assert whole.cache_bytes == 2 * half.cache_bytes


def test_a_window_is_at_most_what_the_checkpoint_was_made_for(tmp_path: Path) -> None:
    plan = plan_of(write_checkpoint(tmp_path))
    assert plan.window_tokens == 8192
    # Keys and values of two heads of 8 numbers, in 2 layers of the thinker and 1 of the talker.
    assert plan.cache_bytes == 4 * 8192 * (2 + 1) * (2 * 2 * 8) * 2


def test_a_shape_that_the_configuration_lacks_is_named(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, thinker_config={**CONFIG["thinker_config"], "text_config": {}})
    with pytest.raises(CheckpointInvalid, match="lacks 'num_hidden_layers'"):
        plan_of(tmp_path)


def test_the_released_checkpoint_takes_what_its_shapes_say() -> None:
    plan = instruct(100)
    assert sum(plan.sizes.values()) == 35_259_818_545
    assert round(plan.weights_bytes / 1e9, 1) == 70.5
    assert (plan.thinker_token_bytes, plan.talker_token_bytes) == (98_304, 20_480)
    assert round(instruct(100, quantize="int4").weights_bytes / 1e9, 1) == 23.0


def test_what_does_not_fit_is_refused_with_the_numbers_and_what_would() -> None:
    instruct(85).check()
    with pytest.raises(DoesNotFit) as refused:
        instruct(80).check()
    said = str(refused.value)
    assert f"{instruct(80).needed_bytes / 1e9:.1f} GB needed" in said and "80.0 GB free" in said
    for setting in ("parallel = 3", "window_tokens = ", "quantize = int8", "quantize = int4"):
        assert f"qwen_omni.{setting}" in said


def test_every_remedy_of_a_small_card_is_one_that_fits() -> None:
    assert remedies(instruct(45)) == (
        f"qwen_omni.quantize = int4 ({instruct(45, quantize='int4').needed_bytes / 1e9:.1f} GB)",
    )
    (all_at_once,) = remedies(instruct(28))
    assert "int4 with qwen_omni.parallel = 1 with qwen_omni.window_tokens = 4096" in all_at_once
    assert remedies(instruct(12)) == ()


def test_the_tables_name_every_part_and_the_verdict() -> None:
    shown = table(instruct(45))
    assert all(part in shown for part in released.SIZES)
    assert "it does not fit" in shown and "would fit   qwen_omni.quantize = int4" in shown
    assert "not known" in table(replace(instruct(45), free_bytes=None))
    assert "107.74" in released.table()


def test_free_memory_is_the_least_of_the_machines_and_the_control_groups(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    assert free_ram(tmp_path) is None
    (tmp_path / "proc/meminfo").write_text("MemTotal: 900 kB\nMemAvailable:   800 kB\n")
    assert free_ram(tmp_path) == 800 * 1024
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("500000\n")
    (group / "memory.current").write_text("300000\n")
    (group / "memory.stat").write_text("anon 1\ninactive_file 100000\n")
    assert free_ram(tmp_path) == 300_000
    (group / "memory.max").write_text("max\n")
    assert free_ram(tmp_path) == 800 * 1024
