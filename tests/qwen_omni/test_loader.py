"""Checkpoints become models that can run: whole, placed, and as small as was asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from torch import Tensor

from support import random_omni
from thinktalk.engines.qwen_omni.loader import Dtype, Model, Quantize, check_placed, load
from thinktalk.engines.qwen_omni.quantized import QuantizedExperts
from thinktalk.errors import CheckpointInvalid, NoSuchDevice


def _load(directory: Path, quantize: Quantize = "none", dtype: Dtype = "float32") -> Model:
    return load(directory, device="cpu", dtype=dtype, quantize=quantize, device_map=None)


@pytest.fixture(scope="module")
def checkpoint() -> Path:
    return random_omni.cached(random_omni.TINY)


@pytest.fixture(scope="module")
def original(checkpoint: Path) -> Model:
    return _load(checkpoint)


@pytest.fixture
def changed(checkpoint: Path, tmp_path: Path) -> Callable[..., Path]:
    """The checkpoint with other values in one of its JSON files; None deletes the file."""

    def change(name: str, values: dict[str, Any] | None) -> Path:
        for path in checkpoint.iterdir():
            (tmp_path / path.name).symlink_to(path)
        (tmp_path / name).unlink()
        if values is not None:
            said = json.loads((checkpoint / name).read_text())
            (tmp_path / name).write_text(json.dumps(said | values))
        return tmp_path

    return change


def _hidden_states(model: Model) -> Tensor:
    tokens = torch.arange(1000, 1024)[None]
    thinker = model.network.thinker
    embedded = thinker.get_input_embeddings()(tokens)
    with torch.no_grad():
        return thinker.model.language_model(inputs_embeds=embedded).last_hidden_state.float()


def _error(got: Tensor, expected: Tensor) -> float:
    return float((got - expected).norm() / expected.norm())


def _expert_bytes(model: Model) -> int:
    named = model.network.named_parameters()
    return sum(weight.nbytes for name, weight in named if ".experts." in name)


def test_a_checkpoint_says_dtype_voices_and_ends(checkpoint: Path, original: Model) -> None:
    said = json.loads((checkpoint / "config.json").read_text())
    assert original.speaks
    assert dict(original.speakers) == said["talker_config"]["speaker_id"]
    assert set(original.eos_ids) == {151645, 151643}
    assert original.dtype == torch.float32
    assert not original.network.training
    assert _load(checkpoint, dtype="auto").dtype == getattr(torch, said["dtype"])


# Measured: 0.02 and 0.16. Random routers are near ties, so that a token may take another expert.
@pytest.mark.parametrize(("quantize", "limit"), [("int8", 0.06), ("int4", 0.3)])
def test_quantised_hidden_states_stay_close(
    checkpoint: Path, original: Model, quantize: Quantize, limit: float
) -> None:
    error = _error(_hidden_states(_load(checkpoint, quantize)), _hidden_states(original))
    assert 0 < error < limit


def test_quantised_experts_take_the_bytes_of_codes_and_scales(
    checkpoint: Path, original: Model
) -> None:
    stacks = [
        weight
        for name, weight in original.network.named_parameters()
        if name.endswith((".experts.gate_up_proj", ".experts.down_proj"))
    ]
    num_weights = sum(weight.numel() for weight in stacks)
    num_rows = sum(weight.shape[0] * weight.shape[1] for weight in stacks)
    num_groups = sum(
        weight.numel() // next(g for g in (128, 64, 32) if weight.shape[2] % g == 0)
        for weight in stacks
    )
    assert _expert_bytes(original) == 4 * num_weights
    assert _expert_bytes(_load(checkpoint, "int8")) == num_weights + 2 * num_rows
    assert _expert_bytes(_load(checkpoint, "int4")) == num_weights // 2 + 4 * num_groups


def test_all_but_the_experts_is_left_as_it_was(checkpoint: Path, original: Model) -> None:
    quantised = dict(_load(checkpoint, "int4").network.named_parameters())
    for name, weight in original.network.named_parameters():
        if ".experts." not in name:
            assert torch.equal(quantised[name], weight), name


class _Experts:
    """Of a layer: 32 experts of sizes that leave several groups of 128 in a row."""

    num_experts = 32
    act_fn = staticmethod(torch.nn.functional.silu)

    def __init__(self) -> None:
        random = torch.Generator().manual_seed(0)
        self.gate_up_proj = torch.randn(32, 256, 384, generator=random) / 384**0.5
        self.down_proj = torch.randn(32, 384, 128, generator=random) / 128**0.5
        self.rows = torch.randn(20, 384, generator=random)
        self.weights = torch.rand(20, 4, generator=random)
        self.chosen = torch.stack([torch.randperm(32, generator=random)[:4] for _ in range(20)])

    def quantized(self, bits: Literal[8, 4], *, on_cpu: bool) -> QuantizedExperts:
        experts = QuantizedExperts(self, bits, on_cpu=on_cpu)
        experts.fill("gate_up_proj", self.gate_up_proj)
        experts.fill("down_proj", self.down_proj)
        return experts

    def expected(self, num_tokens: int) -> Tensor:
        """By the definition, one token and one expert at a time."""
        out = torch.zeros(num_tokens, 384)
        for token in range(num_tokens):
            for weight, expert in zip(self.weights[token], self.chosen[token], strict=True):
                gate, up = (self.gate_up_proj[expert] @ self.rows[token]).chunk(2)
                out[token] += weight * (self.down_proj[expert] @ (self.act_fn(gate) * up))
        return out


# 4 tokens choose half of the experts at most, 20 more: elsewhere than on a CPU two ways to go.
# Measured: 0.015 and 0.19.
@pytest.mark.parametrize("num_tokens", [1, 4, 20])
@pytest.mark.parametrize("on_cpu", [True, False])
@pytest.mark.parametrize(("bits", "limit"), [(8, 0.02), (4, 0.22)])
def test_every_way_to_multiply_says_what_the_weights_say(
    bits: Literal[8, 4], limit: float, on_cpu: bool, num_tokens: int
) -> None:
    layer = _Experts()
    experts = layer.quantized(bits, on_cpu=on_cpu)
    args = (tensor[:num_tokens] for tensor in (layer.rows, layer.chosen, layer.weights))
    assert _error(experts(*args), layer.expected(num_tokens)) < limit


def test_many_rows_of_one_expert_are_no_less_exact() -> None:
    layer = _Experts()
    chosen = torch.full((20, 1), 7)
    one = torch.ones(20, 1)
    for bits in (8, 4):
        experts = layer.quantized(bits, on_cpu=True)
        together = experts(layer.rows, chosen, one)
        apart = torch.cat([experts(row[None], chosen[:1], one[:1]) for row in layer.rows])
        assert _error(together, apart) < 0.01


def test_experts_that_do_not_fit_int4_are_refused_with_their_sizes() -> None:
    layer = _Experts()
    layer.down_proj = layer.down_proj[..., :100]
    with pytest.raises(CheckpointInvalid, match="384 x 100 do not fit int4"):
        QuantizedExperts(layer, 4, on_cpu=True)
    QuantizedExperts(layer, 8, on_cpu=True)


def test_a_checkpoint_without_a_talker_is_text_only(changed: Callable[..., Path]) -> None:
    model = _load(changed("config.json", {"enable_audio_output": False}))
    assert not model.speaks
    assert not model.speakers


def test_a_checkpoint_that_does_not_say_how_it_ends_ends_as_released(
    changed: Callable[..., Path],
) -> None:
    assert _load(changed("generation_config.json", None)).eos_ids == (151645, 151643)


def test_a_file_that_is_not_json_is_named(changed: Callable[..., Path]) -> None:
    directory = changed("generation_config.json", None)
    (directory / "generation_config.json").write_text("{ not")
    with pytest.raises(CheckpointInvalid, match=r"generation_config\.json: not JSON"):
        _load(directory)


def test_weights_that_are_missing_are_named_and_not_made_up(
    checkpoint: Path, changed: Callable[..., Path]
) -> None:
    config = json.loads((checkpoint / "config.json").read_text())
    text = config["thinker_config"]["text_config"]
    text["num_hidden_layers"] += 1
    directory = changed("config.json", {"thinker_config": config["thinker_config"]})
    with pytest.raises(
        CheckpointInvalid, match=f"such as .*layers.{text['num_hidden_layers'] - 1}"
    ):
        _load(directory)


def test_cut_off_weights_are_refused(changed: Callable[..., Path]) -> None:
    directory = changed("config.json", {})
    weights = next(directory.glob("*.safetensors"))
    begin = weights.read_bytes()[:100_000]
    weights.unlink()  # a link
    weights.write_bytes(begin)
    with pytest.raises(CheckpointInvalid, match="cannot be loaded"):
        _load(directory)


def test_a_device_that_is_not_there_is_named(checkpoint: Path) -> None:
    with pytest.raises(NoSuchDevice, match="no device cuda:7"):
        load(checkpoint, device="cuda:7", dtype="auto", quantize="none", device_map=None)


def test_a_model_that_is_partly_offloaded_is_refused() -> None:
    network = torch.nn.Sequential(
        torch.nn.Linear(2, 2), torch.nn.Linear(2, 2, device="meta"), torch.nn.Linear(2, 2)
    )
    with pytest.raises(CheckpointInvalid, match=r"memory of cpu: 2 weights, such as 1\.weight"):
        check_placed(network, torch.device("cpu"), Path("offloaded"))
