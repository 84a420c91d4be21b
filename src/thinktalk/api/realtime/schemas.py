"""What clients of the realtime socket send. Shapes and ranges only.

A session is kept in the shape of its dialect and read anew after each change. Unknown keys are
ignored; a null means the default, unless the field says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from thinktalk.api.openai.schemas import Items, Wire
from thinktalk.errors import InvalidField
from thinktalk.session.errors import FieldMissing

T = TypeVar("T", bound=Wire)

_MAX_NAME_CHARS = 512  # of ids and names
_MAX_METADATA_KEYS, _MAX_METADATA_BYTES = 16, 16 * 1024


def read(kind: type[T], body: Mapping[str, Any], place: str) -> T:
    """Read an object of an event.

    Args:
        place: where it stands, such as `session`; what is wrong with it is named from there.
    Raises:
        InvalidField, FieldMissing
    """
    try:
        return kind.model_validate(body)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
    # What tells the members of a union apart is no part of the path.
    steps = [str(step) for step in first["loc"] if isinstance(step, int) or step.islower()]
    param = ".".join([place, *(step for step in steps if "[" not in step)])
    if first["type"] == "missing":
        raise FieldMissing(param)
    if first["type"] == _VERBATIM:
        raise InvalidField(first["msg"], param=param)
    if first["type"] == "model_type":
        raise InvalidField(f"{param} should be an object", param=param)
    raise InvalidField(f"{param}: {first['msg']}", param=param)


def size_bytes(value: Any, param: str) -> int:
    """How long it is as JSON. Raises `InvalidField`: it is nested too deeply to be sent back."""
    try:
        return len(orjson.dumps([[[[value]]]])) - 8  # it will stand in an event
    except orjson.JSONEncodeError:
        raise InvalidField(f"{param} is nested too deeply", param=param) from None


_VERBATIM = "verbatim"


def _refusal(message: str) -> PydanticCustomError:
    return PydanticCustomError(_VERBATIM, "{text}", {"text": message})


def _within(rule: str, is_allowed: Callable[[Any], bool]) -> AfterValidator:
    def check(value: Any) -> Any:
        if value is not None and not is_allowed(value):
            shown = f"{value:g}" if isinstance(value, float) else value
            raise _refusal(f"{rule} (got {shown})")
        return value

    return AfterValidator(check)


def _range(name: str, low: float, high: float) -> AfterValidator:
    return _within(f"{name} should be in [{low:g}, {high:g}]", lambda value: low <= value <= high)


def _modalities(value: list[str] | None) -> list[str] | None:
    if value is not None and sorted(value) not in (["text"], ["audio", "text"]):
        raise _refusal(
            f"Invalid modalities: {value}. Supported combinations are: ['text'] and "
            "['audio', 'text']."
        )
    return value


def _voice(value: Any) -> Any:
    """A name, or OpenAI's object with an id."""
    if isinstance(value, dict) and isinstance(value.get("id"), str):
        value = value["id"]
    if value == "":
        raise _refusal("Voice '' is not supported.")
    return value


def _length(value: Any) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if value is None or value == "inf" or is_number:
        return value
    raise _refusal(f'the longest answer is a whole number from 1 on, or "inf" (got {value!r})')


def _metadata(value: dict[str, Any] | None) -> dict[str, Any] | None:
    if value is None:
        return None
    if len(value) > _MAX_METADATA_KEYS:
        raise _refusal(f"metadata has {len(value)} keys; the limit is {_MAX_METADATA_KEYS}")
    if (size := size_bytes(value, "response.metadata")) > _MAX_METADATA_BYTES:
        raise _refusal(f"metadata has {size} bytes; the limit is {_MAX_METADATA_BYTES}")
    return value


Voice = Annotated[str | None, BeforeValidator(_voice)]
MaxTokens = Annotated[Any, AfterValidator(_length)]
Name = Annotated[str | None, Field(max_length=_MAX_NAME_CHARS)]


