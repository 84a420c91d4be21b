"""From the addresses in a request to decoded media: fetch, then decode in the worker.

Knows nothing of requests, and of formats only what `source` and `worker` tell it.
"""

from __future__ import annotations

import asyncio
import copy
import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Self

from thinktalk.errors import MediaTooLong, ThinktalkError
from thinktalk.media.allowance import Allowance
from thinktalk.media.sniff import Kind
from thinktalk.media.source import Fetcher, Uploads
from thinktalk.media.spool import MediaFile
from thinktalk.media.types import (
    Audio,
    Frame,
    FrameSampling,
    Image,
    Probe,
    Recording,
    Samples,
    Video,
)
from thinktalk.media.worker import DecodeWorker
from thinktalk.settings import MediaSettings

# The hosted service reads a list of pictures as a video at this rate.
LISTED_FPS = 2.0
# Its largest picture by URL.
STRICT_IMAGE_BYTES = 20 * 1024 * 1024
# How many files are fetched or decoded at a time, over all requests.
_MAX_LOADING = 8
# Longer sound is not held: a minute takes 4 MB.
_MAX_HELD_S = 600.0


class MediaLoader:
    """Loads what addresses point to. Many requests share one loader.

    Errors are those of `Fetcher.fetch` and `DecodeWorker`, all of them `MediaError`. Cancelling a
    call ends its download or its decoding. What is decoded is taken from the `allowance` that is
    given, or from one for that call alone.
    """

    def __init__(
        self, settings: MediaSettings, worker: DecodeWorker, uploads: Uploads | None = None
    ) -> None:
        self._settings = settings
        self._fetcher = Fetcher(settings, uploads)
        self._worker = worker
        self._places = asyncio.Semaphore(_MAX_LOADING)

    async def start(self) -> None:
        """Warm the decoder."""
        await self._worker.start()

    async def stop(self) -> None:
        """Close connections and end the decoder."""
        await self._fetcher.close()
        await self._worker.stop()

    @property
    def decoder_pids(self) -> list[int]:
        """Of the decoding processes that run at present."""
        return self._worker.pids

    def on_behalf_of(self, owner: str) -> Self:
        """The same loader, which also loads what `owner` has uploaded."""
        bound = copy.copy(self)
        bound._fetcher = self._fetcher.on_behalf_of(owner)
        return bound

    def allowance(self) -> Allowance:
        """A whole one, for the media of one request."""
        settings = self._settings
        return Allowance(settings.max_decoded_bytes, sent_limit_bytes=settings.max_request_bytes)

    async def fetch(
        self,
        address: str,
        *,
        strict: bool = False,
        max_bytes: int | None = None,
        allowance: Allowance | None = None,
    ) -> MediaFile:
        """The bytes behind an address; what they hold is not looked at."""
        place = self._place(address, strict=strict, max_bytes=max_bytes, allowance=allowance)
        async with place as file:
            return file

    async def probe(self, file: MediaFile, kind: Kind) -> Probe:
        """What a file that was sent as `kind` holds, by its headers."""
        async with self._places:
            return await self._worker.probe(file, kind)

    async def image(
        self,
        source: str | MediaFile,
        *,
        fit_pixels: int | None = None,
        strict: bool = False,
        allowance: Allowance | None = None,
    ) -> tuple[Image, tuple[int, int]]:
        """A picture, upright, in RGB, and the (width, height) it came with.

        Args:
            fit_pixels: scale down to at most this many; None keeps the size.
            strict: apply the hosted service's size limits.
        """
        max_bytes = STRICT_IMAGE_BYTES if strict else None
        place = self._place(source, strict=strict, max_bytes=max_bytes, allowance=allowance)
        async with place as file:
            return await self._worker.fitted_image(file, fit_pixels, allowance)

    async def audio(
        self,
        source: str | MediaFile,
        *,
        sample_rate: int = 16_000,
        strict: bool = False,
        max_bytes: int | None = None,
        max_s: float = math.inf,
        allowance: Allowance | None = None,
    ) -> Audio:
        """The sound of a recording or of a video, all of it, mono at `sample_rate` Hz."""
        place = self._place(source, strict=strict, max_bytes=max_bytes, allowance=allowance)
        async with place as file:
            return await self._worker.audio(
                file, sample_rate=sample_rate, max_s=max_s, allowance=allowance
            )

    async def sound(
        self,
        source: str | MediaFile,
        *,
        strict: bool = False,
        keep_s: float = math.inf,
        allowance: Allowance | None = None,
        duration_s: float | None = None,
    ) -> Audio | Recording:
        """As `audio` at 16 kHz; what lasts over ten minutes is decoded when it is read.

        Args:
            keep_s: only the beginning is used.
            duration_s: as `probe` found it, if that was asked: walking over the packets of ten
                hours takes seconds.
        """
        async with self._place(source, strict=strict, allowance=allowance) as file:
            if duration_s is None:
                duration_s = (await self._worker.probe(file, "audio")).duration_s
            if min(duration_s, keep_s) > _MAX_HELD_S:
                return await self._recording(file, "audio", duration_s, keep_s)
            return await self._worker.audio(file, keep_s=keep_s, allowance=allowance)

    async def video(
        self,
        source: str | MediaFile,
        sampling: FrameSampling | None = None,
        *,
        strict: bool = False,
        keep_s: float = math.inf,
        allowance: Allowance | None = None,
    ) -> Video:
        """Sampled frames of a video, and its sound, as `sound` gives it."""
        async with self._place(source, strict=strict, allowance=allowance) as file:
            video = await self._worker.video(
                file,
                sampling or FrameSampling(),
                allowance,
                keep_s=keep_s,
                max_sound_s=_MAX_HELD_S,
            )
            if video.duration_s <= _MAX_HELD_S:
                return video
            if not (await self._worker.probe(file, "video")).has_sound:
                return video
            sound = await self._recording(file, "video", video.duration_s, keep_s)
            return replace(video, audio=sound)

    @asynccontextmanager
    async def _place(
        self,
        source: str | MediaFile,
        *,
        strict: bool,
        max_bytes: int | None = None,
        allowance: Allowance | None = None,
    ) -> AsyncGenerator[MediaFile, None]:
        """A place among those that load, and the file behind `source`."""
        async with self._places:
            if isinstance(source, MediaFile):
                yield source
                return
            file = await self._fetcher.fetch(source, strict=strict, max_bytes=max_bytes)
            if allowance is not None:
                allowance.receive(file.size_bytes)
            yield file

    async def _recording(
        self, file: MediaFile, kind: Kind, duration_s: float, keep_s: float
    ) -> Recording:
        if duration_s > self._settings.longest_s:
            raise MediaTooLong(kind, duration_s, self._settings.longest_s)
        digest = await asyncio.to_thread(file.digest)

        async def read(start_s: float) -> AsyncGenerator[Samples, None]:
            sound = self._worker.sound(file, start_s, kind=kind, keep_s=keep_s)
            async with aclosing(sound) as pieces:
                async for piece in pieces:
                    yield piece

        return Recording(min(duration_s, keep_s), f"{digest}:{keep_s:g}", read)

    async def frames(
        self,
        sources: Sequence[str | MediaFile],
        sampling: FrameSampling | None = None,
        *,
        fps: float = LISTED_FPS,
        strict: bool = False,
        allowance: Allowance | None = None,
    ) -> Video:
        """Pictures in time order as a silent video of `fps` frames a second.

        Of more than `sampling` wants, an even choice is loaded. Size and length are those of the
        list as it was sent.
        """
        sampling, allowance = sampling or FrameSampling(), allowance or self.allowance()
        chosen = _chosen(len(sources), sampling, fps)
        fit_pixels = min(sampling.max_pixels, sampling.max_total_pixels // max(1, len(chosen)))

        async def load(index: int) -> tuple[Frame, tuple[int, int]]:
            image, size = await self.image(
                sources[index], fit_pixels=fit_pixels, strict=strict, allowance=allowance
            )
            return Frame(index / fps, image), size

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(load(index)) for index in chosen]
        except* ThinktalkError as failed:
            raise failed.exceptions[0] from None
        loaded = [task.result() for task in tasks]
        width, height = loaded[0][1]
        frames = tuple(frame for frame, _ in loaded)
        return Video(frames, None, len(sources) / fps, width, height)


def _chosen(num_listed: int, sampling: FrameSampling, fps: float) -> list[int]:
    """Which of the listed pictures to load, spread evenly from the first on."""
    wanted = max(1, min(sampling.max_frames, int(num_listed / fps * sampling.fps)))
    if wanted >= num_listed:
        return list(range(num_listed))
    return [index * num_listed // wanted for index in range(wanted)]
