"""The library behind one thread: hears a sample, says a text.

pocket-tts is not safe to call from two threads at once, so calls queue. Knows nothing of clauses.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from thinktalk.engines.cascade.pocket_tts import files, state
from thinktalk.errors import EngineFailed
from thinktalk.media.resample import resample
from thinktalk.media.types import Audio
from thinktalk.settings import WeightSettings

Result = TypeVar("Result")

# Raised when what `hear` gives can no longer be read by `say`.
_FORM = 1


class PocketModel:
    """One pocket-tts model, loaded by `start`.

    Args:
        model: one of the library's by name, or the path of a configuration.
        settings: whether and where to fetch its files.

    Raises:
        MissingExtra, WeightsError: the library or the configuration is not there.
    """

    def __init__(self, model: str, settings: WeightSettings) -> None:
        self._configuration = files.configuration(model)
        self._settings = settings
        self._loading = asyncio.Lock()
        self._library: Any = None
        self._last: tuple[bytes, state.State] | None = None
        self._thread: ThreadPoolExecutor | None = None
        self.language = files.language(self._configuration)
        self.about = f"pocket-tts {self._configuration.stem}"
        self.name = f"{self.about} {files.digest(self._configuration)} form {_FORM}"

    async def start(self) -> None:
        """Fetch and load; idempotent.

        Raises:
            WeightsMissing: a file of the model cannot be had.
        """
        async with self._loading:
            if self._thread is None:
                self._library = await asyncio.to_thread(_load, self._configuration, self._settings)
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="pocket-tts")

    async def stop(self) -> None:
        """Wait for what is running, then release the model."""
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.to_thread(thread.shutdown, wait=True, cancel_futures=True)
        self._library = self._last = None

    async def hear(self, sample: Audio) -> bytes:
        """The voice of `sample`, for `say`. It is one pass of the model: cancelling drops it."""
        return await self._call(lambda: _hear(self._library, sample))

    async def say(self, text: str, voice: bytes) -> Audio:
        """Say `text` in a voice that `hear` gave, at the model's rate.

        Cancelling stops within a frame, 80 ms of speech.

        Raises:
            EngineFailed: `voice` is damaged or another model's.
        """
        cancelled = threading.Event()
        try:
            return await self._call(lambda: self._say(text, voice, cancelled))
        finally:
            cancelled.set()

    async def _call(self, work: Callable[[], Result]) -> Result:
        if self._thread is None:
            raise EngineFailed(f"{self.about} is not started")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _say(self, text: str, voice: bytes, cancelled: threading.Event) -> Audio:
        remembered, library = self._remembered(voice), self._library
        pieces = [np.zeros(0, np.float32)]
        with closing(library.generate_audio_stream(remembered, text, stop=cancelled)) as chunks:
            pieces += [chunk.numpy() for chunk in chunks]
        return Audio(np.concatenate(pieces), library.sample_rate)

    def _remembered(self, voice: bytes) -> state.State:
        from pocket_tts.modules.stateful_module import init_states

        if self._last is None or self._last[0] != voice:
            layers = self._library.flow_lm
            rebuilt = state.from_bytes(voice, lambda length: init_states(layers, 1, length))
            self._last = (voice, rebuilt)
        return self._last[1]


def _load(configuration: Path, settings: WeightSettings) -> Any:
    localised = files.localised(configuration, settings)
    from pocket_tts import TTSModel

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / configuration.with_suffix(".yaml").name
        path.write_text(json.dumps(localised), encoding="utf-8")  # JSON is YAML, too
        return TTSModel.load_model(config=path)


def _hear(library: Any, sample: Audio) -> bytes:
    import torch

    samples = resample(sample, library.sample_rate).samples
    heard = library.get_state_for_audio_prompt(torch.from_numpy(samples.copy())[None])
    return state.to_bytes(heard)
