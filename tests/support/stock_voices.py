"""Kokoro, eSpeak NG and the fitter as the cascade puts them together, from the weights cache."""

from __future__ import annotations

from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.clone.encoder import SpeakerEncoder
from thinktalk.engines.cascade.clone.fitter import KokoroFitter
from thinktalk.engines.cascade.ears import WhisperRecognizer
from thinktalk.engines.cascade.espeak import Espeak
from thinktalk.engines.cascade.kokoro import Kokoro
from thinktalk.engines.cascade.speaker import Speaker
from thinktalk.settings import load
from thinktalk.weights.catalog import Catalog

catalog = Catalog(load().weights)


def kokoro() -> Kokoro:
    model = catalog.path("kokoro-82m") / "kokoro-v1.0.int8.onnx"
    return Kokoro(model, catalog.path("kokoro-voices"), threads=2)


def encoder() -> SpeakerEncoder:
    return SpeakerEncoder(catalog.pull("resemblyzer") / "pretrained.pt", threads=2)


def ears(arbiter: Arbiter) -> WhisperRecognizer:
    return WhisperRecognizer(
        catalog.path("whisper-base"),
        catalog.path("silero-vad") / "silero_vad_16k_sequence.onnx",
        threads=2,
        arbiter=arbiter,
    )


def fitter(kokoro: Kokoro, ears: WhisperRecognizer, arbiter: Arbiter) -> KokoroFitter:
    styles = catalog.path("kokoro-voices")
    return KokoroFitter(kokoro, Espeak(), encoder(), ears, styles, arbiter)


def speaker(kokoro: Kokoro, arbiter: Arbiter) -> Speaker:
    return Speaker(kokoro, Espeak(), fitter(kokoro, ears(arbiter), arbiter))
