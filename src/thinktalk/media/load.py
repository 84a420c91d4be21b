"""From the addresses in a request to decoded media: fetch, then decode in the worker.

Knows nothing of requests, and of formats only what `source` and `worker` tell it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

from thinktalk.errors import MediaError
from thinktalk.media.allowance import Allowance
from thinktalk.media.source import Fetcher
from thinktalk.media.types import Audio, Frame, FrameSampling, Image, Video
from thinktalk.media.worker import DecodeWorker
from thinktalk.settings import MediaSettings

# The hosted service reads a list of pictures as a video at this rate.
LISTED_FPS = 2.0
# Its largest picture by URL.
_STRICT_IMAGE_BYTES = 20 * 1024 * 1024
# How many files may lie in memory undecoded, over all requests.
_MAX_LOADING = 8


class MediaLoader:
    """Loads what addresses point to. Many requests share one loader.

    Errors are those of `Fetcher.fetch` and `DecodeWorker`, all of them `MediaError`. Cancelling a
    call ends its download or its decoding. What is decoded is taken from the `allowance` that is
    given, or from one for that call alone.
    """

    def __init__(self, settings: MediaSettings, worker: DecodeWorker) -> None:
        self._settings = settings
        self._fetcher = Fetcher(settings)
        self._worker = worker
        self._places = asyncio.Semaphore(_MAX_LOADING)

    async def start(self) -> None:
        """Warm the decoder."""
        await self._worker.start()

    async def stop(self) -> None:
        """Close connections and end the decoder."""
        await self._fetcher.close()
        await self._worker.stop()

    def allowance(self) -> Allowance:
        """A whole one, for the media of one request."""
        return Allowance(self._settings.max_decoded_bytes)

    async def image(
        self,
        address: str,
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
        async with self._places:
            max_bytes = _STRICT_IMAGE_BYTES if strict else None
            data = await self._fetcher.fetch(address, strict=strict, max_bytes=max_bytes)
            return await self._worker.fitted_image(data, fit_pixels, allowance)

    async def audio(
        self,
        address: str,
        *,
        sample_rate: int = 16_000,
        strict: bool = False,
        max_bytes: int | None = None,
        max_s: float = math.inf,
        allowance: Allowance | None = None,
    ) -> Audio:
        """The sound of a recording or of a video, mono at `sample_rate` Hz."""
        async with self._places:
            data = await self._fetcher.fetch(address, strict=strict, max_bytes=max_bytes)
            return await self._worker.audio(
                data, sample_rate=sample_rate, max_s=max_s, allowance=allowance
            )

    async def uploaded_audio(self, data: bytes, *, sample_rate: int = 16_000) -> Audio:
        """As `audio`, from the bytes of a file that came with the request."""
        async with self._places:
            return await self._worker.audio(data, sample_rate=sample_rate)

    async def video(
        self,
        address: str,
        sampling: FrameSampling | None = None,
        *,
        strict: bool = False,
        allowance: Allowance | None = None,
    ) -> Video:
        """Sampled frames of a video, and its sound."""
        async with self._places:
            data = await self._fetcher.fetch(address, strict=strict)
            return await self._worker.video(data, sampling or FrameSampling(), allowance)

    async def frames(
        self,
        addresses: Sequence[str],
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
        chosen = _chosen(len(addresses), sampling, fps)
        fit_pixels = min(sampling.max_pixels, sampling.max_total_pixels // max(1, len(chosen)))

        async def load(index: int) -> tuple[Frame, tuple[int, int]]:
            async with self._places:
                data = await self._fetcher.fetch(addresses[index], strict=strict)
                image, size = await self._worker.fitted_image(data, fit_pixels, allowance)
            return Frame(index / fps, image), size

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(load(index)) for index in chosen]
        except* MediaError as failed:
            raise failed.exceptions[0] from None
        loaded = [task.result() for task in tasks]
        width, height = loaded[0][1]
        frames = tuple(frame for frame, _ in loaded)
        return Video(frames, None, len(addresses) / fps, width, height)


def _chosen(num_listed: int, sampling: FrameSampling, fps: float) -> list[int]:
    """Which of the listed pictures to load, spread evenly from the first on."""
    wanted = max(1, min(sampling.max_frames, int(num_listed / fps * sampling.fps)))
    if wanted >= num_listed:
        return list(range(num_listed))
    return [index * num_listed // wanted for index in range(wanted)]
