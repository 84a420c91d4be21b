"""Decoding in processes of its own, so that a hostile file costs one request and nothing else.

A job that takes too long, too much memory, or brings its process down ends with an error that
names the limit; the process is killed and another takes its place. Arrays come back through shared
memory. Knows nothing of addresses.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import os
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from typing import Any, BinaryIO, TypeVar

import numpy as np

from thinktalk.errors import (
    EngineFailed,
    ImageShapeRefused,
    MediaEmpty,
    MediaError,
    MediaTooLong,
    MediaTooMuch,
    MediaUndecodable,
)
from thinktalk.media.allowance import Allowance
from thinktalk.media.handover import BrokenHandover, array_in, freeze, receive, send
from thinktalk.media.sniff import Kind
from thinktalk.media.spool import MediaFile
from thinktalk.media.types import Audio, Frame, FrameSampling, Image, Probe, Samples, Video
from thinktalk.settings import MediaSettings

SOUND_RATE = 16_000
_START_TIMEOUT_S = 30.0
# By so much, in seconds and as a share, lengths in headers may be off.
_SLACK_S, _SLACK = 1.0, 0.05
_LONG_JOB_S = 1.0
_NO_SAMPLES: Samples = np.zeros(0, np.float32)

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")
_Answer = tuple[dict[str, Any], list[BinaryIO]]
_File = MediaFile | bytes | bytearray

_ERRORS: dict[str, type[MediaError]] = {
    error.__name__: error
    for error in (ImageShapeRefused, MediaEmpty, MediaTooLong, MediaTooMuch, MediaUndecodable)
}


class DecodeWorker:
    """Decodes files that others sent. One job at a time per process; further jobs wait.

    What comes out is taken from the `allowance` of the request, or from one for the job alone. Jobs
    side by side each begin with all that is left: their number times the limit may be held at most.

    Args:
        num_processes: the first starts with `start`, the others when first needed, or when a job
            takes so long that its process may not survive it.
    """

    def __init__(self, settings: MediaSettings, *, num_processes: int = 2) -> None:
        self._settings = settings
        self._executor = ThreadPoolExecutor(num_processes, thread_name_prefix="decode")
        self._reaping: set[asyncio.Future[None]] = set()
        self._processes = {_Process(settings) for _ in range(num_processes)}
        self._places = asyncio.Semaphore(num_processes)
        self._idle = list(self._processes)

    @property
    def pids(self) -> list[int]:
        """Of the processes that run at present."""
        return [process.pid for process in self._processes if process.pid is not None]

    async def start(self) -> None:
        """Start the first process and wait until it can decode."""
        await self._with_process("image", lambda process: process.start())

    async def stop(self) -> None:
        """End all processes; jobs under way fail. The worker cannot be started again."""
        for process in self._processes:
            process.kill()
        for process in list(self._processes):
            await asyncio.wrap_future(self._executor.submit(process.reap))
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def probe(self, file: _File, kind: Kind) -> Probe:
        """As `probe.probe`, limited by the settings."""
        job = {"job": "probe", "max_pixels": self._settings.max_image_pixels}

        def read(answer: dict[str, Any], files: list[BinaryIO]) -> Probe:
            return Probe(**answer)

        return await self._decode(kind, file, job, read, None)

    async def audio(
        self,
        file: _File,
        *,
        sample_rate: int = SOUND_RATE,
        max_s: float = math.inf,
        keep_s: float = math.inf,
        allowance: Allowance | None = None,
    ) -> Audio:
        """As `decode.decode_audio`, limited by the settings and by `max_s`.

        Args:
            keep_s: only the beginning is decoded; no limit that a file could pass.
        """
        max_s = min(max_s, self._settings.longest_s)
        job = {"job": "audio", "sample_rate": sample_rate, "max_s": max_s, "keep_s": keep_s}

        def read(answer: dict[str, Any], files: list[BinaryIO]) -> Audio:
            return Audio(array_in(files[0], "float32", (answer["num_samples"],)), sample_rate)

        return await self._decode("audio", file, job, read, allowance)

    async def sound(
        self,
        file: MediaFile,
        start_s: float = 0.0,
        *,
        kind: Kind = "audio",
        keep_s: float = math.inf,
    ) -> AsyncGenerator[Samples, None]:
        """The sound of a file at 16 kHz, some 30 s at a time, decoded one piece ahead.

        It has a process to itself, so that a recording of hours holds up no other file. The limit
        of time is one for each piece, and for each minute that is skipped.

        Args:
            start_s: what comes before is decoded, too, but not handed on.
        """
        job = {
            "job": "stream",
            "kind": kind,
            "sample_rate": SOUND_RATE,
            "max_s": self._settings.longest_s,
            "start_s": start_s,
            "keep_s": keep_s,
            "timeout_s": self._settings.worker_timeout_s,
        }
        process = _Process(self._settings)
        self._processes.add(process)

        def more() -> Samples | None:
            """The next piece, or an empty one while the beginning is skipped; None at the end."""
            answer, files = process.more()
            try:
                for piece in files:
                    freeze(piece)
                if answer.get("is_skipping"):
                    return _NO_SAMPLES
                count = answer["num_samples"]
                return array_in(files[0], "float32", (count,)) if count else None
            except (LookupError, TypeError, ValueError) as exc:
                raise BrokenHandover(f"a senseless answer: {exc}") from exc
            finally:
                for piece in files:
                    piece.close()

        def guarded(run: Callable[[], _Result]) -> _Result:
            return _guarded(lambda _: run(), process, kind, self._settings)

        try:
            await asyncio.to_thread(guarded, lambda: process.begin(file, job))
            while (samples := await asyncio.to_thread(guarded, more)) is not None:
                if len(samples):
                    yield samples
        finally:
            process.kill()
            self._processes.discard(process)
            # Not awaited: who closes a generator may have been cancelled itself.
            self._reaping.add(reaping := asyncio.ensure_future(asyncio.to_thread(process.reap)))
            reaping.add_done_callback(self._reaping.discard)

    async def image(self, file: _File, allowance: Allowance | None = None) -> Image:
        """As `decode.decode_image`, limited by the settings."""
        image, _ = await self.fitted_image(file, None, allowance)
        return image

    async def fitted_image(
        self, file: _File, fit_pixels: int | None, allowance: Allowance | None = None
    ) -> tuple[Image, tuple[int, int]]:
        """A picture scaled down to at most `fit_pixels`, and the (width, height) it came with."""
        max_pixels = self._settings.max_image_pixels
        job = {"job": "image", "max_pixels": max_pixels, "fit_pixels": fit_pixels}

        def read(answer: dict[str, Any], files: list[BinaryIO]) -> tuple[Image, tuple[int, int]]:
            pixels = array_in(files[0], "uint8", tuple(answer["shape"]), answer["offset"])
            return Image(pixels), (answer["width"], answer["height"])

        return await self._decode("image", file, job, read, allowance)

    async def video(
        self,
        file: _File,
        sampling: FrameSampling,
        allowance: Allowance | None = None,
        *,
        keep_s: float = math.inf,
        max_sound_s: float = math.inf,
    ) -> Video:
        """As `decode.decode_video`, limited by the settings.

        Args:
            keep_s: only the beginning is decoded.
            max_sound_s: the sound of a longer video is left out. One that says it is shorter, but
                has a minute of sound more than that, is refused.
        """
        job = {
            "job": "video",
            "sampling": asdict(sampling),
            "max_s": self._settings.longest_s,
            "keep_s": keep_s,
            "max_sound_s": max_sound_s,
        }
        return await self._decode("video", file, job, _read_video, allowance)

    async def _decode(
        self,
        kind: Kind,
        file: _File,
        job: dict[str, Any],
        read: Callable[[dict[str, Any], list[BinaryIO]], _Result],
        allowance: Allowance | None,
    ) -> _Result:
        allowance = allowance or Allowance(self._settings.max_decoded_bytes)
        sent = file if isinstance(file, MediaFile) else MediaFile.of(file)
        job = job | {"kind": kind, "timeout_s": self._settings.worker_timeout_s}

        def run(process: _Process) -> tuple[_Result, int]:
            # Read here, where the job begins: others of the request may have ended meanwhile.
            job["allowance"] = asdict(allowance)
            answer, files = process.run(sent, job)
            try:
                for file in files:
                    freeze(file)
                return read(answer, files), sum(os.fstat(f.fileno()).st_size for f in files)
            except (LookupError, TypeError, ValueError) as exc:
                raise BrokenHandover(f"a senseless answer: {exc}") from exc
            finally:
                for file in files:
                    file.close()

        result, size_bytes = await self._with_process(kind, run)
        allowance.take(size_bytes)
        return result

    async def _with_process(self, kind: Kind, run: Callable[[_Process], _Result]) -> _Result:
        async with self._places:
            process = self._take()
            # The time that a start takes is none that the job takes.
            long_s = _LONG_JOB_S if process.is_ready else _START_TIMEOUT_S
            working = self._executor.submit(_guarded, run, process, kind, self._settings)
            spare = asyncio.get_running_loop().call_later(long_s, self._start_spare)
            try:
                return await asyncio.wrap_future(working)
            finally:
                spare.cancel()
                if not working.done():
                    # The caller has gone: nobody will want the result.
                    process.kill()
                self._idle.append(self._replaced(process) if process.has_ended else process)

    def _take(self) -> _Process:
        """The idle process used last; one that has yet to start only where there is no other."""
        process = max(reversed(self._idle), key=lambda idle: idle.is_ready)
        self._idle.remove(process)
        return self._replaced(process) if process.has_ended else process

    def _start_spare(self) -> None:
        """Start an idle process, so that the next file does not wait if this one's is killed."""
        for process in self._idle:
            if not process.is_ready:
                self._executor.submit(process.start)
                return

    def _replaced(self, dead: _Process) -> _Process:
        """Another process, started in the background; the next file should not wait for it."""
        fresh = _Process(self._settings)
        self._processes.discard(dead)
        self._processes.add(fresh)
        with suppress(RuntimeError):  # the executor is shut down: so is this worker
            self._executor.submit(dead.reap)
            self._executor.submit(fresh.start)
        return fresh


