"""Builds the cascade from settings and weights: shared senses and voice, a thinker per profile.

Parts are loaded side by side. A thinker that is not the default tier's is pulled and loaded on its
first use.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress

from thinktalk.engines.base import (
    Capabilities,
    Engine,
    GenerateRequest,
    Glance,
    RealCosts,
    Recognizer,
    Segment,
    Synthesizer,
)
from thinktalk.engines.cascade import claims, speakers
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.claims import Claim
from thinktalk.engines.cascade.clone.encoder import SpeakerEncoder
from thinktalk.engines.cascade.clone.fitter import KokoroFitter
from thinktalk.engines.cascade.ears import WhisperRecognizer
from thinktalk.engines.cascade.espeak import Espeak
from thinktalk.engines.cascade.kokoro import Kokoro
from thinktalk.engines.cascade.perception import PerceivingThinker
from thinktalk.engines.cascade.sight.eyes import Eyes
from thinktalk.engines.cascade.sight.notes import notes
from thinktalk.engines.cascade.sight.watching import watch
from thinktalk.engines.cascade.speaker import Speaker
from thinktalk.engines.cascade.speakers import Voicing
from thinktalk.engines.cascade.talker import CascadeTalker
from thinktalk.engines.cascade.thinker import LlamaThinker
from thinktalk.engines.compose import ThinkerTalker
from thinktalk.engines.resuming import ResumingRecognizer
from thinktalk.events import Event
from thinktalk.media.types import FrameSampling, Image, Video
from thinktalk.settings import CascadeSettings, MediaSettings, ProfileSettings, Settings, Tier
from thinktalk.voices.fitting import VoiceFitter
from thinktalk.weights.catalog import Catalog

_CLASSIFIER, _VOICES, _ACTIVITY = "efficientnet-lite0", "kokoro-voices", "silero-vad"
_PROSODY = "smart-turn"  # of live conversations, which no engine is asked about
_SPEAKERS = "resemblyzer"
_LIBRARIES = "llama-cpp"
# From this many cores on, decoding and synthesis side by side beat taking turns.
_OVERLAP_CORES = 6
# Two looks a second, for what is typed before a cut; 720p keeps screen text readable, and of more
# than 400 frames each would be smaller. What differs by less than two typed letters is dropped.
_FRAMES = FrameSampling(fps=2.0, max_frames=400, max_pixels=1280 * 720, min_change=0.02)
# Of the notes that stand for media: an hour of speech takes 12,000 tokens; photos take 30 to 45, a
# screen full of text 300 and more; twelve looks at slides 150, at busy screens more.
_COSTS = RealCosts(speech_per_s=3.4, image=200, video=600, part_tokens=3072)
_LIMITS = (
    "A cascade of small models: pictures are read as text, objects and diagrams, not seen as a "
    "vision-language model would."
)


def build(
    settings: Settings, catalog: Catalog, profiles: Mapping[Tier, ProfileSettings]
) -> CascadeSuite:
    """The factory that the registry names."""
    factory = speakers.load(settings.cascade.talker)
    arbiter = Arbiter(alternate=_takes_turns(settings.cascade))
    whisper = WhisperRecognizer(
        catalog.path(settings.cascade.recognizer),
        catalog.path(_ACTIVITY) / "silero_vad_16k_sequence.onnx",
        threads=settings.cascade.threads,
        arbiter=arbiter,
    )
    voicing = factory(settings, catalog, _stock(settings.cascade, catalog, whisper, arbiter))
    senses = Senses(settings.cascade, settings.media, catalog, whisper, voicing, arbiter)
    return CascadeSuite(settings.cascade, catalog, profiles, senses, arbiter)


def _stock(
    settings: CascadeSettings, catalog: Catalog, recognizer: Recognizer, arbiter: Arbiter
) -> Voicing:
    espeak = Espeak()
    kokoro = Kokoro(
        catalog.path(settings.synthesizer) / "kokoro-v1.0.int8.onnx",
        catalog.path(_VOICES),
        threads=settings.threads,
    )
    encoder = SpeakerEncoder(catalog.path(_SPEAKERS) / "pretrained.pt", threads=settings.threads)
    fitter = KokoroFitter(kokoro, espeak, encoder, recognizer, catalog.path(_VOICES), arbiter)
    return Voicing(
        speaker=Speaker(kokoro, espeak, fitter),
        about=f"{settings.synthesizer}, eSpeak NG",
        weights=(settings.synthesizer, _VOICES, _SPEAKERS),
        fitter=fitter,
    )


class Senses:
    """Ears, eyes and voice: what every tier shares."""

    def __init__(
        self,
        settings: CascadeSettings,
        media: MediaSettings,
        catalog: Catalog,
        whisper: WhisperRecognizer,
        voicing: Voicing,
        arbiter: Arbiter,
    ) -> None:
        self._catalog = catalog
        self.whisper = whisper
        self.voicing = voicing
        self._loading = asyncio.Lock()
        self.loaded = False
        self.weights = (
            settings.recognizer,
            *voicing.weights,
            _CLASSIFIER,
            _ACTIVITY,
            _PROSODY,
        )
        threads, path = settings.threads, catalog.path
        self.ears = ResumingRecognizer(
            self.whisper,
            catalog.cache / "heard",
            name=settings.recognizer,
            max_bytes=media.resume_bytes,
        )
        self.eyes = Eyes(
            path(_CLASSIFIER), catalog.cache / "derived", threads=threads, arbiter=arbiter
        )
        self.talker = CascadeTalker(voicing.speaker, arbiter)

    async def load(self) -> None:
        async with self._loading:
            if self.loaded:
                return
            for name in self.weights:
                await asyncio.to_thread(self._catalog.pull, name)
            parts = (self.whisper, self.eyes, self.talker)
            await asyncio.gather(*(part.start() for part in parts))
            self.loaded = True

    async def unload(self) -> None:
        for part in (self.whisper, self.eyes, self.talker):
            await part.stop()
        self.loaded = False


class _NotingEyes:
    """The eyes, as a reader of notes wants them."""

    def __init__(self, eyes: Eyes) -> None:
        self._eyes = eyes

    async def describe(self, image: Image) -> str:
        return notes(await self._eyes.look(image))

    async def follow(self, video: Video, segments: Sequence[Segment]) -> str:
        return await watch(self._eyes, video, segments)


class CascadeEngine:
    """An `Engine` with a language model of its own, loaded when first asked."""

    def __init__(
        self,
        name: str,
        settings: CascadeSettings,
        catalog: Catalog,
        senses: Senses,
        arbiter: Arbiter,
    ) -> None:
        self.name = name
        self._catalog = catalog
        self._senses = senses
        self._loading = asyncio.Lock()
        self._loaded = False
        self._thinker = LlamaThinker(
            catalog.path(_LIBRARIES),
            catalog.path(name) / catalog.entry(name).files[0].name,
            name=name,
            threads=settings.threads,
            parallel=settings.parallel,
            window_tokens=settings.window_tokens,
            arbiter=arbiter,
        )
        self._capabilities = Capabilities(
            name="cascade",
            parts={
                "thinker": name,
                "ears": settings.recognizer,
                "eyes": "RapidOCR (PP-OCR), EfficientNet-lite0, diagram reader",
                "talker": senses.voicing.about,
            },
            context_tokens=settings.window_tokens,
            frames=_FRAMES,
            costs=_COSTS,
            reads_ahead=True,
            notes=(_LIMITS,),
        )
        self._inner = ThinkerTalker(
            PerceivingThinker(senses.ears, _NotingEyes(senses.eyes), self._thinker),
            senses.talker,
            self._capabilities,
        )

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def start(self) -> None:
        if self._loaded and self._senses.loaded:
            return
        await asyncio.gather(self._senses.load(), self._load_thinker())
        _return_freed_memory()

    async def stop(self) -> None:
        if self._loaded:
            await self._thinker.stop()
            self._loaded = False

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        await self.start()
        spoken = request.speech is not None and request.sampling.max_tokens != 0
        claims.enter(Claim(asyncio.get_running_loop().time() if spoken else None))
        async with aclosing(self._inner.generate(request)) as events:
            async for event in events:
                yield event

    async def _load_thinker(self) -> None:
        async with self._loading:
            if not self._loaded:
                for name in (_LIBRARIES, self.name):
                    await asyncio.to_thread(self._catalog.pull, name)
                await self._thinker.start()
                self._loaded = True


class CascadeSuite:
    """The engines of the tiers that name the cascade; tiers with one language model share one."""

    def __init__(
        self,
        settings: CascadeSettings,
        catalog: Catalog,
        profiles: Mapping[Tier, ProfileSettings],
        senses: Senses,
        arbiter: Arbiter,
    ) -> None:
        self._senses = senses
        by_thinker = {
            name: CascadeEngine(name, settings, catalog, self._senses, arbiter)
            for name in dict.fromkeys(profile.thinker for profile in profiles.values())
        }
        self._engines = {tier: by_thinker[p.thinker] for tier, p in profiles.items()}
        self._first = self._engines.get("flash") or next(iter(self._engines.values()))

    @property
    def engines(self) -> Mapping[Tier, Engine]:
        return self._engines

    @property
    def recognizer(self) -> Recognizer:
        return self._senses.ears

    @property
    def glance(self) -> Glance:
        return self._senses.whisper.glance

    @property
    def synthesizer(self) -> Synthesizer:
        return self._senses.talker

    @property
    def fitter(self) -> VoiceFitter | None:
        return self._senses.voicing.fitter

    @property
    def weights(self) -> tuple[str, ...]:
        return (*self._senses.weights, _LIBRARIES, self._first.name)

    async def start(self) -> None:
        await self._first.start()

    async def stop(self) -> None:
        for engine in set(self._engines.values()):
            await engine.stop()
        await self._senses.unload()


def _return_freed_memory() -> None:
    """Give back what loading took and freed: glibc keeps some 300 MB of it otherwise."""
    with suppress(OSError, AttributeError):  # a C library of another make
        ctypes.CDLL(None).malloc_trim(0)


def _takes_turns(settings: CascadeSettings) -> bool:
    if settings.overlap == "auto":
        return settings.threads < _OVERLAP_CORES
    return settings.overlap == "alternate"
