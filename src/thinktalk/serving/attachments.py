"""Media of a request before they are decoded: fetched, measured and held against the limits.

Knows nothing of wire formats, nor of what is made of the media afterwards.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from thinktalk.errors import BadRequest, MediaError, MediaTooLong, MediaUndecodable
from thinktalk.media.allowance import Allowance
from thinktalk.media.budget import Family
from thinktalk.media.fitting import USUAL_FPS, Item
from thinktalk.media.load import LISTED_FPS, STRICT_IMAGE_BYTES, MediaLoader
from thinktalk.media.sniff import HEAD_BYTES, Kind, sniff
from thinktalk.media.spool import MediaFile
from thinktalk.media.types import NO_HINTS, Probe, ResizeHints
from thinktalk.settings import MediaSettings

Source = str | MediaFile
T = TypeVar("T")
R = TypeVar("R")

_AT_ONCE = 4  # of the media of one request
_MAX_LISTED: dict[Family, int] = {"qwen3.5": 2048, "qwen3": 128}
# The hosted service's limits, in seconds and in pieces; of the pieces, fewer may come as base64.
_STRICT_S: dict[Family, dict[Kind, float]] = {
    "qwen3.5": {"audio": 3 * 3600, "video": 3600},
    "qwen3": {"audio": 20 * 60, "video": 150},
}
_COUNTS: dict[Family, dict[Kind, int]] = {
    "qwen3.5": {"image": 2048, "audio": 2048, "video": 512},
    "qwen3": {"image": 2048, "audio": 1, "video": 1},
}
_STRICT_INLINE = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A picture, a recording or a video in a request, by its address or as a file.

    `part` is its path in the request. Where `kind` is None, the bytes say what it is. A video may
    be a list of pictures, in time order: then the `fps` of its `hints` says when they were taken.
    """

    part: str
    kind: Kind | None
    source: Source | tuple[Source, ...]
    hints: ResizeHints = NO_HINTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An attachment that has been fetched: `item` is what its header says."""

    attachment: Attachment
    item: Item

    @property
    def part(self) -> str:
        return self.attachment.part


class Survey:
    """Fetches and measures the attachments of one request. Close it when they are loaded.

    Args:
        allowance: of the request.
        strict: hold them against the hosted service's limits.
    """

    def __init__(
        self,
        loader: MediaLoader,
        settings: MediaSettings,
        family: Family,
        allowance: Allowance,
        *,
        strict: bool,
    ) -> None:
        self._loader = loader
        self._settings = settings
        self._family: Family = family
        self._strict = strict
        self._allowance = allowance
        self._files: list[MediaFile] = []

    def close(self, kept: Iterable[MediaFile] = ()) -> None:
        """Let go of all files that were fetched, but for those that go on being read."""
        for file in set(self._files) - set(kept):
            file.close()

    async def find(self, attachments: Sequence[Attachment]) -> list[Found]:
        """What they are, in their order.

        Raises:
            MediaError: naming the part in `param`. The first failure stops the others.
        """
        _check_counts(attachments, self._family if self._strict else "qwen3.5", self._strict)
        return await each(attachments, self._find, lambda attachment: attachment.part)

    async def _find(self, attachment: Attachment) -> Found:
        if isinstance(attachment.source, tuple):
            return await self._list(attachment, attachment.source)
        file = await self._fetched(attachment.source, attachment.kind)
        kind, probe = await self._probed(file, attachment.kind)
        item = Item(
            kind=kind,
            width=probe.width,
            height=probe.height,
            duration_s=probe.duration_s,
            sound_s=probe.duration_s if probe.has_sound else 0.0,
            fps=probe.fps or USUAL_FPS,
            hints=attachment.hints,
        )
        self._check_length(kind, item.duration_s)
        return Found(attachment=replace(attachment, kind=kind, source=file), item=item)

    async def _probed(self, file: MediaFile, kind: Kind | None) -> tuple[Kind, Probe]:
        """What the file is, and what it holds."""
        container = sniff(file.head(HEAD_BYTES)) if kind is None else None
        sent_as = kind or (container.kind if container else "video")
        try:
            probe = await self._loader.probe(file, sent_as)
        except MediaUndecodable:
            if kind is None and container is None:
                raise MediaError("The file is no recording, picture or video") from None
            raise
        if self._strict and kind == "video" and probe.kind == "audio":
            raise MediaUndecodable("video", "It has no picture track.")
        # Containers of videos may hold sound alone; the sound of a video may be all that is wanted.
        return probe.kind if sent_as == "video" else sent_as, probe

    async def _list(self, attachment: Attachment, pictures: tuple[Source, ...]) -> Found:
        least, most = 1, _MAX_LISTED["qwen3.5"]
        if self._strict:
            least, most = 2, _MAX_LISTED[self._family]
        if not least <= len(pictures) <= most:
            raise MediaError(
                "The video modality input does not meet the requirements because: the number of "
                f"frames should be in [{least}, {most}] (got {len(pictures)})"
            )
        first = await self._fetched(pictures[0], "image")
        probe = await self._loader.probe(first, "image")
        item = Item(
            kind="video",
            width=probe.width,
            height=probe.height,
            duration_s=len(pictures) / LISTED_FPS,
            fps=LISTED_FPS,
            # The rate of a list is none at which it is looked at or billed.
            hints=replace(attachment.hints, fps=None),
        )
        return Found(attachment=replace(attachment, source=(first, *pictures[1:])), item=item)

    async def _fetched(self, source: Source, kind: Kind | None) -> MediaFile:
        if isinstance(source, MediaFile):
            return source
        max_bytes = STRICT_IMAGE_BYTES if self._strict and kind == "image" else None
        file = await self._loader.fetch(
            source, strict=self._strict, max_bytes=max_bytes, allowance=self._allowance
        )
        self._files.append(file)
        return file

    def _check_length(self, kind: Kind, duration_s: float) -> None:
        limit_s = self._settings.longest_s
        if self._strict:
            limit_s = min(limit_s, _STRICT_S[self._family].get(kind, limit_s))
        if duration_s > limit_s:
            raise MediaTooLong(kind, duration_s, limit_s)


async def each(
    items: Iterable[T], work: Callable[[T], Awaitable[R]], part: Callable[[T], str]
) -> list[R]:
    """Do `work` for all of them, a few at a time; the first failure stops the others.

    Args:
        part: the path of an item in the request, for the errors about it.
    """
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(item: T) -> R:
        async with slots:
            try:
                return await work(item)
            except MediaError as error:
                error.param = error.param or part(item)
                raise

    tasks: list[asyncio.Task[R]] = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks += [group.create_task(one(item)) for item in items]
        return [task.result() for task in tasks]
    except BaseExceptionGroup as failures:
        raise _first(failures) from None
    finally:
        # What the others gave would live as long as the traceback of the one that failed.
        tasks.clear()


def _check_counts(attachments: Sequence[Attachment], family: Family, strict: bool) -> None:
    counts = Counter(attachment.kind for attachment in attachments if attachment.kind)
    inline = Counter(a.kind for a in attachments if a.kind and _is_inline(a.source))
    for kind, count in counts.items():
        most = _COUNTS[family][kind]
        if strict and inline[kind] > _STRICT_INLINE:
            count, most = inline[kind], min(most, _STRICT_INLINE)
        if count > most:
            raise MediaError(
                f"The {kind} modality input does not meet the requirements because: the number of "
                f"files should be in [1, {most}] (got {count})",
                param="messages",
            )


def _is_inline(source: Source | tuple[Source, ...]) -> bool:
    return isinstance(source, str) and not source[:8].lower().startswith(("http://", "https://"))


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """What the caller can mend, before any fault of ours that came with it."""
    leaves: list[BaseException] = []
    pending: list[BaseException] = [failures]
    while pending:
        error = pending.pop(0)
        if isinstance(error, BaseExceptionGroup):
            pending.extend(error.exceptions)
        else:
            leaves.append(error)
    return next((leaf for leaf in leaves if isinstance(leaf, BadRequest)), leaves[0])