def _guarded(
    run: Callable[[_Process], _Result], process: _Process, kind: Kind, settings: MediaSettings
) -> _Result:
    """Run a job; whatever goes wrong in the other process becomes an error for this request."""
    try:
        return run(process)
    except TimeoutError as exc:
        process.kill()
        limit_s = settings.worker_timeout_s
        raise MediaUndecodable(
            kind, f"Decoding took longer than {limit_s:g} s (media.worker_timeout_s)."
        ) from exc
    except MemoryError as exc:
        process.kill()
        limit = settings.worker_memory_bytes
        raise MediaUndecodable(
            kind, f"Decoding needs more than {limit} bytes (media.worker_memory_bytes)."
        ) from exc
    except BrokenHandover as exc:
        if not process.is_dead:
            _log.warning("a decoding process broke down over a file: %s", exc)
        process.kill()
        raise MediaUndecodable(kind, "The decoder broke down over it.") from exc


def _read_video(answer: dict[str, Any], files: list[BinaryIO]) -> Video:
    shapes = [tuple(shape) for shape in answer["shapes"]]
    ends = list(itertools.accumulate(math.prod(shape) for shape in shapes))
    # Mapped once: the frames are views, and the memory lasts as long as one of them.
    pixels = array_in(files[0], "uint8", (ends[-1],))
    frames = tuple(
        Frame(time_s, Image(pixels[end - math.prod(shape) : end].reshape(shape)))
        for time_s, shape, end in zip(answer["times_s"], shapes, ends, strict=True)
    )
    audio = None
    if answer["num_samples"] is not None:
        samples = array_in(files[1], "float32", (answer["num_samples"],))
        audio = Audio(samples, SOUND_RATE)
    duration_s, ends_s = answer["duration_s"], answer["ends_s"]
    if ends_s is not None:
        ends_s = max(ends_s, audio.duration_s if audio else 0.0)
        if ends_s < duration_s - max(_SLACK_S, _SLACK * duration_s):
            duration_s = ends_s  # it was cut off: there is less than its header says
    return Video(frames, audio, duration_s, answer["width"], answer["height"])


