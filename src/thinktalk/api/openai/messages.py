"""Messages from the wire to the domain: addresses are loaded, references resolved, costs noted.

All media of a request are loaded together, a few at a time; the first failure stops the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from thinktalk.api.openai.schemas import (
    Address,
    AssistantMessage,
    AudioAddressContent,
    AudioContent,
    ChatBody,
    FileContent,
    FramesContent,
    ImageContent,
    MediaContent,
    SystemMessage,
    TextContent,
    ToolMessage,
    UserMessage,
    VideoContent,
)
from thinktalk.conversation import (
    AudioPart,
    ImagePart,
    Message,
    Part,
    TextPart,
    ToolCall,
    VideoPart,
)
from thinktalk.errors import (
    BadRequest,
    InvalidField,
    MediaError,
    MediaUndecodable,
    UnknownFile,
)
from thinktalk.media import budget
from thinktalk.media.allowance import Allowance
from thinktalk.media.load import LISTED_FPS, MediaLoader
from thinktalk.media.sniff import HEAD_BYTES, sniff
from thinktalk.media.source import is_file_id
from thinktalk.media.spool import MediaFile
from thinktalk.media.types import FrameSampling, ResizeHints, Video
from thinktalk.serving.models import Family

_LOADED_AT_ONCE = 4
_USUAL_FPS = 30.0  # of the videos that are sent; bounds the frames of very short ones only
_MAX_FRAMES: dict[Family, int] = {"qwen3.5": 2048, "qwen3": 128}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLoader:
    """Builds a conversation.

    Args:
        family: whose token prices apply.
        transcript: text of an earlier spoken reply by its audio id, None if it is gone.
        allowance: what all media together may decode to.
    """

    media: MediaLoader
    allowance: Allowance
    family: Family
    sampling: FrameSampling
    high_resolution: bool
    strict: bool
    transcript: Callable[[str], str | None]

    async def load(self, body: ChatBody) -> tuple[Message, ...]:
        """The whole conversation, in order.

        Raises:
            MediaError: naming the part it came from in `param`.
            InvalidField: an audio id is unknown.
        """
        slots = asyncio.Semaphore(_LOADED_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as group:
                turns = [
                    self._begin(group, slots, message, f"messages.{position}")
                    for position, message in enumerate(body.messages)
                ]
        except BaseExceptionGroup as failures:
            raise _first(failures) from None
        return tuple(turn.finish() for turn in turns)

    def _begin(
        self,
        group: asyncio.TaskGroup,
        slots: asyncio.Semaphore,
        message: SystemMessage | UserMessage | AssistantMessage | ToolMessage,
        path: str,
    ) -> _Turn:
        match message:
            case AssistantMessage():
                return _Turn(self._assistant(message, path), [])
            case ToolMessage():
                return _Turn(
                    Message("tool", _texts(message.content), tool_call_id=message.tool_call_id), []
                )
            case SystemMessage():
                return _Turn(Message("system", _texts(message.content)), [])
        if isinstance(message.content, str):
            return _Turn(Message("user", _texts(message.content)), [])
        parts = [
            TextPart(part.text)
            if isinstance(part, TextContent)
            else group.create_task(self._part(slots, part, f"{path}.content.{position}"))
            for position, part in enumerate(message.content)
        ]
        return _Turn(Message("user", ()), parts)

    def _assistant(self, message: AssistantMessage, path: str) -> Message:
        parts = _texts(message.content)
        if message.audio is not None and not parts:
            text = self.transcript(message.audio.id)
            if text is None:
                raise InvalidField(
                    f"audio {message.audio.id!r} is unknown or has expired; send its text instead",
                    param=f"{path}.audio.id",
                )
            parts = (TextPart(text),)
        calls = tuple(
            ToolCall(call.id, call.function.name, call.function.arguments)
            for call in message.tool_calls or ()
        )
        return Message("assistant", parts, tool_calls=calls)

    async def _part(self, slots: asyncio.Semaphore, part: MediaContent, path: str) -> Part:
        async with slots:
            try:
                return await self._loaded(part)
            except MediaError as error:
                error.param = error.param or path
                raise

    async def _loaded(self, part: MediaContent) -> Part:
        match part:
            case ImageContent():
                hints = ResizeHints(min_pixels=part.min_pixels, max_pixels=part.max_pixels)
                return await self._image(_url(part.image_url), hints)
            case AudioContent():
                return await self._audio(part.input_audio.data)
            case AudioAddressContent():
                return await self._audio(_url(part.audio_url))
            case VideoContent():
                return await self._video(_url(part.video_url), _hints(part))
            case FramesContent(video=str(address)):
                return await self._video(address, _hints(part))
            case FramesContent():
                return await self._frames(list(part.video), _hints(part))
            case FileContent():
                return await self._file(part)

    async def _file(self, part: FileContent) -> Part:
        address = part.file.file_data or ""
        if part.file.file_id is not None:
            address = part.file.file_id
            if not is_file_id(address):
                raise UnknownFile(address)
        file = await self.media.fetch(address, strict=self.strict)
        container = sniff(file.head(HEAD_BYTES))
        kind = container.kind if container else "video"
        try:
            if kind == "video":
                # Containers of videos may hold sound alone.
                kind = (await self.media.probe(file, "video")).kind
        except MediaUndecodable:
            if container is None:
                raise MediaError("The file is no recording, picture or video") from None
            raise
        if kind == "image":
            return await self._image(file, _hints(part))
        if kind == "audio":
            return await self._audio(file)
        return await self._video(file, _hints(part))

    async def _image(self, address: str | MediaFile, hints: ResizeHints) -> ImagePart:
        _, most = budget.image_bounds(self.family, self.high_resolution, hints)
        image, (width, height) = await self.media.image(
            address,
            # Engines read small print better than the tokens allow for: only who asks gets less.
            fit_pixels=most if hints.max_pixels else None,
            strict=self.strict,
            allowance=self.allowance,
        )
        tokens = budget.image_tokens(width, height, self.family, self.high_resolution, hints)
        return ImagePart(image, tokens)

    async def _audio(self, address: str | MediaFile) -> AudioPart:
        audio = await self.media.sound(address, strict=self.strict, allowance=self.allowance)
        return AudioPart(audio, budget.audio_tokens(audio.duration_s, self.family))

    async def _video(self, address: str | MediaFile, hints: ResizeHints) -> VideoPart:
        sampling = self.sampling.narrowed(hints, budget.min_frame_pixels(self.family))
        video = await self.media.video(
            address, sampling, strict=self.strict, allowance=self.allowance
        )
        return self._video_part(video, hints)

    async def _frames(self, addresses: list[str], hints: ResizeHints) -> VideoPart:
        least, most = (
            (2 if self.strict else 1),
            _MAX_FRAMES[self.family if self.strict else "qwen3.5"],
        )
        if not least <= len(addresses) <= most:
            raise MediaError(
                "The video modality input does not meet the requirements because: the number of "
                f"frames should be in [{least}, {most}] (got {len(addresses)})"
            )
        # The rate of a list says when its pictures were taken, not how many to look at or to bill.
        sizes = replace(hints, fps=None)
        frames = await self.media.frames(
            addresses,
            self.sampling.narrowed(sizes, budget.min_frame_pixels(self.family)),
            fps=hints.fps or LISTED_FPS,
            strict=self.strict,
            allowance=self.allowance,
        )
        return self._video_part(frames, sizes, len(addresses))

    def _video_part(
        self, video: Video, hints: ResizeHints, num_listed: int | None = None
    ) -> VideoPart:
        duration_s, fps = video.duration_s, _USUAL_FPS
        if num_listed is not None:
            duration_s, fps = num_listed / LISTED_FPS, LISTED_FPS
        tokens = budget.video_tokens(video.width, video.height, duration_s, fps, self.family, hints)
        sound = budget.audio_tokens(video.audio.duration_s, self.family) if video.audio else 0
        return VideoPart(video, tokens, sound)


@dataclass(frozen=True, slots=True)
class _Turn:
    """A message whose `parts`, where it has any, are still being loaded."""

    message: Message
    parts: list[TextPart | asyncio.Task[Part]]

    def finish(self) -> Message:
        if not self.parts:
            return self.message
        loaded = tuple(part if isinstance(part, TextPart) else part.result() for part in self.parts)
        return Message(self.message.role, loaded)


def _hints(part: VideoContent | FramesContent | FileContent) -> ResizeHints:
    return ResizeHints(
        fps=part.fps,
        min_pixels=part.min_pixels,
        max_pixels=part.max_pixels,
        total_pixels=part.total_pixels,
    )


def _texts(content: str | list[TextContent] | None) -> tuple[TextPart, ...]:
    if not content:
        return ()
    if isinstance(content, str):
        return (TextPart(content),)
    return tuple(TextPart(part.text) for part in content)


def _url(address: Address | str) -> str:
    return address if isinstance(address, str) else address.url


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
