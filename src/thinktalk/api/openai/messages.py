"""Messages from the wire to the domain: references are resolved, media named by their addresses.

What becomes of the media is for `serving.fitting` to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from thinktalk.api.openai.schemas import (
    Address,
    AssistantMessage,
    AudioAddressContent,
    AudioContent,
    ChatBody,
    FileContent,
    ImageContent,
    MediaContent,
    SystemMessage,
    TextContent,
    ToolMessage,
    UserMessage,
    VideoContent,
)
from thinktalk.conversation import Message, TextPart, ToolCall
from thinktalk.errors import InvalidField, UnknownFile
from thinktalk.media.sniff import Kind
from thinktalk.media.source import is_file_id
from thinktalk.media.types import ResizeHints
from thinktalk.serving.attachments import Attachment
from thinktalk.serving.fitting import MediaPart

Transcript = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Draft:
    """A conversation whose media are `attachments` still, in the order in which they stand."""

    turns: tuple[_Turn, ...]
    attachments: tuple[Attachment, ...]

    @property
    def texts(self) -> Iterator[str]:
        """All that is written in it."""
        for turn in self.turns:
            yield turn.message.text
            yield from (part.text for part in turn.parts if isinstance(part, TextPart))

    def filled(self, media: Sequence[MediaPart]) -> tuple[Message, ...]:
        """The conversation with what the attachments became."""
        following = iter(media)
        return tuple(
            Message(
                turn.message.role,
                tuple(p if isinstance(p, TextPart) else next(following) for p in turn.parts),
            )
            if turn.parts
            else turn.message
            for turn in self.turns
        )


@dataclass(frozen=True, slots=True)
class _Turn:
    """A message; one that may hold media has `parts` instead of its own."""

    message: Message
    parts: tuple[TextPart | Attachment, ...] = ()


def read_messages(body: ChatBody, transcript: Transcript) -> Draft:
    """The conversation, in order.

    Args:
        transcript: text of an earlier spoken reply by its audio id, None if it is gone.
    Raises:
        InvalidField: an audio id is unknown. UnknownFile: what should be a file's id is none.
    """
    turns = tuple(
        _turn(message, f"messages.{position}", transcript)
        for position, message in enumerate(body.messages)
    )
    attachments = (part for turn in turns for part in turn.parts if isinstance(part, Attachment))
    return Draft(turns, tuple(attachments))


def _turn(
    message: SystemMessage | UserMessage | AssistantMessage | ToolMessage,
    path: str,
    transcript: Transcript,
) -> _Turn:
    match message:
        case AssistantMessage():
            return _Turn(_assistant(message, path, transcript))
        case ToolMessage():
            texts = _texts(message.content)
            return _Turn(Message("tool", texts, tool_call_id=message.tool_call_id))
        case SystemMessage():
            return _Turn(Message("system", _texts(message.content)))
    if isinstance(message.content, str):
        return _Turn(Message("user", _texts(message.content)))
    parts = tuple(
        TextPart(part.text)
        if isinstance(part, TextContent)
        else _attachment(part, f"{path}.content.{position}")
        for position, part in enumerate(message.content)
    )
    return _Turn(Message("user", ()), parts)


def _assistant(message: AssistantMessage, path: str, transcript: Transcript) -> Message:
    parts = _texts(message.content)
    if message.audio is not None and not parts:
        text = transcript(message.audio.id)
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


def _attachment(part: MediaContent, path: str) -> Attachment:
    match part:
        case ImageContent():
            hints = ResizeHints(min_pixels=part.min_pixels, max_pixels=part.max_pixels)
            return Attachment(part=path, kind="image", source=_url(part.image_url), hints=hints)
        case AudioContent():
            return Attachment(part=path, kind="audio", source=part.input_audio.data)
        case AudioAddressContent():
            return Attachment(part=path, kind="audio", source=_url(part.audio_url))
    source: str | tuple[str, ...]
    if isinstance(part, VideoContent):
        source = _url(part.video_url)
    elif isinstance(part, FileContent):
        source = _file(part, path)
    else:
        source = part.video if isinstance(part.video, str) else tuple(part.video)
    kind: Kind | None = None if isinstance(part, FileContent) else "video"
    hints = ResizeHints(
        fps=part.fps,
        min_pixels=part.min_pixels,
        max_pixels=part.max_pixels,
        total_pixels=part.total_pixels,
    )
    return Attachment(part=path, kind=kind, source=source, hints=hints)


def _file(part: FileContent, path: str) -> str:
    file_id = part.file.file_id
    if file_id is None:
        return part.file.file_data or ""
    if not is_file_id(file_id):
        error = UnknownFile(file_id)
        error.param = path
        raise error
    return file_id


def _texts(content: str | list[TextContent] | None) -> tuple[TextPart, ...]:
    if not content:
        return ()
    if isinstance(content, str):
        return (TextPart(content),)
    return tuple(TextPart(part.text) for part in content)


def _url(address: Address | str) -> str:
    return address if isinstance(address, str) else address.url
