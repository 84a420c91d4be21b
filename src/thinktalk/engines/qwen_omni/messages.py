"""A conversation as chat templates take it, and the media that its placeholders stand for.

There is no grammar in this engine: the form of an answer and the choice of a tool are asked for in
words, at the end of the system prompt. Knows nothing of tokens.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from thinktalk.conversation import (
    AudioPart,
    ImagePart,
    Message,
    Part,
    TextPart,
    ToolCall,
    VideoPart,
)
from thinktalk.engines.base import GenerateRequest
from thinktalk.media.types import Audio, Image, Recording, Video

_JSON = "Answer with a JSON object and nothing else."
_JSON_BY_SCHEMA = "Answer with JSON that follows this schema and nothing else: "
_SOME_TOOL = "Answer by calling a function."
_ONE_TOOL = "Answer by calling the function {}."


@dataclass(slots=True, eq=False)
class Media:
    """What a conversation shows and plays, each kind in order of appearance.

    A recording among `sounds` has not been read yet.

    `tracks` holds for each video the place of its sound in `sounds`, or None where it has none or
    its sound is an item of its own.
    """

    images: list[Image] = field(default_factory=list)
    videos: list[Video] = field(default_factory=list)
    sounds: list[Audio | Recording] = field(default_factory=list)
    tracks: list[int | None] = field(default_factory=list)


def chat_messages(request: GenerateRequest) -> tuple[list[dict[str, Any]], Media]:
    """Messages with a placeholder for each item of media, and the items.

    Where every video has sound, the sound is a part of its video. The model's positions
    (`get_rope_index`) can do this for all videos or for none: where one is silent, the sound of
    each of the others follows it as an item of its own.
    """
    messages = _with_instructions(request)
    videos = [p.video for m in messages for p in m.parts if isinstance(p, VideoPart)]
    is_joined = all(_sound_track(video) for video in videos if video.frames)
    media = Media()
    return [_chat_message(message, media, is_joined) for message in messages], media


def chat_tools(request: GenerateRequest) -> list[dict[str, Any]]:
    """The functions that the model is told of."""
    if request.tool_choice.mode == "none":
        return []
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            },
        }
        for tool in request.tools
    ]


def _with_instructions(request: GenerateRequest) -> tuple[Message, ...]:
    if not (wanted := "\n".join(_instructions(request))):
        return request.messages
    first, *rest = request.messages
    if first.role != "system":
        return (Message("system", (TextPart(wanted),)), *request.messages)
    return (replace(first, parts=(*first.parts, TextPart(f"\n\n{wanted}"))), *rest)


def _instructions(request: GenerateRequest) -> Iterator[str]:
    choice, form = request.tool_choice, request.response_format
    if request.tools and choice.mode == "required":
        yield _SOME_TOOL
    if request.tools and choice.mode == "named":
        yield _ONE_TOOL.format(choice.name)
    if form.type == "json_schema":
        yield _JSON_BY_SCHEMA + json.dumps(form.schema or {}, ensure_ascii=False)
    if form.type == "json_object":
        yield _JSON


def _chat_message(message: Message, media: Media, is_joined: bool) -> dict[str, Any]:
    content = [item for part in message.parts for item in _items(part, media, is_joined)]
    is_text = all(item["type"] == "text" for item in content)
    chat: dict[str, Any] = {
        "role": message.role,
        # All templates take text; lists of parts are rendered by some for users only.
        "content": message.text if is_text else content,
    }
    if message.tool_calls:
        chat["tool_calls"] = [_chat_call(call) for call in message.tool_calls]
    return chat


def _items(part: Part, media: Media, is_joined: bool) -> Iterator[dict[str, str]]:
    match part:
        case TextPart():
            yield {"type": "text", "text": part.text}
        case ImagePart():
            media.images.append(part.image)
            yield {"type": "image"}
        case AudioPart():
            media.sounds.append(part.audio)
            yield {"type": "audio"}
        case VideoPart():
            yield from _video_items(part.video, media, is_joined)


def _video_items(video: Video, media: Media, is_joined: bool) -> Iterator[dict[str, str]]:
    sound = _sound_track(video)
    if video.frames:
        media.videos.append(video)
        media.tracks.append(len(media.sounds) if sound and is_joined else None)
        yield {"type": "video"}
    if sound:
        media.sounds.append(sound)
        if not (video.frames and is_joined):
            yield {"type": "audio"}


def _sound_track(video: Video) -> Audio | Recording | None:
    return video.audio if video.audio and video.audio.duration_s > 0 else None


def _chat_call(call: ToolCall) -> dict[str, Any]:
    try:
        arguments = json.loads(call.arguments)
    except ValueError:
        arguments = None
    # Some templates render an object only; what is none is written as it stands.
    known = arguments if isinstance(arguments, dict) else call.arguments
    return {"type": "function", "function": {"name": call.name, "arguments": known}}
