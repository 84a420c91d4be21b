"""Which model names are served, and as what. Names are data; nothing here knows an engine.

A dated snapshot (`-YYYY-MM-DD`) is served as its base. Source of names and defaults: the hosted
service's model pages for the Qwen3.5-Omni and Qwen3-Omni families.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from thinktalk.engines.base import Sampling
from thinktalk.errors import ModelNotFound, ModelNotSupported
from thinktalk.settings import Tier

Family = Literal["qwen3.5", "qwen3"]
Kind = Literal["omni", "transcription", "speech"]

_FOREIGN_REALTIME = ("gpt-realtime", "gpt-4o-realtime", "gpt-4o-mini-realtime")
_FOREIGN_MEANS = "qwen3.5-omni-flash"
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class FamilyDefaults:
    """What a field means when a request leaves it out; `live` is of live conversations."""

    voice: str
    presence_penalty: float
    repetition_penalty: float
    max_output_tokens: int
    live: Sampling


FAMILIES: dict[Family, FamilyDefaults] = {
    # The hosted presence penalty is 1.5 in realtime; for chat no default is documented.
    "qwen3.5": FamilyDefaults("Tina", 0.0, 1.0, 65_536, Sampling(presence_penalty=1.5)),
    "qwen3": FamilyDefaults(
        "Cherry",
        0.0,
        1.05,
        16_384,
        Sampling(temperature=0.9, top_p=1.0, top_k=50, repetition_penalty=1.05),
    ),
}


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A name a client may send. `base` is the name without its snapshot date."""

    id: str
    base: str
    kind: Kind
    family: Family
    tier: Tier
    created: int

    @property
    def defaults(self) -> FamilyDefaults:
        return FAMILIES[self.family]


def _omni(name: str, tier: Tier, created: int, family: Family = "qwen3.5") -> ServedModel:
    return ServedModel(name, name, "omni", family, tier, created)


def _audio(name: str, kind: Kind, created: int) -> ServedModel:
    return ServedModel(name, name, kind, "qwen3.5", "flash", created)


_BASES = {
    model.id: model
    for model in (
        _omni("qwen3.5-omni-plus", "plus", 1_774_828_800),
        _omni("qwen3.5-omni-flash", "flash", 1_774_828_800),
        _omni("qwen3.5-omni-light", "light", 1_774_828_800),
        _omni("qwen3-omni-flash", "flash", 1_757_894_400, "qwen3"),
        _audio("qwen3-asr-flash", "transcription", 1_757_289_600),
        _audio("whisper-1", "transcription", 1_677_532_384),
        _audio("gpt-4o-transcribe", "transcription", 1_742_068_463),
        _audio("gpt-4o-mini-transcribe", "transcription", 1_742_068_596),
        _audio("tts-1", "speech", 1_681_940_951),
        _audio("gpt-4o-mini-tts", "speech", 1_742_403_959),
    )
}
_KNOWN_SNAPSHOTS = (
    "qwen3.5-omni-plus-2026-03-15",
    "qwen3.5-omni-flash-2026-03-15",
    "qwen3-omni-flash-2025-12-01",
    "qwen3-omni-flash-2025-09-15",
)


def served() -> Iterable[ServedModel]:
    """Every name worth listing: the bases, then the snapshots that were published."""
    yield from _BASES.values()
    for name in _KNOWN_SNAPSHOTS:
        yield find(name)


def find(name: str) -> ServedModel:
    """The model of that name.

    Raises:
        ModelNotSupported: a realtime name, which this kind of request cannot be sent to.
        ModelNotFound: anything else that is not served.
    """
    base = _SNAPSHOT.sub("", name)
    if model := _BASES.get(base):
        return replace(model, id=name)
    if base.endswith("-realtime") and base.removesuffix("-realtime") in _BASES:
        raise ModelNotSupported(name)
    raise ModelNotFound(name)


def find_realtime(name: str) -> ServedModel:
    """The model of a live conversation: an omni name, with `-realtime` or without.

    OpenAI's own realtime names mean the default tier.

    Raises:
        ModelNotFound
    """
    is_foreign = name.startswith(_FOREIGN_REALTIME)
    base = _FOREIGN_MEANS if is_foreign else _SNAPSHOT.sub("", name).removesuffix("-realtime")
    model = _BASES.get(base)
    if model is None or model.kind != "omni":
        raise ModelNotFound(name)
    return replace(model, id=name)


def find_for_chat(name: str) -> ServedModel:
    """As `find`, but only models that answer a conversation: omni ones, and the hearing one."""
    model = find(name)
    if model.kind == "speech" or (model.kind == "transcription" and "asr" not in model.base):
        raise ModelNotSupported(name)
    return model


def for_audio(name: str) -> ServedModel:
    """The model of a pure transcription or speech request: any name will do, one of ours keeps its
    family's default voice."""
    try:
        return find(name)
    except (ModelNotFound, ModelNotSupported):
        return _BASES["tts-1"]
