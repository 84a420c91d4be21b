"""Which directories are taken for a checkpoint, and what is said of those that are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.loopback_hub import loopback_hub
from support.small_omni import READING, TENSORS, write_checkpoint
from thinktalk.engines.qwen_omni.checkpoint import fetch, find
from thinktalk.errors import CheckpointInvalid, WeightsMissing
from thinktalk.settings import WeightSettings

SETTINGS = WeightSettings(offline=True)
SHA = "0" * 40


def cached(cache: Path, name: str) -> Path:
    """Where the hub's own cache keeps a checkpoint."""
    folder = cache / "hub" / f"models--{name.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(SHA)
    return folder / "snapshots" / SHA


def test_a_directory_with_all_files_is_a_checkpoint(tmp_path: Path) -> None:
    found = find(str(write_checkpoint(tmp_path)), SETTINGS)
    assert found.tensors is not None and found.tensors.keys() == TENSORS.keys()
    assert found.speaks and found.variant == "Instruct: text and speech"
    assert fetch(found, SETTINGS) is found


@pytest.mark.parametrize(
    ("name", "changes", "variant"),
    [
        ("Qwen3-Omni-30B-A3B-Thinking", {"enable_audio_output": False}, "Thinking: text only"),
        ("captioner", {"enable_audio_output": False}, "Captioner: text only"),
        ("mine", {"talker_config": None}, "text only"),
    ],
)
def test_without_a_talker_it_only_writes(
    tmp_path: Path, name: str, changes: dict[str, object], variant: str
) -> None:
    found = find(str(write_checkpoint(tmp_path / name, **changes)), SETTINGS)
    assert not found.speaks and found.variant == variant


@pytest.mark.parametrize("speakers", [{}, None, 5, ["ann"]], ids=str)
def test_a_talker_without_voices_is_refused(tmp_path: Path, speakers: object) -> None:
    talker = {"text_config": {}, "speaker_id": speakers}
    directory = write_checkpoint(tmp_path, talker_config=talker)
    with pytest.raises(CheckpointInvalid, match=r"its talker has no voice: config\.json"):
        find(str(directory), SETTINGS)


def test_a_directory_that_is_not_there_is_named() -> None:
    with pytest.raises(CheckpointInvalid, match=r"^/no/such: there is no such directory"):
        find("/no/such", SETTINGS)


def test_another_model_is_named(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, model_type="qwen2_5_omni")
    with pytest.raises(CheckpointInvalid, match="'qwen2_5_omni'"):
        find(str(tmp_path), SETTINGS)


def test_missing_files_are_named(tmp_path: Path) -> None:
    (write_checkpoint(tmp_path) / "two.safetensors").unlink()
    with pytest.raises(CheckpointInvalid, match=r"1 of 2 files are missing: two\.safetensors"):
        find(str(tmp_path), SETTINGS)


def test_a_file_that_is_cut_off_is_named_with_its_sizes(tmp_path: Path) -> None:
    file = write_checkpoint(tmp_path) / "one.safetensors"
    whole = file.read_bytes()
    for size in (len(whole) - 1, 20):  # in the weights, in the header
        file.write_bytes(whole[:size])
        with pytest.raises(CheckpointInvalid, match=rf"one\.safetensors: cut off: it has {size}"):
            find(str(tmp_path), SETTINGS)


@pytest.mark.parametrize("data", [b"", b"\x80\x02}q\x00.", b"\x02\0\0\0\0\0\0\0[]"])
def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, data: bytes) -> None:
    (write_checkpoint(tmp_path) / "one.safetensors").write_bytes(data)
    with pytest.raises(CheckpointInvalid, match="not a safetensors file"):
        find(str(tmp_path), SETTINGS)


def test_pickled_weights_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen3_omni_moe"}))
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(CheckpointInvalid, match="pickles are not read"):
        find(str(tmp_path), SETTINGS)


def test_an_index_cannot_point_out_of_its_directory(tmp_path: Path) -> None:
    index = write_checkpoint(tmp_path) / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "../../etc/passwd"}}))
    with pytest.raises(CheckpointInvalid, match="outside the directory"):
        find(str(tmp_path), SETTINGS)


@pytest.mark.parametrize("file", READING)
def test_what_prompts_are_read_with_must_be_there_or_on_the_hub(tmp_path: Path, file: str) -> None:
    (write_checkpoint(tmp_path / "mine") / file).unlink()
    with pytest.raises(CheckpointInvalid, match=rf"it lacks [^;]*{file}[^;]*$"):
        find(str(tmp_path / "mine"), SETTINGS)
    settings = WeightSettings(cache=tmp_path, offline=True)
    (write_checkpoint(cached(tmp_path, "owner/name")) / file).unlink()
    found = find("owner/name", settings)
    assert found.tensors is None
    with pytest.raises(CheckpointInvalid, match=file):
        fetch(found, settings)


def test_all_that_is_missing_is_named_at_once(tmp_path: Path) -> None:
    write_checkpoint(tmp_path)
    for file in ("tokenizer.json", "preprocessor_config.json", "chat_template.json"):
        (tmp_path / file).unlink()
    with pytest.raises(
        CheckpointInvalid, match=r"vocab\.json with merges\.txt; .*; a chat template"
    ):
        find(str(tmp_path), SETTINGS)


@pytest.mark.parametrize(
    ("without", "instead"),
    [
        ("tokenizer.json", {"vocab.json": "{}", "merges.txt": ""}),
        ("preprocessor_config.json", {"processor_config.json": "{}"}),
        ("chat_template.json", {"chat_template.jinja": "{{ 1 }}"}),
        ("chat_template.json", {"tokenizer_config.json": '{"chat_template": "{{ 1 }}"}'}),
    ],
)
def test_other_files_that_say_the_same_will_do(
    tmp_path: Path, without: str, instead: dict[str, str]
) -> None:
    (write_checkpoint(tmp_path) / without).unlink()
    for name, text in instead.items():
        (tmp_path / name).write_text(text)
    assert find(str(tmp_path), SETTINGS).tensors


def test_of_a_name_the_configuration_alone_is_enough_to_plan(tmp_path: Path) -> None:
    settings = WeightSettings(cache=tmp_path, offline=True)
    at = write_checkpoint(cached(tmp_path, "owner/name"))
    assert find("owner/name", settings).tensors is not None
    (at / "two.safetensors").unlink()
    found = find("owner/name", settings)
    assert found.tensors is None and found.config["model_type"] == "qwen3_omni_moe"
    with pytest.raises(CheckpointInvalid, match=r"two\.safetensors"):
        fetch(found, settings)


def test_a_name_that_cannot_be_had_says_why(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"'owner/name'.*fetching is forbidden"):
        find("owner/name", WeightSettings(cache=tmp_path, offline=True))
    with loopback_hub() as hub:
        settings = WeightSettings(cache=tmp_path, hub_endpoint=hub.endpoint)
        with pytest.raises(WeightsMissing, match=f"{hub.endpoint}.*404"):
            find("owner/name", settings)