class TurnDetectionBody(Wire):
    type: Literal["server_vad", "semantic_vad"] = "server_vad"
    threshold: Annotated[float | None, _range("threshold", -1, 1)] = None
    prefix_padding_ms: Annotated[int | None, _range("prefix_padding_ms", 0, 5000)] = None
    silence_duration_ms: Annotated[int | None, _range("silence_duration_ms", 200, 6000)] = None
    eagerness: Literal["low", "medium", "high", "auto"] | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None
    idle_timeout_ms: Annotated[int | None, _range("idle_timeout_ms", 5000, 30000)] = None


class TranscriptionBody(Wire):
    model: str | None = None
    language: str | None = None


class FormatBody(Wire):
    type: str | None = None
    sample_rate: Annotated[int | None, _range("sample_rate", 8000, 48000)] = None
    rate: Annotated[int | None, _range("rate", 8000, 48000)] = None


class FlatSideBody(Wire):
    format: FormatBody | None = None


class FlatAudioBody(Wire):
    input: FlatSideBody | None = None
    output: FlatSideBody | None = None


class SamplingBody(Wire):
    """A null `top_k` turns it off."""

    temperature: Annotated[
        float | None, _within("temperature should be in [0, 2)", lambda v: 0 <= v < 2)
    ] = None
    top_p: Annotated[float | None, _within("top_p should be in (0, 1]", lambda v: 0 < v <= 1)] = (
        None
    )
    top_k: Annotated[int | None, _within("top_k should be at least 0", lambda v: v >= 0)] = None
    repetition_penalty: Annotated[
        float | None, _within("repetition_penalty should be over 0", lambda v: v > 0)
    ] = None
    presence_penalty: Annotated[float | None, _range("presence_penalty", -2, 2)] = None
    seed: Annotated[int | None, _range("seed", -1, 2**31 - 1)] = None


ToolChoiceBody = Any  # a word, or a function in one of two forms


class FlatSession(SamplingBody):
    """The session of DashScope and of OpenAI's beta."""

    modalities: Annotated[list[str] | None, AfterValidator(_modalities)] = None
    voice: Voice = None
    instructions: str | None = None
    input_audio_format: str | None = None
    output_audio_format: str | None = None
    audio: FlatAudioBody | None = None
    input_audio_transcription: TranscriptionBody | None = None
    turn_detection: TurnDetectionBody | None = None
    max_tokens: MaxTokens = None
    max_response_output_tokens: MaxTokens = None
    speed: Annotated[float | None, _range("speed", 0.25, 4)] = None
    tools: Items[dict[str, Any]] | None = None
    tool_choice: ToolChoiceBody = None
    enable_search: bool | None = None


class NestedInput(Wire):
    format: FormatBody | None = None
    transcription: TranscriptionBody | None = None
    turn_detection: TurnDetectionBody | None = None


class NestedOutput(Wire):
    format: FormatBody | None = None
    voice: Voice = None
    speed: Annotated[float | None, _range("speed", 0.25, 4)] = None


class NestedAudio(Wire):
    input: NestedInput = NestedInput()
    output: NestedOutput = NestedOutput()


class NestedSession(SamplingBody):
    """The session of OpenAI's general availability."""

    output_modalities: Items[Literal["text", "audio"]] | None = None
    instructions: str | None = None
    audio: NestedAudio = NestedAudio()
    max_output_tokens: MaxTokens = None
    tools: Items[dict[str, Any]] | None = None
    tool_choice: ToolChoiceBody = None


class ContentBody(Wire):
    type: str
    text: str | None = None
    audio: str | None = None
    transcript: str | None = None
    image_url: str | None = None


class ItemBody(Wire):
    id: str | None = Field(None, max_length=64)
    type: Literal["message", "function_call", "function_call_output"] = "message"
    role: Literal["user", "assistant", "system"] | None = None
    content: Items[ContentBody] | None = None
    call_id: Name = None
    name: Name = None
    arguments: str | None = None
    output: str | None = None


class ResponseBody(Wire):
    conversation: Literal["auto", "none"] | None = None
    input: Items[dict[str, Any]] | None = None
    metadata: Annotated[dict[str, Any] | None, AfterValidator(_metadata)] = None
