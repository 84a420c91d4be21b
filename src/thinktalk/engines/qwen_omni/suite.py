"""Builds the engine that all tiers share: one checkpoint, loaded once."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from thinktalk.engines.base import Engine, Glance, Recognizer, Synthesizer
from thinktalk.engines.qwen_omni import checkpoint
from thinktalk.engines.qwen_omni.engine import QwenOmniEngine
from thinktalk.settings import ProfileSettings, Settings, Tier
from thinktalk.voices.fitting import VoiceFitter
from thinktalk.weights.catalog import Catalog

# What live conversations listen with, where the library that runs it is installed.
_TURNS = ("silero-vad", "smart-turn")


class QwenOmniSuite:
    """The tiers that name qwen_omni. It hears and speaks in conversations only."""

    recognizer: Recognizer | None = None
    glance: Glance | None = None
    synthesizer: Synthesizer | None = None
    fitter: VoiceFitter | None = None

    def __init__(self, engine: QwenOmniEngine, tiers: tuple[Tier, ...]) -> None:
        self._engine = engine
        self._tiers = tiers

    @property
    def engines(self) -> Mapping[Tier, Engine]:
        return dict.fromkeys(self._tiers, self._engine)

    @property
    def weights(self) -> tuple[str, ...]:
        return _TURNS if find_spec("onnxruntime") else ()

    async def start(self) -> None:
        await self._engine.start()

    async def stop(self) -> None:
        await self._engine.stop()


def build(
    settings: Settings, catalog: Catalog, profiles: Mapping[Tier, ProfileSettings]
) -> QwenOmniSuite:
    """The factory that the registry names; looks the checkpoint up, but loads nothing.

    Raises:
        CheckpointInvalid, WeightsMissing: with the reason.
    """
    found = checkpoint.find(settings.qwen_omni.weights, settings.weights)
    engine = QwenOmniEngine(found, settings.qwen_omni, settings.weights)
    return QwenOmniSuite(engine, tuple(profiles))
