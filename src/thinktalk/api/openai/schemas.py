"""The chat request as it comes over the wire. Shapes and ranges only; no media is touched here.

Unknown fields are ignored, since SDKs and older clients send more than any one service knows. A
null means that the field was left out, except for `top_k`, where it disables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)

from thinktalk.errors import InvalidField
from thinktalk.settings import MediaPolicy

MAX_CHOICES = 4
MAX_SEED = 2**63 - 1

T = TypeVar("T", bound="Wire")
Item = TypeVar("Item")

# One error is reported. Without this, each of a million wrong items would have one made for it.
Items = Annotated[list[Item], Field(fail_fast=True)]


class Wire(BaseModel):
    """Base of everything read from clients: no coercion, extra fields ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)


def within(param: str, message: str, is_allowed: Callable[[Any], bool]) -> AfterValidator:
    """Refuse a value with exactly this message, which clients know from the hosted service."""

    def check(value: Any) -> Any:
        if value is not None and not is_allowed(value):
            raise InvalidField(f"{message} (got {value})", param=param)
        return value

    return AfterValidator(check)


# -- content parts


class TextContent(Wire):
    type: Literal["text"]
    text: str


class Address(Wire):
    url: str


NumPixels = Annotated[int, Field(gt=0)]
FrameRate = Annotated[float, Field(ge=0.001, le=1000)]


class ImageContent(Wire):
    type: Literal["image_url"]
    image_url: Address | str
    min_pixels: NumPixels | None = None
    max_pixels: NumPixels | None = None


class InputAudio(Wire):
    data: str
    format: str | None = None


class AudioContent(Wire):
    type: Literal["input_audio"]
    input_audio: InputAudio


class AudioAddressContent(Wire):
    type: Literal["audio_url"]
    audio_url: Address | str


class VideoContent(Wire):
    type: Literal["video_url"]
    video_url: Address | str
    fps: FrameRate | None = None
    min_pixels: NumPixels | None = None
    max_pixels: NumPixels | None = None
    total_pixels: NumPixels | None = None


class FramesContent(Wire):
    type: Literal["video"]
    video: Items[str] | str
    fps: FrameRate | None = None
    min_pixels: NumPixels | None = None
    max_pixels: NumPixels | None = None
    total_pixels: NumPixels | None = None


class FileSource(Wire):
    """An uploaded file by its id, or base64."""

    file_id: str | None = None
    file_data: str | None = None

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.file_id is None) == (self.file_data is None):
            raise ValueError("either file_id or file_data is needed")
        return self


class FileContent(Wire):
    """A recording, a picture or a video: its bytes say which."""

    type: Literal["file"]
    file: FileSource
    fps: FrameRate | None = None
    min_pixels: NumPixels | None = None
    max_pixels: NumPixels | None = None
    total_pixels: NumPixels | None = None


MediaContent = (
    ImageContent | AudioContent | AudioAddressContent | VideoContent | FramesContent | FileContent
)
Content = Annotated[TextContent | MediaContent, Discriminator("type")]


def _is_text(value: Any) -> str:
    return "string" if isinstance(value, str) else "parts"


Contents = Annotated[
    Annotated[str, Tag("string")] | Annotated[Items[Content], Tag("parts")],
    Discriminator(_is_text),
]
TextContents = Annotated[
    Annotated[str, Tag("string")] | Annotated[Items[TextContent], Tag("parts")],
    Discriminator(_is_text),
]

# -- messages


class SystemMessage(Wire):
    role: Literal["system", "developer"]
    content: TextContents


class UserMessage(Wire):
    role: Literal["user"]
    content: Contents


class CalledFunction(Wire):
    name: str
    arguments: str = "{}"


class CalledTool(Wire):
    id: str = ""
    function: CalledFunction


class SpokenReply(Wire):
    id: str


class AssistantMessage(Wire):
    role: Literal["assistant"]
    content: TextContents | None = None
    audio: SpokenReply | None = None
    tool_calls: Items[CalledTool] | None = None


class ToolMessage(Wire):
    role: Literal["tool"]
    content: TextContents
    tool_call_id: str | None = None


WireMessage = Annotated[
    SystemMessage | UserMessage | AssistantMessage | ToolMessage, Discriminator("role")
]

# -- tools and formats


class Function(Wire):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class FunctionTool(Wire):
    type: Literal["function"]
    function: Function


class FunctionName(Wire):
    name: str


class NamedTool(Wire):
    type: Literal["function"] = "function"
    function: FunctionName


class JsonSchema(Wire):
    name: str | None = None
    schema_: dict[str, Any] | None = None

    model_config = ConfigDict(alias_generator=lambda name: name.rstrip("_"))


