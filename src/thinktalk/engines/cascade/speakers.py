"""The seam of the talker: what says a clause, and which one the settings name.

The talker cuts text, paces it and knows what was heard; a speaker behind it turns one clause into
sound. Third parties add one by the entry point group `thinktalk.talkers`. Knows no synthesiser.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from thinktalk.engines import registry
from thinktalk.engines.base import VoiceRef
from thinktalk.engines.delivery import NATURAL, Manner
from thinktalk.engines.registry import EngineSpec
from thinktalk.errors import UnknownTalker
from thinktalk.media.types import Audio
from thinktalk.settings import Settings
from thinktalk.voices.fitting import VoiceFitter
from thinktalk.weights.catalog import Catalog

SLOWEST, FASTEST = 0.25, 4.0


class ClauseSpeaker(Protocol):
    """Says one clause at a time."""

    @property
    def sample_rate(self) -> int:
        """Hz of all that it says; known before `start`."""
        ...

    async def start(self) -> None:
        """Load and warm up; idempotent."""
        ...

    async def stop(self) -> None: ...

    async def say(
        self,
        text: str,
        language: str,
        voice: VoiceRef,
        speed: float = 1.0,
        manner: Manner = NATURAL,
    ) -> Audio:
        """Speak all of `text`, without silence at the ends; empty where nothing can be said.

        Args:
            text: as a person would read it aloud.
            language: ISO 639-1 of `text`.
            voice: by its fit, if that is the speaker's own fitter's, else by its name.
            speed: 1.0 is natural; the manner has one of its own (`pace_of`).
            manner: how it is to be said, as far as the speaker can.

        Cancelling stops synthesis.
        """
        ...


def pace_of(speed: float, manner: Manner) -> float:
    """How fast a voice speaks at `speed` in this manner, within 0.25 and 4."""
    return min(max(speed * manner.speed, SLOWEST), FASTEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Voicing:
    """A speaker, and what the suite must know of it.

    Attributes:
        about: which models speak, for people to read.
        weights: names in the weights catalogue that `start` needs.
        fitter: what clones for it.
    """

    speaker: ClauseSpeaker
    about: str
    weights: tuple[str, ...] = ()
    fitter: VoiceFitter | None = None


# Takes the stock voices, too: to speak what a cloner cannot, or to leave them unloaded.
Factory = Callable[[Settings, Catalog, Voicing], Voicing]

STOCK = "kokoro"
BUILTIN = {
    "pocket-tts": EngineSpec(
        "thinktalk.engines.cascade.pocket_tts.speaker:build", extra="pocket-tts"
    ),
}


def load(name: str) -> Factory:
    """Import the factory of the talker `name`.

    Raises:
        UnknownTalker: neither built in nor an installed entry point.
        MissingExtra: its libraries are not installed.
    """
    if name == STOCK:
        return _stock_alone
    spec = BUILTIN.get(name) or registry.installed("thinktalk.talkers", name)
    if spec is None:
        raise UnknownTalker(name, known=sorted([STOCK, *BUILTIN]))
    return cast(Factory, registry.imported(name, spec))


def _stock_alone(settings: Settings, catalog: Catalog, stock: Voicing) -> Voicing:
    return stock
