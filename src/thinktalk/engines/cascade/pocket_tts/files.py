"""Which files a pocket-tts model is made of, and getting them: on this machine, or from the hub.

The library would fetch by itself, whatever `weights.offline` says, and without the right to clone
would load weights that cannot. So its configuration is read here, and it is handed one whose files
all lie on this machine.
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

from thinktalk.engines.languages import NAMES
from thinktalk.errors import MissingExtra, WeightsError, WeightsMissing
from thinktalk.settings import WeightSettings

_LIBRARY, _EXTRA = "pocket_tts", "pocket-tts"
_HUB = "hf://"
# Where a configuration names files: sections, then the key.
_FILES = (
    ("weights_path",),
    ("flow_lm", "weights_path"),
    ("flow_lm", "lookup_table", "tokenizer_path"),
    ("mimi", "weights_path"),
)


def configuration(model: str) -> Path:
    """The file that describes `model`: one of the library's by name, or a path. Imports nothing.

    Raises:
        MissingExtra: the library is not installed.
        WeightsError: there is no such file.
    """
    spec = importlib.util.find_spec(_LIBRARY)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra("pocket-tts", extra=_EXTRA)
    if model.endswith((".yaml", ".yml")):
        path = Path(model).expanduser()
        if not path.is_file():
            raise WeightsError(f"pocket_tts.model: {path} is not there")
        return path
    directory = Path(spec.submodule_search_locations[0]) / "config"
    path = directory / f"{model}.yaml"
    if path.parent != directory or not path.is_file():
        known = ", ".join(sorted(file.stem for file in directory.glob("*.yaml")))
        raise WeightsError(f"pocket_tts.model: no model is named {model!r}; known: {known}")
    return path


def language(path: Path) -> str:
    """ISO 639-1 of the language that the file's name starts with, such as english_2026-10.yaml."""
    first = path.stem.partition("_")[0].lower()
    code = next((code for code, name in NAMES.items() if name == first), None)
    if code is None:
        raise WeightsError(
            f"pocket_tts.model: {path.name} does not start with a language, such as english_mine"
        )
    return code


def digest(path: Path) -> str:
    """Eight hex digits of the file's content: it names the weights, in the library's by commit."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def localised(path: Path, settings: WeightSettings) -> dict[str, Any]:
    """The configuration at `path`, with each file it names on this machine. Blocks.

    Paths in it are relative to its own directory.

    Raises:
        WeightsMissing: a file is not there, and may not or could not be fetched.
        WeightsError: it names no weights.
    """
    import yaml

    config: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    config.pop("weights_path_without_voice_cloning", None)
    num_weights = 0
    for *sections, key in _FILES:
        holder = config
        for section in sections:
            holder = holder[section]
        if (name := holder.get(key)) is None:
            continue
        holder[key] = str(_here(str(name), path.parent, settings))
        num_weights += key == "weights_path"
    if not num_weights:
        raise WeightsError(f"pocket_tts.model: {path} names no weights (weights_path)")
    return config


def _here(name: str, directory: Path, settings: WeightSettings) -> Path:
    if name.startswith(_HUB):
        return _from_hub(name, settings)
    if "://" in name:
        raise WeightsError(f"pocket_tts.model: {name} is neither a path nor an {_HUB} address")
    path = directory / name
    if not path.is_file():
        raise WeightsMissing(name, [f"{path} is not there"])
    return path


def _from_hub(name: str, settings: WeightSettings) -> Path:
    import huggingface_hub

    owner, repository, file = name.removeprefix(_HUB).split("/", 2)
    file, _, revision = file.partition("@")
    try:
        return Path(
            huggingface_hub.hf_hub_download(
                f"{owner}/{repository}",
                file,
                revision=revision or None,
                cache_dir=settings.cache / "hub",
                endpoint=settings.hub_endpoint,
                local_files_only=settings.offline,
                etag_timeout=settings.hub_timeout_s,
            )
        )
    except OSError as failure:  # the hub's own errors are among them
        if settings.offline:
            raise WeightsMissing(name, ["fetching is forbidden by THINKTALK_OFFLINE"]) from failure
        terms = f"the terms of {owner}/{repository} may have to be accepted first (`hf auth login`)"
        raise WeightsMissing(name, [str(failure).splitlines()[0], terms]) from failure