class ReplyFormat(Wire):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class StreamOptions(Wire):
    include_usage: bool | None = None


# -- speech


class VoiceId(Wire):
    id: str


class VoiceSample(Wire):
    """`data` is base64, a data URL or an http(s) URL. `format` is a hint; the bytes decide.

    `denoise` is our own: take the noise off before the voice is fitted, if that gains anything.
    """

    data: str
    format: str | None = None
    denoise: bool = False


Speed = Annotated[
    float | None,
    within("speed", "Range of speed should be [0.25, 4.0]", lambda v: 0.25 <= v <= 4),
]


class SpeechBody(Wire):
    """The `audio` object."""

    voice: str | VoiceId | None = None
    format: Literal["wav", "mp3", "flac", "opus", "aac", "pcm16", "pcm"] | None = None
    voice_sample: VoiceSample | None = None
    voice_text: str | None = None
    speed: Speed = None


# -- the request

StopWords = str | Items[str] | Items[int] | Items[Items[int]]
TOOL_CHOICE_MESSAGE = 'tool_choice is one of the strings that should be ["none", "auto"]'
_KNOWN_MESSAGES = {
    "stop": 'The "stop" parameter must be of type "str", "list[str]", "list[int]", or '
    '"list[list[int]]", and all elements within the list must be of the same type.',
    "tool_choice": TOOL_CHOICE_MESSAGE,
}


def _penalty(name: str) -> AfterValidator:
    return within(name, f"{name.capitalize()} should be in [-2.0, 2.0]", lambda v: -2 <= v <= 2)


class ChatBody(Wire):
    """`POST /v1/chat/completions`."""

    model: str
    messages: Annotated[
        Items[WireMessage], within("messages", "[] is too short - 'messages'", bool)
    ]
    modalities: Items[Literal["text", "audio"]] | None = None
    audio: SpeechBody | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[
        float | None,
        within("temperature", "Temperature should be in [0.0, 2.0)", lambda v: 0 <= v < 2),
    ] = None
    top_p: Annotated[
        float | None, within("top_p", "Range of top_p should be (0.0, 1.0]", lambda v: 0 < v <= 1)
    ] = None
    top_k: Annotated[
        int | None,
        within("top_k", "Parameter top_k be greater than or equal to 0", lambda v: v >= 0),
    ] = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    presence_penalty: Annotated[float | None, _penalty("presence_penalty")] = None
    frequency_penalty: Annotated[float | None, _penalty("frequency_penalty")] = None
    repetition_penalty: Annotated[
        float | None,
        within(
            "repetition_penalty", "Repetition_penalty should be greater than 0", lambda v: v > 0
        ),
    ] = None
    stop: StopWords | None = None
    seed: Annotated[
        int | None,
        within(
            "seed", "Range of seed should be [0, 9223372036854775807]", lambda v: 0 <= v < 2**63
        ),
    ] = None
    n: Annotated[
        int | None,
        within("n", f"Range of n should be [1, {MAX_CHOICES}]", lambda v: 1 <= v <= MAX_CHOICES),
    ] = None
    tools: Items[FunctionTool] | None = None
    tool_choice: Literal["auto", "none", "required"] | NamedTool | None = None
    parallel_tool_calls: bool | None = None
    response_format: ReplyFormat | None = None
    enable_thinking: bool | None = None
    enable_search: bool | None = None
    vl_high_resolution_images: bool | None = None
    asr_options: dict[str, Any] | None = None
    media_policy: MediaPolicy | None = None


def parse(kind: type[T], body: Mapping[str, Any]) -> T:
    """Read a body.

    Raises:
        InvalidField: names the first field that is wrong.
    """
    try:
        return kind.model_validate(body)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_context=False, include_input=False)[0]
        path = _path(first["loc"])
        if known := _KNOWN_MESSAGES.get(path.split(".")[0]):
            raise InvalidField(known, param=path.split(".")[0]) from None
        raise InvalidField(f"{path}: {first['msg']}", param=path) from None


_UNION_TAGS = {
    *("system", "developer", "user", "assistant", "tool", "string", "parts"),
    *("text", "image_url", "input_audio", "audio_url", "video_url", "video", "file"),
}


def _path(location: tuple[int | str, ...]) -> str:
    """The path as the client wrote it: without what tells the members of unions apart."""
    path: list[str] = []
    for position, step in enumerate(location):
        if isinstance(step, str) and (step[:1].isupper() or "[" in step):
            continue
        before = location[position - 1] if position else None
        after_item = isinstance(before, int) and location[0] == "messages"
        if step in _UNION_TAGS and (after_item or before == "content"):
            continue
        path.append(str(step))
    return ".".join(path)
