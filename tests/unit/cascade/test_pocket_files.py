"""The files of a pocket-tts model: found here or asked of the hub, never behind one's back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.loopback_hub import LoopbackHub, loopback_hub
from thinktalk.engines.cascade.pocket_tts.files import language, localised
from thinktalk.errors import WeightsError, WeightsMissing
from thinktalk.settings import WeightSettings

REMOTE = "hf://kyutai/pocket-tts/languages/english/model.safetensors@" + "0" * 40


@pytest.fixture
def hub() -> Iterator[LoopbackHub]:
    with loopback_hub() as hub:
        yield hub


def written(directory: Path, weights: str | None = "model.safetensors") -> Path:
    (directory / "model.safetensors").touch()
    (directory / "tokenizer.json").touch()
    config: dict[str, Any] = {
        "weights_path": weights,
        "weights_path_without_voice_cloning": "hf://kyutai/none/model.safetensors",
        "flow_lm": {"lookup_table": {"tokenizer_path": "tokenizer.json"}},
        "mimi": {"sample_rate": 24_000},
    }
    path = directory / "english_mine.yaml"
    path.write_text(json.dumps(config))
    return path


def test_paths_lead_from_the_configurations_directory(tmp_path: Path) -> None:
    config = localised(written(tmp_path), WeightSettings(cache=tmp_path))
    assert config["weights_path"] == str(tmp_path / "model.safetensors")
    assert config["flow_lm"]["lookup_table"]["tokenizer_path"] == str(tmp_path / "tokenizer.json")
    assert config["mimi"]["sample_rate"] == 24_000


def test_weights_that_cannot_clone_are_no_substitute(tmp_path: Path) -> None:
    config = localised(written(tmp_path), WeightSettings(cache=tmp_path))
    assert "weights_path_without_voice_cloning" not in config


def test_offline_nothing_is_asked_of_the_hub(tmp_path: Path, hub: LoopbackHub) -> None:
    settings = WeightSettings(cache=tmp_path, offline=True, hub_endpoint=hub.endpoint)
    with pytest.raises(WeightsMissing, match="THINKTALK_OFFLINE"):
        localised(written(tmp_path, REMOTE), settings)
    assert hub.asked == []


def test_what_the_hub_does_not_give_is_named(tmp_path: Path, hub: LoopbackHub) -> None:
    settings = WeightSettings(cache=tmp_path, hub_endpoint=hub.endpoint)
    with pytest.raises(WeightsMissing, match=r"kyutai/pocket-tts.*hf auth login"):
        localised(written(tmp_path, REMOTE), settings)
    assert hub.asked


@pytest.mark.slow  # the library asks five times
def test_a_hub_that_cannot_be_reached_is_said(tmp_path: Path) -> None:
    settings = WeightSettings(cache=tmp_path, hub_endpoint="http://127.0.0.1:9")
    with pytest.raises(WeightsMissing, match="could not be fetched"):
        localised(written(tmp_path, REMOTE), settings)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"other\.safetensors is not there"):
        localised(written(tmp_path, "other.safetensors"), WeightSettings(cache=tmp_path))


@pytest.mark.parametrize("weights", [None, "https://example.com/model.safetensors"])
def test_a_configuration_without_weights_of_its_own_is_refused(
    tmp_path: Path, weights: str | None
) -> None:
    with pytest.raises(WeightsError, match=r"weights|neither a path"):
        localised(written(tmp_path, weights), WeightSettings(cache=tmp_path))


def test_the_name_says_the_language() -> None:
    assert language(Path("german_24l.yaml")) == "de"
    assert language(Path("english.yaml")) == "en"
    with pytest.raises(WeightsError, match=r"mine\.yaml does not start with a language"):
        language(Path("mine.yaml"))
