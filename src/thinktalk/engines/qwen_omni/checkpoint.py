"""From a directory or a name on the model hub to a Qwen3-Omni checkpoint that can be loaded.

Reads the configuration and the headers of the safetensors files, never a pickle, and needs neither
torch nor transformers for it. Knows nothing of devices and memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thinktalk.engines.qwen_omni.safetensors_header import Tensor, read_header
from thinktalk.errors import CheckpointInvalid, MissingExtra, WeightsMissing
from thinktalk.settings import WeightSettings

MODEL_TYPE = "qwen3_omni_moe"
_CONFIG = "config.json"
_INDEX = "model.safetensors.index.json"
_FILES = ["*.json", "*.jinja", "*.txt", "*.safetensors"]  # no pickles
_HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
_NUM_NAMED = 5  # of missing files, in a message
_TOKENIZER_CONFIG = "tokenizer_config.json"
# What prompts are made with: of each line, one set of files must be there.
_READING = (
    (("tokenizer.json",), ("vocab.json", "merges.txt")),
    ((_TOKENIZER_CONFIG,),),
    (("preprocessor_config.json",), ("processor_config.json",)),
)
_TEMPLATES = ("chat_template.jinja", "chat_template.json")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checked directory.

    Attributes:
        name: as the operator gave it.
        directory: holds `config.json` and, where there are `tensors`, everything else.
        config: what `config.json` says.
        tensors: what the files of weights hold, by name; None where only the configuration is here
            and `fetch` gets the rest.
    """

    name: str
    directory: Path
    config: Mapping[str, Any]
    tensors: Mapping[str, Tensor] | None

    @property
    def speaks(self) -> bool:
        """Whether it has a talker: Instruct has, Thinking and Captioner have not."""
        return bool(
            self.config.get("enable_audio_output", True) and self.config.get("talker_config")
        )

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the talker's voices."""
        named = self.config["talker_config"].get("speaker_id") if self.speaks else None
        return tuple(named) if isinstance(named, dict) else ()

    @property
    def variant(self) -> str:
        """Which of the released kinds, for people. Only their names tell the last two apart."""
        if self.speaks:
            return "Instruct: text and speech"
        for name in ("Thinking", "Captioner"):
            if name.lower() in self.name.lower():
                return f"{name}: text only"
        return "text only"


class _Incomplete(CheckpointInvalid):
    """Files are missing; of a checkpoint on the hub they can be fetched."""


def find(name: str, settings: WeightSettings) -> Checkpoint:
    """Look `name` up; of one on the model hub that is not here, only the configuration is fetched.

    Raises:
        WeightsMissing: the hub has no such checkpoint, does not answer, or must not be asked.
        CheckpointInvalid: there is no such directory, it is no Qwen3-Omni checkpoint, or files are
            missing or cut off.
    """
    directory = Path(name).expanduser()
    if directory.exists():
        return _opened(name, directory)
    if not _HUB_NAME.fullmatch(name):
        raise CheckpointInvalid(name, "there is no such directory")
    config = _from_hub(name, settings, [_CONFIG])
    try:
        return _opened(name, config)
    except _Incomplete:
        return Checkpoint(name, config, _config(config), None)


def fetch(checkpoint: Checkpoint, settings: WeightSettings) -> Checkpoint:
    """The same with all its files, of which the hub is asked for what is not here; shows progress.

    Raises: what `find` raises.
    """
    if Path(checkpoint.name).expanduser().exists():
        return checkpoint
    return _opened(checkpoint.name, _from_hub(checkpoint.name, settings, _FILES))


def _opened(name: str, directory: Path) -> Checkpoint:
    config = _config(directory)
    tensors: dict[str, Tensor] = {}
    for file in _shards(directory):
        tensors.update(read_header(file))
    _check_reading(directory)
    found = Checkpoint(name, directory, config, tensors)
    if found.speaks and not found.speakers:
        raise CheckpointInvalid(
            str(directory), f"its talker has no voice: {_CONFIG} names none (speaker_id)"
        )
    return found


def _config(directory: Path) -> dict[str, Any]:
    file = directory / _CONFIG
    if not file.is_file():
        raise CheckpointInvalid(str(directory), f"no checkpoint: it has no {_CONFIG}")
    config = _json(file)
    found = config.get("model_type")
    if found != MODEL_TYPE:
        raise CheckpointInvalid(
            str(directory), f"its model_type is {found!r}; qwen_omni loads {MODEL_TYPE!r}"
        )
    if "quantization_config" in config:
        raise CheckpointInvalid(
            str(directory),
            "it is quantized already; qwen_omni.quantize is done to one that is not",
        )
    return config


def _shards(directory: Path) -> list[Path]:
    """Its files of weights: those of the index, or the only one there is."""
    index = directory / _INDEX
    if not index.is_file():
        files = sorted(directory.glob("*.safetensors"))
        if len(files) > 1:
            raise CheckpointInvalid(str(directory), f"{len(files)} files of weights, no {_INDEX}")
        if not files:
            raise _Incomplete(str(directory), "it has no *.safetensors; pickles are not read")
        return files
    weight_map = _json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointInvalid(str(index), "it names no files (weight_map)")
    names = sorted({str(file) for file in weight_map.values()})
    if strange := [file for file in names if Path(file).name != file]:
        raise CheckpointInvalid(str(index), f"it names a file outside the directory: {strange[0]}")
    if missing := [file for file in names if not (directory / file).is_file()]:
        named = ", ".join(missing[:_NUM_NAMED]) + (", …" if len(missing) > _NUM_NAMED else "")
        raise _Incomplete(
            str(directory), f"{len(missing)} of {len(names)} files are missing: {named}"
        )
    return [directory / file for file in names]


def _check_reading(directory: Path) -> None:
    """Refuse what Transformers would read prompts without: it makes an empty tokenizer up."""
    lacking = [
        " or ".join(" with ".join(files) for files in choices)
        for choices in _READING
        if not any(all((directory / file).is_file() for file in files) for files in choices)
    ]
    if not _has_template(directory):
        lacking.append(f"a chat template ({' or '.join(_TEMPLATES)})")
    if lacking:
        raise _Incomplete(str(directory), f"it lacks {'; '.join(lacking)}")


def _has_template(directory: Path) -> bool:
    if any((directory / file).is_file() for file in _TEMPLATES):
        return True
    file = directory / _TOKENIZER_CONFIG
    return file.is_file() and isinstance(_json(file).get("chat_template"), str)


def _json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise CheckpointInvalid(str(file), f"not JSON: {fault}") from fault
    if not isinstance(value, dict):
        raise CheckpointInvalid(str(file), "not a JSON object")
    return value


def _from_hub(name: str, settings: WeightSettings, patterns: list[str]) -> Path:
    """The directory of the hub's own cache that holds what `patterns` match."""
    try:
        import huggingface_hub
    except ModuleNotFoundError as missing:
        raise MissingExtra("qwen_omni", extra="qwen-omni") from missing
    try:
        directory = huggingface_hub.snapshot_download(
            name,
            allow_patterns=patterns,
            cache_dir=settings.cache / "hub",
            endpoint=settings.hub_endpoint,
            local_files_only=settings.offline,
            etag_timeout=settings.hub_timeout_s,
        )
    except (OSError, ValueError) as failure:  # the hub's own errors are among them
        if settings.offline:
            reason = "it is not in the cache, and fetching is forbidden (weights.offline)"
        else:
            reason = f"{settings.hub_endpoint}: {str(failure).strip().splitlines()[0]}"
        raise WeightsMissing(name, [f"there is no directory {name}", reason]) from failure
    return Path(directory)
