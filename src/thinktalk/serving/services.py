"""Services: everything that requests are answered with, built once by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from thinktalk.engines.base import Engine, Glance, Recognizer, Synthesizer
from thinktalk.media.activity import LevelStream, WindowStream
from thinktalk.media.load import MediaLoader
from thinktalk.media.types import Samples
from thinktalk.settings import Tier
from thinktalk.store.files import FileStore
from thinktalk.store.voices import VoiceStore
from thinktalk.turns.interrupt import Judge
from thinktalk.voices.fitting import VoiceFitter
from thinktalk.voices.sample import SampleChecker


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One engine a tier (tiers may share one), and what hears, speaks, clones, fetches and keeps.

    Engines of the tiers in `lazy` are started by the first request that needs them, the others
    when the server starts. In a live conversation `activity` tells speech from silence,
    `finished` how likely a turn sounds finished, and `judge`, with what `glance` reads, what a
    sound is that comes while the assistant speaks.
    """

    engines: Mapping[Tier, Engine]
    recognizer: Recognizer | None
    synthesizer: Synthesizer | None
    fitter: VoiceFitter | None = None
    samples: SampleChecker = field(default_factory=SampleChecker)
    loader: MediaLoader
    files: FileStore
    voices: VoiceStore
    activity: Callable[[], WindowStream] = LevelStream
    finished: Callable[[Samples], Awaitable[float]] | None = None
    glance: Glance | None = None
    judge: Judge = field(default_factory=lambda: Judge(None))
    lazy: frozenset[Tier] = field(default_factory=lambda: frozenset({"light"}))