class _Process:
    """One decoding process, from its start, on first use, to its death; it is never revived.

    Blocking, and used by one thread at a time; but `kill` may be called from any thread, upon which
    a job under way ends with `BrokenHandover`.
    """

    def __init__(self, settings: MediaSettings) -> None:
        self.is_dead = False
        self._settings = settings
        self._starting = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self._child.poll() is None else None

    @property
    def has_ended(self) -> bool:
        """Whether it is gone, for whatever reason; false for one that has not started yet."""
        return self.is_dead or (self._child is not None and self._child.poll() is not None)

    @property
    def is_ready(self) -> bool:
        return self._channel is not None and not self.has_ended

    def start(self) -> socket.socket:
        """Start the program and wait until it has loaded its decoders."""
        with self._starting:
            if self._channel is None:
                self._channel = self._spawn()
            return self._channel

    def run(self, file: MediaFile, job: dict[str, Any]) -> _Answer:
        """Hand over a file and wait for what was made of it."""
        return _received(self.begin(file, job))

    def begin(self, file: MediaFile, job: dict[str, Any]) -> socket.socket:
        """Hand over a file."""
        channel = self.start()
        channel.settimeout(self._settings.worker_timeout_s)
        with file.opened() as opened:
            send(channel, job, [opened])
        return channel

    def more(self) -> _Answer:
        """Ask for the next piece of what was begun, and wait for it."""
        channel = self.start()
        send(channel, {"more": True})
        return _received(channel)

    def kill(self) -> None:
        self.is_dead = True
        if self._child is not None:
            self._child.kill()

    def reap(self) -> None:
        """Wait for the end of a killed process, so that the system can forget it."""
        with self._starting:
            if self._child is not None:
                self._child.wait()
            if self._channel is not None:
                self._channel.close()

    def _spawn(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-P", "-m", "thinktalk.media.child"]
        with theirs:
            descriptor = theirs.fileno()
            self._child = subprocess.Popen(
                [*command, str(descriptor), str(self._settings.worker_memory_bytes)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[descriptor],
            )
        if self.is_dead:
            self._child.kill()
        ours.settimeout(_START_TIMEOUT_S)
        try:
            receive(ours)
        except (BrokenHandover, TimeoutError) as exc:
            ours.close()
            was_killed = self.is_dead
            self.kill()
            if was_killed:
                raise BrokenHandover("killed while it started") from exc
            raise EngineFailed(f"the decoding process does not start: {exc}") from exc
        return ours


def _received(channel: socket.socket) -> _Answer:
    answer, files = receive(channel)
    if error := answer.get("error"):
        raise MemoryError if error == "memory" else _rebuilt(answer)
    return answer, files


def _rebuilt(answer: dict[str, Any]) -> Exception:
    kind = _ERRORS.get(answer["error"])
    if kind is None:
        return BrokenHandover(f"an unknown error {answer['error']!r}")
    # Built from its message: the constructors take the facts that the message was made of.
    error = kind.__new__(kind, answer["message"])
    vars(error).update(answer["facts"])
    return error
