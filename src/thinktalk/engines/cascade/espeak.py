"""eSpeak NG: phonemes of any text, and plain speech for the languages the neural voice lacks.

The library keeps its state in globals, so that one `Espeak` per process owns it and a lock orders
the calls. Phonemising a clause takes about a millisecond and speaking it a few. Knows nothing of
Kokoro.
"""

from __future__ import annotations

import asyncio
import ctypes
import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import soxr

from thinktalk.errors import EngineFailed
from thinktalk.media.types import Audio, Samples

Gender = Literal["female", "male"]

# Constants of espeak-ng/speak_lib.h.
_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_UTF8 = 1
_RATE, _PITCH, _RANGE, _WORD_GAP = 1, 3, 4, 7
_POSITION_CHARACTER = 1
_IPA = 0x02
_TIE_FLAG, _TIE_SHIFT = 0x80, 8
_NATURAL_WORDS_PER_MINUTE = 165
_SLOWEST, _FASTEST = 80, 450

# ISO 639-1 to eSpeak's own names, where they differ.
_NAMES = {
    "en": "en-us",
    "zh": "cmn",
    "no": "nb",
    "fr": "fr-fr",
    "pt": "pt-br",
    "tl": "id",
    "fil": "id",
}
_FALLBACK = "en-us"

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class _VoiceQuery(ctypes.Structure):
    """`espeak_VOICE`, as far as listing needs it."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


@dataclass(frozen=True, slots=True)
class EspeakVoice:
    """`variant` is eSpeak's timbre: f1 to f5, m1 to m8 or a named one; `pitch` is 0 to 99.

    `raised` and `pitch_range` are factors on that pitch and on the variant's own range, held
    within 2.
    """

    gender: Gender
    variant: str
    pitch: int = 50
    raised: float = 1.0
    pitch_range: float = 1.0


class Espeak:
    """Owner of the library. Synchronous methods may be called from any thread."""

    sample_rate = 24_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._library: Any = None
        self._native_rate = 0
        self._selected: str | None = None
        self._identifiers: dict[str, str] = {}
        self._collect: Callable[[Samples], bool] | None = None
        self._callback = _Callback(self._on_samples)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="espeak")

    def start(self) -> None:
        """Load the library and its data; idempotent."""
        with self._lock:
            if self._library is None:
                self._load()

    def stop(self) -> None:
        """Wait for running speech and end the thread."""
        self._executor.shutdown(cancel_futures=True)

    def speaks(self, language: str) -> bool:
        """Say whether `language` (ISO 639-1, or eSpeak's own name) has a voice of its own."""
        return _NAMES.get(language, language) in self._identifiers

    def phonemes(self, text: str, language: str) -> str:
        """Return the IPA of `text`, words apart by blanks and stress marked.

        Parts of a diphthong or affricate are tied with '^'. Punctuation is dropped.
        """
        self.start()
        mode = _IPA | _TIE_FLAG | ord("^") << _TIE_SHIFT
        clauses: list[str] = []
        with self._lock:
            self._select(language)
            buffer = ctypes.create_string_buffer(text.encode("utf-8"))
            rest = ctypes.c_void_p(ctypes.addressof(buffer))
            while rest.value:
                spoken = self._library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, mode)
                clauses.append((spoken or b"").decode("utf-8", "replace").strip())
        return " ".join(clause for clause in clauses if clause)

    def say(
        self,
        text: str,
        language: str,
        voice: EspeakVoice,
        speed: float = 1.0,
        *,
        stopped: threading.Event | None = None,
    ) -> Audio:
        """Speak `text`; returns early with what there is once `stopped` is set."""
        self.start()
        pieces: list[Samples] = []

        def collect(samples: Samples) -> bool:
            pieces.append(samples)
            return stopped is not None and stopped.is_set()

        rate = round(min(max(_NATURAL_WORDS_PER_MINUTE * speed, _SLOWEST), _FASTEST))
        data = text.encode("utf-8")
        with self._lock:
            self._select(language, voice.variant)
            self._library.espeak_SetParameter(_RATE, rate, 0)
            # An octave is 50 steps up or down; the range is 50 for the variant's own.
            pitch = voice.pitch + 50 * math.log2(min(max(voice.raised, 0.5), 2.0))
            pitch_range = min(max(voice.pitch_range, 0.0), 2.0)
            self._library.espeak_SetParameter(_PITCH, round(min(max(pitch, 0), 99)), 0)
            self._library.espeak_SetParameter(_RANGE, round(50 * pitch_range), 0)
            self._library.espeak_SetParameter(_WORD_GAP, 0, 0)
            self._collect = collect
            try:
                self._library.espeak_Synth(
                    data, len(data) + 1, 0, _POSITION_CHARACTER, 0, _UTF8, None, None
                )
            finally:
                self._collect = None
        samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
        resampled = soxr.resample(samples, self._native_rate, self.sample_rate)
        return Audio(np.ascontiguousarray(resampled, np.float32), self.sample_rate)

    async def speak(
        self, text: str, language: str, voice: EspeakVoice, speed: float = 1.0
    ) -> Audio:
        """Speak `text` off the event loop. Cancelling stops it within a few milliseconds."""
        stopped = threading.Event()
        work = partial(self.say, text, language, voice, speed, stopped=stopped)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        finally:
            stopped.set()

    def _load(self) -> None:
        import espeakng_loader

        library = ctypes.CDLL(espeakng_loader.get_library_path())
        library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        library.espeak_TextToPhonemes.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_int)
        library.espeak_SetVoiceByName.argtypes = (ctypes.c_char_p,)
        library.espeak_Synth.argtypes = (
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        )
        library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceQuery))
        library.espeak_ListVoices.argtypes = (ctypes.c_void_p,)
        data = espeakng_loader.get_data_path().encode()
        self._native_rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DONT_EXIT)
        if self._native_rate <= 0:
            raise EngineFailed(f"eSpeak NG did not start with its data in {data.decode()}")
        library.espeak_SetSynthCallback(self._callback)
        self._library = library
        self._identifiers = self._listed()

    def _listed(self) -> dict[str, str]:
        """Language name to voice identifier, from eSpeak's list, which ends with a null."""
        voices = self._library.espeak_ListVoices(None)
        identifiers: dict[str, str] = {}
        index = 0
        while voices[index]:
            voice = voices[index].contents
            # `languages` holds a priority byte, then a name that ends with a zero byte.
            identifiers.setdefault(voice.languages[1:].decode(), voice.identifier.decode())
            index += 1
        return identifiers

    def _select(self, language: str, variant: str = "") -> None:
        name = _NAMES.get(language, language)
        identifier = self._identifiers.get(name) or self._identifiers[_FALLBACK]
        identifier = f"{identifier}+{variant}" if variant else identifier
        if identifier == self._selected:
            return
        if self._library.espeak_SetVoiceByName(identifier.encode()) != 0:
            raise EngineFailed(f"eSpeak NG has no voice {identifier!r}")
        self._selected = identifier

    def _on_samples(self, samples: Any, num_samples: int, _events: Any) -> int:
        if self._collect is None:
            return 1
        if not samples or num_samples <= 0:
            return 0
        block = np.ctypeslib.as_array(samples, (num_samples,)).astype(np.float32)
        block *= np.float32(1 / 32_768)
        return int(self._collect(block))
