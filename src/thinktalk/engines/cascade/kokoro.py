"""Kokoro-82M: neural speech at 24 kHz, five words in a third of a second on two cores.

`plan` works out what phonemes will sound like, which is cheap and says how long it will last;
`decode` makes it audible. The silence that the network plans at both ends is not decoded. Both stop
within one operator of the network when cancelled. Knows nothing of text, languages or who has the
processor.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from thinktalk.engines.cascade import conv_products, kokoro_graph
from thinktalk.engines.cascade.phonemes import has_words, token_ids
from thinktalk.engines.cascade.styles import Rows, StyleBank
from thinktalk.errors import EngineFailed
from thinktalk.media.types import Audio, Samples

Floats = npt.NDArray[np.float32]
Result = TypeVar("Result")

SAMPLE_RATE = 24_000
SAMPLES_PER_FRAME = 600
MAX_TOKENS = 510  # the network's context of 512, less the padding at both ends
# Planned energy under which a frame is below -50 dBFS, and how many such frames stay at each end
# (12 phrases with 4 styles: nothing audible was lost).
_SILENT_ENERGY = -4.0
_KEPT_FRAMES = 2
_SLOWEST, _FASTEST = 0.5, 2.0
# The network plans 3 to 12 Hz where no vocal cords sound, and makes noise of all below 10 Hz.
_WHISPERED_HZ = 4.0
_UNVOICED_HZ, _VOICED_HZ = 25.0, 60.0
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 500.0


class _Stopped(Exception):
    """A call ended because its caller went away."""


class _Cancel:
    """Stops one call, before or while it runs, from any thread."""

    def __init__(self) -> None:
        import onnxruntime

        self.requested = threading.Event()
        self.options: Any = onnxruntime.RunOptions()

    def request(self) -> None:
        self.requested.set()
        self.options.terminate = True


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Plan:
    """How a text will sound, frame by frame; a frame is 25 ms.

    Attributes:
        features: shape (1, 512, num_frames).
        pitch: shape (1, 2 * num_frames), in Hz; some 3 to 12 where the voice does not sound.
        energy: shape (1, 2 * num_frames), about a unit for 4.9 dB of the sound, silence from -4
            down. The network evens it out: a unit more in all frames gives only 0.4 dB.
        style: shape (1, 256).
        start, end: the frames that hold speech, half-open; the others are silence.
        gain: what the samples are multiplied by.
    """

    features: Floats
    pitch: Floats
    energy: Floats
    style: Floats
    start: int
    end: int
    gain: float = 1.0

    @property
    def duration_s(self) -> float:
        return (self.end - self.start) * SAMPLES_PER_FRAME / SAMPLE_RATE

    @property
    def pitch_hz(self) -> float:
        """Median of what is voiced; 0 where nothing is."""
        voiced = self.pitch[self.pitch > _VOICED_HZ]
        return float(np.median(voiced)) if voiced.size else 0.0


class Kokoro:
    """One network, one thread: calls are worked off in order.

    Args:
        model_file: `kokoro-v1.0.int8.onnx`.
        voices_dir: one `<name>.bin` per voice, float32, shape (510, 1, 256).
        threads: processor threads of one call.
    """

    sample_rate = SAMPLE_RATE

    def __init__(self, model_file: Path, voices_dir: Path, *, threads: int) -> None:
        self._model_file = model_file
        self.styles = StyleBank(voices_dir)
        self._threads = threads
        self._prosody: Any = None
        self._decoder: Any = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="kokoro")

    async def start(self) -> None:
        """Load and speak one word to warm up; idempotent."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._executor, self._load)

    async def stop(self) -> None:
        """End the thread; running calls finish or are cancelled by their callers."""
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)

    async def plan(self, symbols: str, style: Rows, speed: float = 1.0) -> Plan | None:
        """Plan the speech of phoneme `symbols`; None where none of them is a sound.

        At most `MAX_TOKENS` of them are spoken. `speed` is held within 0.5 and 2. `style` has shape
        (510, 1, 256): a row for each number of symbols.
        """
        if not has_words(symbols):
            return None
        return await self._run(partial(self._plan, symbols, style, speed))

    async def decode(self, plan: Plan) -> Audio:
        """Make the frames of `plan` that hold speech audible."""
        return await self._run(partial(self._decode, plan))

    async def _run(self, work: Callable[[_Cancel], Result]) -> Result:
        """Run `work` on the thread; when cancelled, return only once the processor is free."""
        cancel = _Cancel()
        job = self._executor.submit(work, cancel)
        try:
            return await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            cancel.request()
            if not job.cancel():
                await asyncio.gather(asyncio.wrap_future(job), return_exceptions=True)
            raise

    def _load(self) -> None:
        if self._decoder is not None:
            return
        halves = kokoro_graph.split(self._model_file, products=conv_products.are_exact())
        self._prosody = self._session(halves.prosody)
        self._decoder = self._session(halves.decoder)
        style = self.styles.stock(self.styles.names[0])
        idle = _Cancel()
        plan = self._plan("ɹˈɛdi.", style, 1.0, idle)
        self._decode(plan, idle)

    def _session(self, model: bytes) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Spinning threads would take the processor from the thinker between calls.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def _plan(self, symbols: str, rows: Rows, speed: float, cancel: _Cancel) -> Plan:
        tokens = token_ids(symbols)[:MAX_TOKENS]
        style = rows[len(tokens) - 1]
        features, pitch, energy = _call(
            self._prosody,
            [kokoro_graph.FEATURES, kokoro_graph.PITCH, kokoro_graph.ENERGY],
            {
                "tokens": np.array([[0, *tokens, 0]], np.int64),
                "style": style,
                "speed": np.array([min(max(speed, _SLOWEST), _FASTEST)], np.float32),
            },
            cancel,
        )
        start, end = _speech_frames(energy)
        return Plan(features, pitch, energy, style, start, end)

    def _decode(self, plan: Plan, cancel: _Cancel) -> Audio:
        start, end = plan.start, plan.end
        (samples,) = _call(
            self._decoder,
            ["audio"],
            {
                kokoro_graph.FEATURES: plan.features[:, :, start:end],
                kokoro_graph.PITCH: plan.pitch[:, 2 * start : 2 * end],
                kokoro_graph.ENERGY: plan.energy[:, 2 * start : 2 * end],
                "style": plan.style,
                **kokoro_graph.frame_weights(_weights(plan)),
            },
            cancel,
        )
        return Audio(samples.reshape(-1) * np.float32(plan.gain), SAMPLE_RATE)


def shaped(
    plan: Plan,
    *,
    pitch: float = 1.0,
    pitch_range: float = 1.0,
    energy_db: float = 0.0,
    whispered: bool = False,
) -> Plan:
    """Return `plan` in another manner; its text and timing stay.

    Args:
        pitch: factor on the median of what is voiced.
        pitch_range: factor on each distance from that median, in semitones.
        energy_db: louder or softer by so much.
        whispered: without vocal cords, which by itself is some 5 dB softer.
    """
    changed = plan.pitch
    if whispered:
        changed = np.minimum(changed, np.float32(_WHISPERED_HZ))
    elif pitch != 1.0 or pitch_range != 1.0:
        changed = _moved(plan, pitch, pitch_range)
    return replace(plan, pitch=changed, gain=plan.gain * 10 ** (energy_db / 20))


def _moved(plan: Plan, factor: float, spread: float) -> Floats:
    """Move what is voiced; where the voice sets in, little by little."""
    pitch, median = plan.pitch, plan.pitch_hz
    if median == 0:
        return pitch
    distance = np.maximum(pitch, _UNVOICED_HZ) / median
    wanted = np.clip(median * factor * distance**spread, _LOWEST_HZ, _HIGHEST_HZ)
    share = np.clip((pitch - _UNVOICED_HZ) / (_VOICED_HZ - _UNVOICED_HZ), 0, 1)
    return np.asarray(pitch + share * (wanted - pitch), np.float32)


def _speech_frames(energy: Floats) -> tuple[int, int]:
    """The frames from the first to the last that is planned to be heard, and a little more."""
    frames = energy.reshape(-1, 2).max(axis=1)
    heard = np.flatnonzero(frames > _SILENT_ENERGY)
    if not heard.size:
        return 0, len(frames)
    start, end = int(heard[0]) - _KEPT_FRAMES, int(heard[-1]) + 1 + _KEPT_FRAMES
    return max(0, start), min(len(frames), end)


def _weights(plan: Plan) -> Floats:
    """How many frames each decoded one stands for: those at the ends, for the silence left out."""
    weights = np.ones(plan.end - plan.start, np.float32)
    weights[:2] += plan.start / 2
    weights[-2:] += (plan.pitch.shape[1] // 2 - plan.end) / 2
    return weights


def _call(
    session: Any, outputs: list[str], inputs: dict[str, Any], cancel: _Cancel
) -> list[Samples]:
    if cancel.requested.is_set():
        raise _Stopped
    try:
        results: list[Samples] = session.run(outputs, inputs, cancel.options)
    except Exception as error:
        if cancel.requested.is_set():
            raise _Stopped from error
        raise EngineFailed(f"speech synthesis failed: {error}") from error
    return results
